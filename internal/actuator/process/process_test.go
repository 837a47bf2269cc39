package process_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// supervisor returns one whose processes end with the test.
func supervisor(t *testing.T, names ...string) *process.Supervisor {
	s := &process.Supervisor{State: t.TempDir(), Grace: 100 * time.Millisecond}
	t.Cleanup(func() {
		for _, name := range names {
			if err := s.Stop(context.Background(), name); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

func running(t *testing.T, s *process.Supervisor, name string) bool {
	t.Helper()
	is, err := s.Running(name)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if actuator.Poll(ctx, 5*time.Millisecond, func() (bool, error) { return ready(), nil }) != nil {
		t.Fatalf("it never happens: %s", what)
	}
}

func TestAProcessLives(t *testing.T) {
	const name = "web/3@s1"
	s := supervisor(t, name)
	spec := process.Spec{Name: name, Argv: []string{"sh", "-c", "echo begun; sleep 600"}}
	for range 2 { // the second start changes nothing
		if _, err := s.Start(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	if !running(t, s, name) || running(t, s, "web/4@s1") {
		t.Error("it isn't found, or another one is")
	}
	// Another supervisor of the same folder, as after a crash, finds it.
	again := &process.Supervisor{State: s.State, Grace: s.Grace}
	if !running(t, again, name) {
		t.Error("it isn't found after a restart of the supervisor")
	}
	log := filepath.Join(s.State, "web_3@s1.log")
	await(t, "its output is in its log", func() bool { b, _ := os.ReadFile(log); return string(b) == "begun\n" })
	if err := again.Stop(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if running(t, s, name) {
		t.Error("it runs after its stop")
	}
}

func TestOneIsStartedByMany(t *testing.T) {
	const name = "one"
	s := supervisor(t, name)
	counter := filepath.Join(s.State, "count")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			other := &process.Supervisor{State: s.State}
			if _, err := other.Start(t.Context(), process.Spec{Name: name, Argv: []string{"sh", "-c", "echo x >>" + counter + "; sleep 600"}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	await(t, "it counts itself", func() bool { b, _ := os.ReadFile(counter); return len(b) > 0 })
	if b, _ := os.ReadFile(counter); string(b) != "x\n" {
		t.Errorf("started %d times", strings.Count(string(b), "x"))
	}
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	const name = "deaf"
	s := supervisor(t, name)
	if _, err := s.Start(t.Context(), process.Spec{Name: name, Argv: []string{"sh", "-c", `trap "" TERM; while :; do sleep 0.1; done`}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context(), name); err != nil || running(t, s, name) {
		t.Errorf("%v, runs: %t", err, running(t, s, name))
	}
}

func TestReviveStartsWhatHasCrashed(t *testing.T) {
	const name = "fragile"
	s := supervisor(t, name)
	if _, err := s.Start(t.Context(), process.Spec{Name: name, Argv: []string{"sleep", "600"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(name); err != nil {
		t.Fatal(err)
	}
	await(t, "it is dead", func() bool { return !running(t, s, name) })
	if err := s.Revive(t.Context()); err != nil || !running(t, s, name) {
		t.Fatalf("revive: %v", err)
	}
	if err := s.Stop(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := s.Revive(t.Context()); err != nil || running(t, s, name) {
		t.Errorf("what was stopped is revived (%v)", err)
	}
}

func TestStartErrors(t *testing.T) {
	s := supervisor(t)
	if _, err := s.Start(t.Context(), process.Spec{Name: "none"}); err == nil {
		t.Error("no command is taken")
	}
	if _, err := s.Start(t.Context(), process.Spec{Name: "none", Argv: []string{"/no/such/program"}}); err == nil {
		t.Error("a program that isn't there is started")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Start(gone, process.Spec{Name: "late", Argv: []string{"sleep", "600"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("past its time: %v", err)
	}
}

func TestLimitsAreSetOrSaid(t *testing.T) {
	const name = "limited"
	s := supervisor(t, name)
	groups, why := process.FindCgroups("/sys/fs/cgroup")
	s.Cgroups = groups
	limited, err := s.Start(t.Context(), process.Spec{Name: name, Argv: []string{"sleep", "600"}, CPUMilli: 500, MemoryBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if limited != (groups != nil) {
		t.Errorf("limited %t, cgroups: %v", limited, why)
	}
	if _, err := process.FindCgroups(filepath.Join(t.TempDir(), "none", "\x00")); err == nil {
		t.Error("cgroups are found where there are none")
	}
}

// proxy is a proxy in memory.
type proxy struct {
	mu    sync.Mutex
	state map[actuator.Route]actuator.RouteState
	both  bool // two were open at one time
	none  bool // none was
}

func (p *proxy) change(r actuator.Route, change func(*actuator.RouteState)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.state[r]
	change(&s)
	p.state[r] = s
	open := 0
	for _, s := range p.state {
		if s.Admission == actuator.Open {
			open++
		}
	}
	p.both = p.both || open > 1
	p.none = p.none || open == 0
}

func (p *proxy) State(_ context.Context, r actuator.Route) (actuator.RouteState, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state[r], nil
}

func (p *proxy) Admit(_ context.Context, r actuator.Route, a actuator.Admission) error {
	p.change(r, func(s *actuator.RouteState) { s.Admission = a })
	return nil
}

func (p *proxy) Weight(_ context.Context, r actuator.Route, ppm int64) error {
	p.change(r, func(s *actuator.RouteState) { s.WeightPPM = ppm })
	return nil
}

func (p *proxy) Cut(_ context.Context, r actuator.Route) error {
	p.change(r, func(s *actuator.RouteState) { s.Sessions = 0 })
	return nil
}

func TestDriverMovesAService(t *testing.T) {
	healthy := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	s := supervisor(t, "web@a", "web@b")
	a, b := actuator.Route{Backend: "web", Server: "a"}, actuator.Route{Backend: "web", Server: "b"}
	p := &proxy{state: map[actuator.Route]actuator.RouteState{a: {Admission: actuator.Open, Sessions: 3}, b: {Admission: actuator.Closed}}}
	d := process.New(process.Config{
		Locate: func(_ model.Move, server2 model.ServerID) (process.Place, error) {
			return process.Place{
				Spec:   process.Spec{Name: "web@" + string(server2), Argv: []string{"sleep", "600"}},
				Health: server.URL, Route: actuator.Route{Backend: "web", Server: string(server2)},
			}, nil
		},
		Traffic: p, Runner: s, RampStep: time.Millisecond, Drain: 20 * time.Millisecond,
	})
	perform := func(kind model.StepKind) error {
		return d.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: kind}, Move: model.Move{Replica: "web/0", From: "a", To: "b"}})
	}
	if perform(model.StepRetire) == nil {
		t.Error("a source that serves is stopped")
	}
	for _, kind := range []model.StepKind{model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepReverseCutOver, model.StepCutOver} {
		if err := perform(kind); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	if !p.both || p.none || p.state[a].Admission != actuator.Closed || p.state[a].Sessions != 0 || p.state[b].Admission != actuator.Open {
		t.Errorf("proxy %+v", p)
	}
	if perform(model.StepDeprovision) == nil || perform(model.StepAdmit) == nil || perform("no-such-step") == nil {
		t.Error("what can't be done is done")
	}
	if err := perform(model.StepRetire); err != nil || running(t, s, "web@a") || !running(t, s, "web@b") {
		t.Errorf("retire: %v", err)
	}
	healthy = false
	bounded, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := d.Perform(bounded, actuator.Command{Step: model.Step{Kind: model.StepWatch}, Move: model.Move{From: "a", To: "b"}}); err == nil {
		t.Error("an unhealthy target is taken for healthy")
	}
}

func TestWhatIsElsewhereIsLeftToItsAgent(t *testing.T) {
	s := &process.Supervisor{State: t.TempDir()}
	if _, err := s.Start(t.Context(), process.Spec{Name: "x", Argv: []string{"/no/such/program"}, Elsewhere: true}); err != nil {
		t.Error(err)
	}
	if running, err := s.Running("x"); err != nil || running {
		t.Errorf("running %t, %v", running, err)
	}
	if wanted, _ := filepath.Glob(filepath.Join(s.State, "*")); len(wanted) > 0 {
		t.Errorf("left %v", wanted)
	}
}
