package process

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// counted is a proxy that has counted so much.
type counted struct {
	actuator.Traffic
	state actuator.RouteState
}

func (c *counted) State(context.Context, actuator.Route) (actuator.RouteState, error) {
	return c.state, nil
}

func TestTheProbeReadsTheTraffic(t *testing.T) {
	sick := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if sick {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	proxy := &counted{state: actuator.RouteState{Requests: 100, Errors: 7, ResponseMicros: 3000}}
	d := New(Config{Traffic: proxy, Runner: &Supervisor{State: t.TempDir()}, Locate: func(model.Move, model.ServerID) (Place, error) {
		return Place{Spec: Spec{Name: "web/0@b"}, Health: server.URL}, nil
	}})
	look := func() (actuator.Reading, error) {
		return d.Probe(t.Context(), actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: model.Move{To: "b"}})
	}
	// The first look has nothing to compare with, and asks for the health.
	if r, err := look(); err != nil || r.Requests != 1 || r.Errors != 0 || r.ResponseMicros <= 0 || r.SaturationPPM != -1 {
		t.Errorf("%+v, %v", r, err)
	}
	proxy.state = actuator.RouteState{Requests: 150, Errors: 9, ResponseMicros: 4000}
	if r, err := look(); err != nil || r.Requests != 50 || r.Errors != 2 || r.ResponseMicros != 4000 {
		t.Errorf("%+v, %v", r, err)
	}
	sick = true // nobody comes: the health decides
	if r, err := look(); err == nil || r.Requests != 1 || r.Errors != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	proxy.state = actuator.RouteState{Requests: 5} // counted anew
	if r, _ := look(); r.Requests != 1 {
		t.Errorf("%+v", r)
	}
	if !d.Capabilities().Probes {
		t.Error("it doesn't say that it probes")
	}
}

func TestSaturationIsCPUOfWhatWasGiven(t *testing.T) {
	at := time.Unix(100, 0)
	before, now := look{at: at, cpu: time.Second}, look{at: at.Add(2 * time.Second), cpu: 1500 * time.Millisecond}
	for milli, want := range map[int64]int64{0: -1, 250: 1_000_000, 500: 500_000, 1000: 250_000} {
		if r := now.since(before, milli); r.SaturationPPM != want {
			t.Errorf("of %d millicores: %d ppm, want %d", milli, r.SaturationPPM, want)
		}
	}
	if r := before.since(now, 500); r.SaturationPPM != -1 {
		t.Errorf("a process that was started anew: %+v", r)
	}
	if got := cpuTime([]byte("42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 3 2 20 0")); got != 2050*time.Millisecond {
		t.Errorf("CPU time %v", got)
	}
	s := &Supervisor{State: t.TempDir(), Grace: time.Millisecond}
	if _, err := s.Start(t.Context(), Spec{Name: "busy", Argv: []string{"sh", "-c", "while :; do :; done"}}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(context.Background(), "busy") }()
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := actuator.Poll(patient, pollEvery, func() (bool, error) {
		used, err := s.CPUTime("busy")
		return used > 0, err
	}); err != nil {
		t.Errorf("a process that computes uses nothing: %v", err)
	}
	for _, bad := range []string{"", "no parenthesis", "1 (x) S 1"} {
		if got := cpuTime([]byte(bad)); got != 0 {
			t.Errorf("%q: %v", bad, got)
		}
	}
}
