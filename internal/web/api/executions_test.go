package api

import (
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func TestProgressOfAMoveCountsStepsThatLeadOn(t *testing.T) {
	step := func(move int, state string, back bool) Step {
		return Step{Move: move, State: state, Compensation: back}
	}
	steps := []Step{step(0, "done", false), step(0, "done", false), step(0, "running", false), step(1, "done", false), step(0, "done", true), step(-1, "done", false)}
	for _, c := range []struct {
		name string
		move Move
		want float64
	}{
		{"two steps of seven", Move{Index: 0, State: "running"}, 0.286},
		{"one step", Move{Index: 1, State: "undoing"}, 0.143},
		{"none", Move{Index: 2, State: "waiting"}, 0},
		{"told to have ended", Move{Index: 2, State: string(model.PlanSucceeded)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := moveProgress(&c.move, steps); got != c.want {
				t.Errorf("progress %v, want %v", got, c.want)
			}
		})
	}
}

func TestCopiesAreToldOfThePresentOnly(t *testing.T) {
	run := &readmodel.Run{Copies: map[int]model.Progress{3: {DoneBytes: 1, TotalBytes: 4, BytesPerSecond: 2, TimeLeft: 1500 * time.Millisecond}}}
	if got := (&call{}).copyOf(run, 3); got == nil || *got != (Copy{DoneBytes: 1, TotalBytes: 4, BytesPerSecond: 2, SecondsLeft: 1.5}) {
		t.Errorf("%+v", got)
	}
	if got := (&call{at: 1}).copyOf(run, 3); got != nil {
		t.Errorf("at an earlier time: %+v", got)
	}
	if got := (&call{}).copyOf(run, 4); got != nil {
		t.Errorf("of a move that copies nothing: %+v", got)
	}
}
