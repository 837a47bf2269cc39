package saga_test

import (
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/saga"
)

// drops returns an amendment of the moves given.
func drops(indices ...int) []model.DroppedMove {
	var out []model.DroppedMove
	for _, i := range indices {
		out = append(out, model.DroppedMove{Index: i, Reason: "the target is full"})
	}
	return out
}

// moved lists the moves that commands were given for.
func (w *world) moved() map[int]bool {
	out := map[int]bool{}
	for _, s := range w.log {
		out[s.MoveIndex] = true
	}
	return out
}

// last returns the last word on a plan.
func (w *world) last(id model.PlanID) model.Outcome {
	var last model.Outcome
	for _, o := range w.out {
		if o.Kind == model.OutcomePlan && o.Plan == id {
			last = o
		}
	}
	return last
}

func TestAmendDropsWhatHasNotBegunAndWhatWaitsForIt(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	p := waves(4) // one after the other
	p.Moves[3].After = []int{2}
	w.submit(p)
	w.run(start + 1500) // the first move is under way
	w.take(w.fleet.Amend("p1", drops(0, 2, 9, -1), w.now))
	w.run(forever)
	if got := w.moved(); !got[0] || !got[1] || got[2] || got[3] {
		t.Errorf("moves with commands %v, want 0 (it had begun) and 1", got)
	}
	last := w.last("p1")
	if last.State != model.PlanSucceeded || !strings.Contains(last.Reason, "2 of 4 moves dropped: the target is full") {
		t.Errorf("ended %+v", last)
	}
}

func TestAPlanOfWhichEverythingIsDroppedIsSuperseded(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	p := waves(2)
	p.Moves[0].EarliestStart = start + 60_000
	p.Moves[1].EarliestStart = start + 60_000
	w.submit(p)
	w.take(w.fleet.Amend("p1", drops(0, 1), w.now))
	w.run(forever)
	if len(w.log) > 0 || w.ends("p1") != model.PlanSuperseded {
		t.Errorf("ended %q after %d records", w.ends("p1"), len(w.log))
	}
}

func TestAServerThatIsNotEmptiedIsNotUpdated(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	p := waves(2)
	p.UpdateServer, p.UpdateHook = "s1", "reboot"
	w.submit(p)
	w.run(start + 1500)
	w.take(w.fleet.Amend("p1", drops(1), w.now))
	w.run(forever)
	if w.moved()[model.PlanMove] || w.ends("p1") != model.PlanSucceeded {
		t.Errorf("commands %v, ended %q", w.moved(), w.ends("p1"))
	}
}

func TestAnAmendedPlanIsTakenBackWhole(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	w.perform = failing(2, model.StepProvision, 0)
	p := waves(3)
	w.submit(p)
	w.run(start + 1500)
	w.take(w.fleet.Amend("p1", drops(1), w.now))
	w.run(forever)
	if w.ends("p1") != model.PlanRolledBack || w.moved()[1] {
		t.Errorf("ended %q with commands for %v", w.ends("p1"), w.moved())
	}
	where := map[model.ReplicaID]model.ServerID{}
	for _, o := range w.out {
		if o.Kind == model.OutcomeMove {
			where[o.Replica] = o.Server
		}
	}
	if where["app0/0"] != "s0" || where["app2/0"] != "s2" {
		t.Errorf("replicas stand at %v", where)
	}
}

func TestAmendmentsOfUnknownAndHaltedPlansChangeNothing(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	w.submit(waves(2))
	w.run(start + 1500)
	if got := w.fleet.Amend("other", drops(0), w.now); len(got) != 0 {
		t.Errorf("%d effects for a plan that isn't there", len(got))
	}
	w.control(order(model.ControlStop, 2000))
	if got := w.fleet.Amend("p1", drops(1), w.now); len(got) != 0 {
		t.Errorf("%d effects for a plan that is being stopped", len(got))
	}
}

func TestAnUpdateWithoutMovesWaitsForApprovalItsWindowAndItsTime(t *testing.T) {
	update := func(id model.PlanID) model.Plan {
		return model.Plan{Fleet: "f", ID: id, UpdateServer: "s1", UpdateHook: "reboot"}
	}
	w := newWorld(t, saga.DefaultConfig())
	p := update("p1")
	p.NeedsApproval = true
	w.submit(p)
	w.run(start + 60_000)
	if len(w.log) != 0 {
		t.Fatalf("begun without approval:\n%s", w.script())
	}
	w.control(order(model.ControlApprove, 60_000))
	w.run(forever)
	if w.ends("p1") != model.PlanSucceeded {
		t.Errorf("approved: ended %q", w.ends("p1"))
	}

	w = newWorld(t, saga.DefaultConfig())
	p.Deadline = start + 30_000
	w.submit(p)
	w.run(forever)
	if w.ends("p1") != model.PlanExpired || len(w.log) != 0 {
		t.Errorf("not approved in time: ended %q", w.ends("p1"))
	}

	config := saga.DefaultConfig()
	config.Windows, _ = saga.ParseWindows([]string{"04:00-05:00"}) // the test begins a quarter past midnight
	w = newWorld(t, config)
	w.submit(update("p1"))
	w.run(start + 60_000)
	if len(w.log) != 0 {
		t.Errorf("begun outside its window:\n%s", w.script())
	}
	w.run(forever)
	if w.ends("p1") != model.PlanSucceeded || w.log[0].At.Time().Hour() != 4 {
		t.Errorf("in its window: ended %q\n%s", w.ends("p1"), w.script())
	}
}
