package scenario

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// tooFull is a server with two replicas too many for it, of which a has just moved.
func tooFull(change func(a, b *model.Application)) View {
	a, b := testApplication("a", 5000), testApplication("b", 5000)
	change(&a, &b)
	v := testView([]model.Server{testServer("s1", "z"), testServer("s2", "z")}, []model.Application{a, b}, map[string]string{"a/0": "s1", "b/0": "s1"})
	v.RecentMoves = []RecentMove{{"a/0", "a", noon.Add(-10 * time.Minute)}}
	return v
}

// Where one of two has to leave, it is not the one that has just come.
func TestWhatHasJustMovedStaysWhereAnotherCanGo(t *testing.T) {
	ev, plan := Decide(tooFull(func(*model.Application, *model.Application) {}), Config{Stages: -1}, greedy)
	if plan == nil || len(plan.Moves) != 1 || plan.Moves[0].Replica != "b/0" {
		t.Errorf("%s: %+v, want b to leave", ev.Reason, plan)
	}
}

// Where nothing else helps, or its server has to be empty, it moves again and says so.
func TestWhatHasJustMovedMovesAgainWhereItMust(t *testing.T) {
	only := tooFull(func(_, b *model.Application) { b.AllowedServers = []model.ServerID{"s1"} })
	drained := tooFull(func(a, b *model.Application) { a.Request[model.CPU], b.Request[model.CPU] = 1000, 1000 })
	drained.Drained = map[model.ServerID]model.Instant{"s1": noon}
	for name, v := range map[string]View{"the other may not leave": only, "drained": drained} {
		ev, plan := Decide(v, Config{Stages: -1}, greedy)
		if plan == nil {
			t.Errorf("%s: %s", name, ev.Reason)
			continue
		}
		for _, m := range plan.Moves {
			if m.Replica == "a/0" && strings.Contains(m.Reason, "a moved at 2026-03-02T11:50:00Z already and moves again") {
				plan = nil
				break
			}
		}
		if plan != nil {
			t.Errorf("%s: a does not move again, or does not say so: %+v", name, plan.Moves)
		}
	}
}

// Rounds free what has just moved only where the round before has left promises
// broken, and the last one everywhere.
func TestWhatHasJustMovedIsFreedServerByServer(t *testing.T) {
	v := halves()
	request(&v, "a", model.CPU, 7000) // s1 is too full, s2 is not
	f, status, _ := layered(v, Config{Rounds: 3})
	b := newBuilder(status)
	for round, want := range [][]bool{{true, true}, {false, true}, {false, false}} {
		if b.keepSteady(status, round); !slices.Equal(b.steady, want) {
			t.Errorf("round %d: servers kept steady %v, want %v", round, b.steady, want)
		}
	}
	f.cfg.Rounds = 1
	if b.keepSteady(status, 0); slices.Contains(b.steady, true) {
		t.Error("the only round keeps what nothing else may move")
	}
}
