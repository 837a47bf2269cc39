package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/conformance"
	"drover/internal/actuator/exec"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/protocol"
	"drover/internal/actuator/webhook"
	"drover/internal/model"
)

// fileDriver moves an imaginary replica whose state is a file: which server
// serves, and which ones have a copy.
type fileDriver struct {
	path   string
	broken string // the promise to break, for negative controls
}

type fileState struct {
	Serves string
	Copies map[string]bool
}

func (d fileDriver) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "file", Steps: actuator.MoveSteps(), Writes: true}
}

func (d fileDriver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	if d.broken == "status" {
		return actuator.Status{State: actuator.Done}, nil
	}
	return actuator.Status{State: actuator.Unknown}, nil
}

func (d fileDriver) Perform(ctx context.Context, c actuator.Command) error {
	if err := ctx.Err(); err != nil && d.broken != "deadline" {
		return err
	}
	s := fileState{Serves: "a", Copies: map[string]bool{"a": true}}
	if text, err := os.ReadFile(d.path); err == nil {
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
	}
	if err := d.act(&s, c.Step.Kind, string(c.Move.From), string(c.Move.To)); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(d.path), "fresh-")
	if err != nil {
		return err
	}
	_, err = fresh.Write(text)
	return errors.Join(err, fresh.Close(), os.Rename(fresh.Name(), d.path))
}

func (d fileDriver) act(s *fileState, kind model.StepKind, from, to string) error {
	needs := func(ok bool) error {
		if !ok {
			return fmt.Errorf("%s of %s to %s while %+v", kind, from, to, *s)
		}
		return nil
	}
	switch kind {
	case model.StepAdmit:
		return needs(s.Serves == from)
	case model.StepReplicate, model.StepCatchUp:
		s.Copies[to] = true
		return needs(s.Copies[from])
	case model.StepCutOver:
		if d.broken == "repeat" && s.Serves == to {
			return errors.New("it serves already")
		}
		err := needs(s.Copies[to])
		s.Serves = to
		return err
	case model.StepReverseCutOver:
		s.Serves = from
		return needs(s.Copies[from])
	case model.StepRetire:
		delete(s.Copies, from)
		return needs(s.Serves == to)
	case model.StepDiscardReplica:
		if d.broken != "undo" {
			delete(s.Copies, to)
		}
		return needs(s.Serves == from)
	case model.StepProvision, model.StepWatch, model.StepStopCatchUp, model.StepDeprovision, model.StepReleaseAdmission:
		return nil
	}
	if d.broken == "unsupported" {
		return nil
	}
	return actuator.ErrUnsupported
}

// driverVariable makes the test's program a driver whose state is in a folder.
const driverVariable = "DROVER_TEST_DRIVER"

func TestMain(m *testing.M) {
	folder := os.Getenv(driverVariable)
	if folder == "" {
		os.Exit(m.Run())
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX) // one request at a time
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	journal, err := guard.Open(filepath.Join(folder, "journal"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var request protocol.Request
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	d := guard.New(fileDriver{path: filepath.Join(folder, "state")}, journal, 0)
	if err := json.NewEncoder(os.Stdout).Encode(protocol.Answer(context.Background(), d, &request)); err != nil {
		os.Exit(1)
	}
}

func config() conformance.Config {
	return conformance.Config{
		Move: model.Move{Replica: "r/0", Application: "r", From: "a", To: "b"}, Deadline: 20 * time.Second, Plan: "check",
	}
}

// describe connects a client as `drover driver test` does.
func describe(t *testing.T, c *protocol.Client) actuator.Driver {
	t.Helper()
	if _, err := c.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGoodDriversPass(t *testing.T) {
	file := func() fileDriver { return fileDriver{path: filepath.Join(t.TempDir(), "state")} }
	guarded := func() actuator.Driver { return guard.New(file(), guard.NewMemory(), 0) }
	served := guarded()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request protocol.Request
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(protocol.Answer(r.Context(), served, &request))
	}))
	defer server.Close()
	program := exec.Program{Argv: []string{os.Args[0]}, Env: append(os.Environ(), driverVariable+"="+t.TempDir())}
	drivers := map[string]actuator.Driver{
		"bare": file(), "guarded": guarded(),
		"webhook": describe(t, webhook.New(webhook.Endpoint{URL: server.URL})),
	}
	if !testing.Short() { // a hundred processes
		drivers["program"] = describe(t, exec.New(program))
	}
	for name, d := range drivers {
		checks := conformance.Run(t.Context(), d, config())
		if !conformance.Passed(checks) || len(checks) != 9 {
			t.Errorf("%s: %+v", name, checks)
		}
	}
}

func TestBadDriversAreFound(t *testing.T) {
	for promise, check := range map[string]string{
		"status": "never given", "deadline": "past its deadline", "repeat": "a whole move", "unsupported": "that there isn't",
	} {
		checks := conformance.Run(t.Context(), fileDriver{path: filepath.Join(t.TempDir(), "state"), broken: promise}, config())
		found := false
		for _, c := range checks {
			found = found || !c.OK && strings.Contains(c.Name, check)
		}
		if !found || conformance.Passed(checks) {
			t.Errorf("%s: %+v", promise, checks)
		}
	}
}

// boaster says that it fences and doesn't.
type boaster struct{ fileDriver }

func (boaster) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "boaster", Steps: actuator.MoveSteps(), Fences: true}
}

func TestBoastersAreFound(t *testing.T) {
	checks := conformance.Run(t.Context(), boaster{fileDriver{path: filepath.Join(t.TempDir(), "state")}}, config())
	if last := checks[len(checks)-1]; last.OK || !strings.Contains(last.Detail, "was performed") {
		t.Errorf("%+v", last)
	}
}

func TestProgramsThatMisbehave(t *testing.T) {
	for script, want := range map[string]string{
		"echo oops >&2; echo nonsense":                                "oops",
		`echo '{"version":9,"ok":true}'`:                              "version 9",
		`echo '{"version":1,"ok":false}'`:                             "without saying why",
		`echo '{"version":1,"ok":false,"error":"no room"}'`:           "no room",
		`echo '{"version":1,"ok":true,"status":{"state":"perhaps"}}'`: "perhaps",
		"sleep 60": "deadline",
	} {
		patience := 20 * time.Second
		if want == "deadline" {
			patience = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := exec.New(exec.Program{Argv: []string{"sh", "-c", script}}).Status(ctx, actuator.Command{})
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if _, err := exec.New(exec.Program{}).Describe(t.Context()); err == nil {
		t.Error("no program is taken")
	}
}

func TestWebhooksThatMisbehave(t *testing.T) {
	for body, status := range map[string]int{"nonsense": 200, "{}": 503} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		if err := webhook.New(webhook.Endpoint{URL: server.URL}).Perform(t.Context(), actuator.Command{}); err == nil {
			t.Errorf("%d %s is taken for success", status, body)
		}
		server.Close()
	}
}

func FuzzRequest(f *testing.F) {
	c := actuator.Command{Step: model.Step{ID: "p/0/f/1/admit", Plan: "p", Kind: "admit"}}
	good, _ := json.Marshal(protocol.NewRequest(protocol.Perform, &c))
	f.Add(good)
	f.Add([]byte(`{"version":1,"method":"status","command":{"key":"p/x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r protocol.Request
		if json.Unmarshal(b, &r) != nil {
			return
		}
		d := guard.New(fileDriver{path: filepath.Join(t.TempDir(), "state")}, guard.NewMemory(), 0)
		if answer := protocol.Answer(t.Context(), d, &r); answer.OK && r.Version != protocol.Version {
			t.Errorf("version %d is answered", r.Version)
		}
	})
}

func TestRequestsRoundTrip(t *testing.T) {
	c := actuator.Command{
		Step: model.Step{
			Fleet: "f", ID: model.NewStepID("p", 3, model.LegReverse, 9, model.StepReplicate), Plan: "p", MoveIndex: 3, Kind: model.StepReplicate,
			Phase: model.PhaseIntent, Compensation: true, Attempt: 2, At: 1000, Deadline: 61_000, Epoch: 4,
		},
		Move: model.Move{
			Index: 3, Replica: "web/1", Application: "web", From: "b", To: "a", DataBytes: 7, BandwidthBytesPerSecond: 8, Driver: "redis",
			Demand: model.Vector{model.CPU: 100, model.Memory: 200},
		},
	}
	request := protocol.NewRequest(protocol.Perform, &c)
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var back protocol.Request
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := back.Decode()
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c) {
		t.Errorf("got %+v\nwant %+v (%v)", got, c, err)
	}
	for name, change := range map[string]func(*protocol.Request){
		"version":  func(r *protocol.Request) { r.Version = 2 },
		"command":  func(r *protocol.Request) { r.Command = nil },
		"key":      func(r *protocol.Request) { r.Command.Key = "p/3" },
		"sequence": func(r *protocol.Request) { r.Command.Sequence++ },
	} {
		bad := protocol.NewRequest(protocol.Perform, &c)
		change(&bad)
		if _, err := bad.Decode(); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}
