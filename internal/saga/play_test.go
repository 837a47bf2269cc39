package saga_test

import (
	"bytes"
	"fmt"
	"sort"
	"testing"

	"drover/internal/model"
	"drover/internal/saga"
)

// world plays commands in event time for tests: perform says how each ends.
type world struct {
	t       *testing.T
	fleet   *saga.Fleet
	now     model.Instant
	perform func(model.Step) (took model.Instant, failure string)
	due     []model.Step // outcomes to come, by time
	log     []model.Step
	out     []model.Outcome
}

// start is when the tests' event time begins.
const start = model.Instant(1_000_000)

func newWorld(t *testing.T, config saga.Config) *world {
	return &world{
		t: t, fleet: saga.NewFleet("f", config), now: start,
		perform: func(model.Step) (model.Instant, string) { return 1000, "" },
	}
}

// take carries effects out.
func (w *world) take(effects []saga.Effect) {
	for _, e := range effects {
		switch {
		case e.Step != nil:
			w.log = append(w.log, *e.Step)
			if e.Step.Phase == model.PhaseIntent {
				took, failure := w.perform(*e.Step)
				o := *e.Step
				o.At, o.Phase, o.Reason = o.At+took, model.PhaseDone, failure
				if failure != "" {
					o.Phase = model.PhaseFailed
				}
				w.due = append(w.due, o)
			}
		case e.Outcome != nil:
			w.out = append(w.out, *e.Outcome)
		}
	}
	sort.SliceStable(w.due, func(i, j int) bool { return w.due[i].At < w.due[j].At })
}

// run plays until nothing is left to happen or the time is reached.
func (w *world) run(until model.Instant) {
	for range 100_000 {
		timer, ok := w.fleet.NextTimer()
		switch {
		case len(w.due) > 0 && (!ok || w.due[0].At <= timer):
			if w.due[0].At > until {
				return
			}
			o := w.due[0]
			w.due = w.due[1:]
			w.now = o.At
			w.take(w.fleet.Outcome(o))
		case ok && timer <= until:
			w.now = timer
			w.take(w.fleet.Advance(timer))
		default:
			return
		}
	}
	w.t.Fatal("the plan doesn't come to an end")
}

// forever is later than anything in the tests.
const forever = start + 1_000_000_000

// ends returns the state in which the plan ended, "" where it hasn't.
func (w *world) ends(id model.PlanID) model.PlanState {
	for _, o := range w.out {
		if o.Kind == model.OutcomePlan && o.Plan == id && o.State.Ended() {
			return o.State
		}
	}
	return ""
}

// script writes the log in short, one line a record.
func (w *world) script() string {
	var b bytes.Buffer
	for _, s := range w.log {
		fmt.Fprintf(&b, "%d %s %s", s.At-start, s.ID, s.Phase)
		if s.Reason != "" && s.Phase == model.PhaseFailed {
			fmt.Fprintf(&b, " (%s)", s.Reason)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// plan returns a plan of moves web/i from s(i) to t(i), all in wave 0.
func plan(id model.PlanID, moves int) model.Plan {
	p := model.Plan{Fleet: "f", ID: id}
	for i := range moves {
		app := model.ApplicationID(fmt.Sprintf("app%d", i))
		p.Moves = append(p.Moves, model.Move{
			Index: i, Application: app, Replica: model.NewReplicaID(app, 0),
			From: model.ServerID(fmt.Sprintf("s%d", i)), To: model.ServerID(fmt.Sprintf("t%d", i)),
		})
	}
	return p
}

func TestPlanMovesEverything(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	w.take(w.fleet.Submit(plan("p1", 2), start))
	w.run(forever)
	if got := w.ends("p1"); got != model.PlanSucceeded {
		t.Fatalf("plan ended %q\n%s", got, w.script())
	}
	if len(w.log) != 2*2*7 {
		t.Fatalf("%d records in the log, want 28\n%s", len(w.log), w.script())
	}
}

func TestFailedCutOverTakesThePlanBack(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	p := plan("p1", 2)
	p.Moves[1].Wave = 1
	w.perform = func(s model.Step) (model.Instant, string) {
		if s.MoveIndex == 1 && s.Kind == model.StepCutOver {
			return 1000, "refused"
		}
		return 1000, ""
	}
	w.take(w.fleet.Submit(p, start))
	w.run(forever)
	if got := w.ends("p1"); got != model.PlanRolledBack {
		t.Fatalf("plan ended %q\n%s", got, w.script())
	}
}
