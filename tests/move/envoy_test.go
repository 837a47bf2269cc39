package move_test

import (
	"context"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/tests/move"
)

func TestEnvoyDrainsWithoutAFailedRequest(t *testing.T) {
	need(t, "envoy")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	r, err := move.Run(ctx, move.Options{Runs: 1, Writers: 8, Writes: 5_000, Seed: 7, Faults: move.GentleFaults(), Say: t.Logf},
		func(ctx context.Context) (move.Scene, error) { return move.NewEnvoySite(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.FailedRequests > 0 || r.Acked < 5_000 {
		t.Errorf("%d of %d requests failed", r.FailedRequests, r.Acked)
	}
}

func TestEnvoyIsSteered(t *testing.T) {
	need(t, "envoy")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := move.NewEnvoySite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := actuator.Route{Backend: "db", Server: "a"}
	for _, want := range []actuator.Admission{actuator.Draining, actuator.Closed, actuator.Open} {
		for range 2 { // the second time changes nothing
			if err := s.Traffic.Admit(ctx, a, want); err != nil {
				t.Fatal(err)
			}
		}
		if state, err := s.Traffic.State(ctx, a); err != nil || state.Admission != want {
			t.Errorf("state %+v (%v), want %s", state, err, want)
		}
	}
	if err := s.Traffic.Weight(ctx, a, 250_000); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Traffic.State(ctx, a); err != nil || state.WeightPPM != 250_000 {
		t.Errorf("state %+v (%v)", state, err)
	}
	// Cutting what is open does nothing; what is closed loses its sessions.
	if err := s.Traffic.Cut(ctx, a); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Traffic.State(ctx, a); err != nil || state.Admission != actuator.Open {
		t.Errorf("after a cut: %+v (%v)", state, err)
	}
	if err := s.Traffic.Admit(ctx, actuator.Route{Backend: "db", Server: "nobody"}, actuator.Open); err == nil {
		t.Error("an endpoint that isn't there is opened")
	}
}
