package saga_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/saga"
)

var update = flag.Bool("update", false, "write the golden files")

// failing returns a performer that fails a step of a move, always or so many times.
func failing(move int, kind model.StepKind, times int) func(model.Step) (model.Instant, string) {
	return func(s model.Step) (model.Instant, string) {
		if s.MoveIndex == move && s.Kind == kind && s.Leg() == model.LegForward && (times == 0 || s.Attempt <= times) {
			return 1000, "refused"
		}
		return 1000, ""
	}
}

// order returns an order about plan p1.
func order(kind model.ControlKind, at model.Instant) model.Control {
	return model.Control{Fleet: "f", ID: fmt.Sprintf("%s@%d", kind, at), Kind: kind, Plan: "p1", By: "ada", At: start + at}
}

// control plays up to the order's time and gives it.
func (w *world) control(c model.Control) {
	w.run(c.At)
	w.take(w.fleet.Control(c))
}

// waves returns a plan of moves in waves 0, 1, ...
func waves(n int) model.Plan {
	p := plan("p1", n)
	for i := range p.Moves {
		p.Moves[i].Wave = i
	}
	return p
}

// story is one golden script: what is done to a world.
type story struct {
	name string
	play func(w *world)
}

// submit takes a plan in at the start.
func (w *world) submit(p model.Plan) { w.take(w.fleet.Submit(p, w.now)) }

var stories = []story{
	{"moved", func(w *world) { w.submit(plan("p1", 1)) }},
	{"waves", func(w *world) { w.submit(waves(2)) }},
	{"precedence", func(w *world) {
		p := plan("p1", 3)
		p.Moves[0].After = []int{2}
		p.Moves[1].EarliestStart = start + 20_000
		w.submit(p)
	}},
	{"retried", func(w *world) {
		w.perform = failing(0, model.StepReplicate, 2)
		w.submit(plan("p1", 1))
	}},
	{"failed before the pivot", func(w *world) {
		w.perform = failing(0, model.StepCatchUp, 0)
		w.submit(plan("p1", 1))
	}},
	{"plan moved back", func(w *world) {
		w.perform = failing(2, model.StepProvision, 0)
		w.submit(waves(3))
	}},
	{"completed kept", func(w *world) {
		w.perform = failing(1, model.StepProvision, 0)
		p := waves(2)
		p.KeepCompleted = true
		w.submit(p)
	}},
	{"watch failed, reversed", func(w *world) {
		w.perform = failing(0, model.StepWatch, 0)
		p := plan("p1", 1)
		p.Moves[0].ReverseAfterPivot = true
		w.submit(p)
	}},
	{"watch failed, forward recovery", func(w *world) {
		w.perform = failing(0, model.StepWatch, 0)
		w.submit(plan("p1", 2))
	}},
	{"retire failed", func(w *world) {
		w.perform = failing(0, model.StepRetire, 0)
		w.submit(waves(2))
	}},
	{"compensation failed", func(w *world) {
		w.perform = func(s model.Step) (model.Instant, string) {
			if s.Kind == model.StepCutOver || s.Kind == model.StepDiscardReplica {
				return 1000, "refused"
			}
			return 1000, ""
		}
		w.submit(plan("p1", 1))
	}},
	{"way back failed", func(w *world) {
		w.perform = func(s model.Step) (model.Instant, string) {
			if s.MoveIndex == 1 && s.Kind == model.StepAdmit || s.Leg() == model.LegReverse && s.Kind == model.StepReplicate {
				return 1000, "refused"
			}
			return 1000, ""
		}
		w.submit(waves(2))
	}},
	{"no outcome", func(w *world) {
		w.perform = func(s model.Step) (model.Instant, string) {
			if s.Kind == model.StepProvision && s.Attempt == 1 {
				return 3_600_000, ""
			}
			return 1000, ""
		}
		w.submit(plan("p1", 1))
	}},
	{"paused and resumed", func(w *world) {
		w.submit(plan("p1", 1))
		w.control(order(model.ControlPause, 2500))
		w.control(order(model.ControlResume, 60_000))
	}},
	{"killed and revived", func(w *world) {
		w.perform = failing(0, model.StepCatchUp, 0)
		w.submit(plan("p1", 1))
		w.control(order(model.ControlKill, 21_500))
		w.control(order(model.ControlRevive, 100_000))
	}},
	{"fleet killed and revived", func(w *world) {
		c := order(model.ControlKill, 0)
		c.Plan = ""
		w.control(c)
		w.submit(plan("p1", 1))
		c = order(model.ControlRevive, 5000)
		c.Plan = ""
		w.control(c)
	}},
	{"stopped, finishing", func(w *world) {
		w.submit(waves(2))
		c := order(model.ControlStop, 2500)
		c.Mode, c.Comment = model.StopFinish, "enough"
		w.control(c)
	}},
	{"stopped, compensating", func(w *world) {
		w.submit(waves(2))
		c := order(model.ControlStop, 12_500)
		c.Mode = model.StopCompensate
		w.control(c)
	}},
	{"stopped, compensating a watch", func(w *world) {
		w.submit(plan("p1", 1))
		c := order(model.ControlStop, 5500)
		c.Mode = model.StopCompensate
		w.control(c)
	}},
	{"stopped, leaving", func(w *world) {
		w.submit(waves(2))
		c := order(model.ControlStop, 3500)
		c.Mode = model.StopLeave
		w.control(c)
	}},
	{"approved by wave", func(w *world) {
		p := waves(2)
		p.NeedsApproval = true
		w.submit(p)
		c := order(model.ControlApprove, 1000)
		c.Wave = 1
		w.control(c)
		w.control(order(model.ControlApprove, 30_000))
	}},
	{"rejected", func(w *world) {
		p := waves(2)
		p.NeedsApproval = true
		w.submit(p)
		w.control(order(model.ControlReject, 1000))
	}},
	{"order before its plan", func(w *world) {
		w.control(order(model.ControlPause, 0))
		w.submit(plan("p1", 1))
		w.control(order(model.ControlResume, 9000))
	}},
	{"superseded before it began", func(w *world) {
		p := plan("p1", 1)
		p.Moves[0].EarliestStart = start + 9000
		w.submit(p)
		q := plan("p2", 1)
		q.Supersedes = "p1"
		w.submit(q)
	}},
	{"superseded under way", func(w *world) {
		w.submit(waves(2))
		w.run(start + 2500)
		q := plan("p2", 1)
		q.Supersedes = "p1"
		w.take(w.fleet.Submit(q, start+2500))
	}},
	{"expired", func(w *world) {
		p := plan("p1", 1)
		p.NeedsApproval, p.Moves[0].LatestStart = true, start+5000
		w.submit(p)
		w.control(order(model.ControlApprove, 6000))
	}},
	{"deadline passed under way", func(w *world) {
		p := waves(2)
		p.Deadline = start + 3000
		w.submit(p)
	}},
	{"one plan an application", func(w *world) {
		w.submit(plan("p1", 1))
		w.submit(plan("p2", 2))
	}},
	{"server update", func(w *world) {
		p := plan("p1", 1)
		p.UpdateServer, p.UpdateHook = "s0", "reboot"
		w.submit(p)
	}},
	{"server update failed", func(w *world) {
		w.perform = failing(model.PlanMove, model.StepUpdate, 0)
		p := plan("p1", 1)
		p.UpdateServer, p.UpdateHook = "s0", "reboot"
		w.submit(p)
	}},
	{"refused", func(w *world) {
		p := plan("p1", 2)
		p.Moves[0].After, p.Moves[1].After = []int{1}, []int{0}
		w.submit(p)
		p = plan("p2", 1)
		p.DryRun = true
		w.submit(p)
		p = plan("p3", 1)
		p.Fleet = "other"
		w.submit(p)
	}},
}

func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			config := saga.DefaultConfig()
			config.Watch = 10 * time.Second
			w := newWorld(t, config)
			s.play(w)
			w.run(forever)
			path := filepath.Join("testdata", strings.NewReplacer(" ", "-", ",", "").Replace(s.name)+".txt")
			golden(t, path, w.script()+w.outcomes())
		})
	}
}

// outcomes writes what was published about moves and plans, one line each.
func (w *world) outcomes() string {
	var b strings.Builder
	for _, o := range w.out {
		switch o.Kind {
		case model.OutcomeMove:
			fmt.Fprintf(&b, "%d move %d of %s: %s, %s on %s", o.At-start, o.MoveIndex, o.Plan, o.State, o.Replica, o.Server)
		case model.OutcomePlan:
			fmt.Fprintf(&b, "%d plan %s: %s", o.At-start, o.Plan, o.State)
		default:
			continue
		}
		if o.Reason != "" {
			fmt.Fprintf(&b, " (%s)", o.Reason)
		}
		b.WriteByte('\n')
		for _, l := range o.Left {
			b.WriteString("    left: " + l + "\n")
		}
	}
	return b.String()
}

// golden compares a text with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}
