package saga_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"drover/internal/model"
	"drover/internal/saga"
)

// transitions is the state machine of a plan: what may follow each state. "" is
// the plan before it is known.
var transitions = map[model.PlanState][]model.PlanState{
	"":                   {model.PlanProposed, model.PlanScheduled, model.PlanRejected},
	model.PlanProposed:   {model.PlanApproved, model.PlanRejected, model.PlanStopped, model.PlanSuperseded, model.PlanExpired},
	model.PlanApproved:   {model.PlanRunning, model.PlanRejected, model.PlanStopped, model.PlanSuperseded, model.PlanExpired},
	model.PlanScheduled:  {model.PlanRunning, model.PlanRejected, model.PlanStopped, model.PlanSuperseded, model.PlanExpired},
	model.PlanRunning:    {model.PlanSucceeded, model.PlanRolledBack, model.PlanParked, model.PlanStopped, model.PlanSuperseded, model.PlanExpired},
	model.PlanSucceeded:  nil,
	model.PlanRolledBack: nil,
	model.PlanParked:     nil,
	model.PlanStopped:    nil,
	model.PlanSuperseded: nil,
	model.PlanExpired:    nil,
	model.PlanRejected:   nil,
}

// transition is one step of a plan's life.
type transition struct{ from, to model.PlanState }

// transitionsOf lists what a plan went through; being told of again is none.
func transitionsOf(out []model.Outcome) []transition {
	at := map[model.PlanID]model.PlanState{}
	var all []transition
	for _, o := range out {
		if o.Kind != model.OutcomePlan || at[o.Plan] == o.State {
			continue
		}
		all = append(all, transition{at[o.Plan], o.State})
		at[o.Plan] = o.State
	}
	return all
}

// approved returns a plan of moves one after the other that a person decides on.
func approved(n int) model.Plan {
	p := waves(n)
	p.NeedsApproval = true
	return p
}

// later keeps a plan's moves from beginning at once.
func later(p model.Plan) model.Plan {
	for i := range p.Moves {
		p.Moves[i].EarliestStart = start + 60_000
	}
	return p
}

// newer is a plan that takes the place of p1.
func newer() model.Plan {
	p := plan("p2", 1)
	p.Supersedes = "p1"
	return p
}

// lives are ways through the state machine; the state that p1 ends in.
var lives = []struct {
	name string
	ends model.PlanState
	play func(w *world)
}{
	{"approved and made", model.PlanSucceeded, func(w *world) {
		w.submit(approved(1))
		w.control(order(model.ControlApprove, 1000))
	}},
	{"nobody has to approve", model.PlanSucceeded, func(w *world) { w.submit(plan("p1", 1)) }},
	{"rejected by a person", model.PlanRejected, func(w *world) {
		w.submit(approved(1))
		w.control(order(model.ControlReject, 1000))
	}},
	{"rejected after approval", model.PlanRejected, func(w *world) {
		w.submit(later(approved(1)))
		w.control(order(model.ControlApprove, 1000))
		w.control(order(model.ControlReject, 2000))
	}},
	{"rejected while it waits for its time", model.PlanRejected, func(w *world) {
		w.submit(later(plan("p1", 1)))
		w.control(order(model.ControlReject, 1000))
	}},
	{"not a plan", model.PlanRejected, func(w *world) {
		p := plan("p1", 1)
		p.Moves[0].To = p.Moves[0].From
		w.submit(p)
	}},
	{"dry run", model.PlanRejected, func(w *world) {
		p := plan("p1", 1)
		p.DryRun = true
		w.submit(p)
	}},
	{"nobody decided in time", model.PlanExpired, func(w *world) {
		p := approved(1)
		p.Deadline = start + 5000
		w.submit(p)
	}},
	{"approved too late for its time", model.PlanExpired, func(w *world) {
		p := later(approved(1))
		p.Deadline = start + 5000
		w.submit(p)
		w.control(order(model.ControlApprove, 1000))
	}},
	{"its time passes", model.PlanExpired, func(w *world) {
		p := later(plan("p1", 1))
		p.Deadline = start + 5000
		w.submit(p)
	}},
	{"its time passes on the way", model.PlanExpired, func(w *world) {
		p := waves(2)
		p.Deadline = start + 3000
		w.submit(p)
	}},
	{"proposed again", model.PlanSuperseded, func(w *world) { w.submit(approved(1)); w.submit(newer()) }},
	{"superseded after approval", model.PlanSuperseded, func(w *world) {
		w.submit(later(approved(1)))
		w.control(order(model.ControlApprove, 1000))
		w.submit(newer())
	}},
	{"superseded before its time", model.PlanSuperseded, func(w *world) { w.submit(later(plan("p1", 1))); w.submit(newer()) }},
	{"superseded on the way", model.PlanSuperseded, func(w *world) {
		w.submit(waves(2))
		w.run(start + 1500)
		w.submit(newer())
	}},
	{"stopped before a decision", model.PlanStopped, func(w *world) { w.submit(approved(1)); w.control(order(model.ControlStop, 1000)) }},
	{"stopped after approval", model.PlanStopped, func(w *world) {
		w.submit(later(approved(1)))
		w.control(order(model.ControlApprove, 1000))
		w.control(order(model.ControlStop, 2000))
	}},
	{"stopped before its time", model.PlanStopped, func(w *world) { w.submit(later(plan("p1", 1))); w.control(order(model.ControlStop, 1000)) }},
	{"stopped on the way", model.PlanStopped, func(w *world) { w.submit(waves(2)); w.control(order(model.ControlStop, 1500)) }},
	{"a step fails", model.PlanRolledBack, func(w *world) {
		w.perform = failing(0, model.StepCatchUp, 0)
		w.submit(plan("p1", 1))
	}},
	{"a person has to see to it", model.PlanParked, func(w *world) {
		w.perform = failing(0, model.StepRetire, 0)
		w.submit(plan("p1", 1))
	}},
}

func TestEveryTransitionOfAPlanIsReached(t *testing.T) {
	missing := map[transition]bool{}
	for from, list := range transitions {
		for _, to := range list {
			missing[transition{from, to}] = true
		}
	}
	for _, life := range lives {
		w := newWorld(t, saga.DefaultConfig())
		life.play(w)
		w.run(forever)
		if got := w.ends("p1"); got != life.ends {
			t.Errorf("%s: ended %q, want %q", life.name, got, life.ends)
		}
		for _, step := range transitionsOf(w.out) {
			if !slices.Contains(transitions[step.from], step.to) {
				t.Errorf("%s: %q follows %q", life.name, step.to, step.from)
			}
			delete(missing, step)
		}
	}
	for step := range maps.Keys(missing) {
		t.Errorf("no life goes from %q to %q", step.from, step.to)
	}
}

func TestStatesThatEndAreThoseNothingFollows(t *testing.T) {
	for state, next := range transitions {
		if state != "" && state.Ended() != (len(next) == 0) {
			t.Errorf("%q: ended %t, followed by %v", state, state.Ended(), next)
		}
	}
}

func TestRandomLivesKeepToTheStateMachine(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 11))
		p := newPlayer(t.Fatalf)
		for range 300 {
			p.act(byte(random.Uint32()))
		}
		for _, step := range transitionsOf(p.outcomes) {
			if !slices.Contains(transitions[step.from], step.to) {
				t.Fatalf("seed %d: %q follows %q", seed, step.to, step.from)
			}
		}
	}
}
