package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drover/internal/cli"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stream"
	"drover/internal/web/access"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
	"drover/tests/embedded"
)

var noon = model.InstantOf(time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC))

// doctor runs the command and returns its findings and its error.
func doctor(t *testing.T, args ...string) ([]Finding, error) {
	t.Helper()
	c := Command()
	c.SilenceErrors, c.SilenceUsage = true, true
	var out, log bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&log)
	c.SetArgs(append(args, "-o", "json", "--log-level", "error"))
	err := c.ExecuteContext(t.Context())
	var told report
	if e := json.Unmarshal(out.Bytes(), &told); e != nil {
		t.Fatalf("%v (%v): %s%s", e, err, &out, &log)
	}
	return told.Findings, err
}

// of returns the findings of one check as lines.
func of(findings []Finding, check string) string {
	var out []string
	for _, f := range findings {
		if f.Check == check {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Status, f.Entity, f.Message)))
		}
	}
	return strings.Join(out, "\n")
}

func TestFleetsAreToldWhatTheirForecastsLack(t *testing.T) {
	x := &examiner{report: &report{}, needs: 6 * time.Hour, now: time.Now}
	at := func(samples int64, trusted bool, note string) series {
		return series{origin: noon, step: 5 * time.Minute, samples: samples, trusted: trusted, note: note}
	}
	put := func(s series, entity model.EntityID, resource string) series {
		s.entity, s.resource = entity, resource
		return s
	}
	young, gaps, fine := at(36, false, "too little history: 36 observations"), at(90, false, "too little history: 90 observations"), at(900, true, "")
	silent, naive := at(900, false, "no data since 2026-03-12T11:00:00Z"), at(900, false, "no better than seasonal naive: error 3 against 2")
	x.fleet(&facts{fleet: "shop", now: noon, servers: []model.ServerID{"s3", "s2", "s1"}, applications: []model.ApplicationID{"web", "lost", "api"}, letters: 3, killed: true,
		series: []series{put(young, "server:s1", "memory"), put(young, "server:s1", "cpu"), put(fine, "server:s2", "cpu"), put(gaps, "replica:web/0", "cpu"), put(silent, "app:api", "cpu"), put(naive, "app:api", "memory")}})
	want := map[string]string{
		"deadletters": "warning  fleet shop: 3 records were refused",
		"fleet":       "warning  fleet shop: the kill switch is on, no command is given",
		"metrics": "warning server:s2 no metrics of memory\nwarning server:s3 no metrics of cpu and memory\n" +
			"warning app:lost no metrics of it or its replicas",
		"forecasts": "ok  fleet shop: 1 of 6 series are trusted at 2026-03-12T12:00:00Z\n" +
			"warning app:api cpu: forecast is not trusted: no data since 2026-03-12T11:00:00Z\n" +
			"warning app:api memory: forecast is not trusted: no better than seasonal naive: error 3 against 2\n" +
			"warning replica:web/0 cpu: forecast not ready: 7 h 30 min of history with gaps, needs 6 h without\n" +
			"warning server:s1 cpu, memory: forecast not ready: 3 h of history, needs 6 h; ready at 2026-03-12 15:00",
	}
	for check, lines := range want {
		if got := of(x.Findings, check); got != lines {
			t.Errorf("%s:\n%s\nwant\n%s", check, got, lines)
		}
	}
}

func TestTablesFitATerminal(t *testing.T) {
	r := &report{}
	for i := range 30 {
		r.add(Finding{Check: "metrics", Status: Warning, Entity: fmt.Sprintf("server:s%02d", i), Message: strings.Repeat("long words ", 12), Fix: "send them"})
	}
	r.fail("brokers", "start it", errors.New("nobody answers"))
	var out bytes.Buffer
	if err := r.write(&out, "table"); err == nil || cli.ExitCode(err) != 1 {
		t.Errorf("a failed check gives %v", err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("more than 80 columns: %s", line)
		}
	}
	for _, want := range []string{"and 10 more", "failed   brokers     nobody answers", "31 checks: 1 failed, 30 warnings"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	if n := strings.Count(out.String(), "send them"); n != 1 {
		t.Errorf("the same way out is told %d times", n)
	}
}

// TestEmbeddedServers examines the in-process broker and store on the way from
// nothing to a heartbeat.
func TestEmbeddedServers(t *testing.T) {
	broker := embedded.Broker(t)
	where := []string{"--brokers", broker.Brokers()[0], "--redis", embedded.Redis(t), "--timeout", "60s"}
	found, err := doctor(t, where...)
	if err == nil || cli.ExitCode(err) != 1 || !strings.Contains(of(found, "topics"), "failed  topic drover.metrics is missing") {
		t.Errorf("before there are topics: %v, %+v", err, found)
	}
	registry, err := stream.OpenFileRegistry("", "drover.")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := stream.Connect(t.Context(), stream.Settings{Brokers: broker.Brokers(), Prefix: "drover.", Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Apply(t.Context(), stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 1}}); err != nil {
		t.Fatal(err)
	}
	found, _ = doctor(t, where...)
	if got := of(found, "heartbeats"); got != "failed  none was ever sent" {
		t.Errorf("before ingest runs: %s", got)
	}
	producer, err := stream.NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := ingest.NewFeed("i", producer).Heartbeat(t.Context(), noon, false); err != nil {
		t.Fatal(err)
	}
	found, err = doctor(t, where...)
	if got := of(found, "heartbeats"); !strings.HasPrefix(got, "ok  the last one is") || !strings.Contains(got, "told 2026-03-12T12:00:00Z") {
		t.Errorf("after a heartbeat: %s", got)
	}
	if got := of(found, "lag"); err == nil || strings.Count(got, "failed  no ") != 3 {
		t.Errorf("no stage runs, and the doctor says %s (%v)", got, err)
	}
}

// nowhere takes no orders.
type nowhere struct{ api.Publisher }

// TestARunningServerIsAsked goes the other way, over the HTTP API.
func TestARunningServerIsAsked(t *testing.T) {
	m := readmodel.New(readmodel.DefaultLimits())
	m.Fold("shop", model.Server{Fleet: "shop", ID: "s1", At: noon, Capacity: model.Vector{model.CPU: 4000}})
	m.Fold("shop", model.Forecast{Fleet: "shop", Entity: "server:s1", Resource: model.CPU, Origin: noon, Step: 5 * time.Minute, Samples: 36, Note: "too little history: 36 observations",
		Quantiles: model.Quantiles{Levels: []float64{0.5}, Values: [][]float64{{1}}, Mean: []float64{1}}})
	gate, err := access.NewGate(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.New(api.Config{Model: m, Publisher: nowhere{}, Gate: gate, Planning: func(model.FleetID) scenario.Config { return scenario.DefaultConfig() },
		Log: slog.New(slog.DiscardHandler), Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", h)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"kafka":"ok","redis":"gone"}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	t.Setenv("DROVER_CONTEXTS", t.TempDir()+"/none.yaml")
	found, err := doctor(t, "--server", server.URL)
	if err == nil || cli.ExitCode(err) != 1 {
		t.Errorf("redis is gone, and the doctor says %v", err)
	}
	for check, want := range map[string]string{
		"api": "as admin, version v1", "clock": "-1h0m", "ready": "does not see redis: gone", "metrics": "server:s1 no metrics of memory",
		"forecasts": "server:s1 cpu: forecast not ready: 3 h of history, needs 27 h 40 min; ready at 2026-03-13 12:40",
	} {
		if got := of(found, check); !strings.Contains(got, want) {
			t.Errorf("%s: %s\nwant %q", check, got, want)
		}
	}
}
