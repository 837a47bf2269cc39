package move

import (
	"context"
	"fmt"
	"slices"

	"drover/internal/actuator"
	"drover/internal/actuator/simulator"
	"drover/internal/model"
	"drover/internal/saga"
)

// fillSimulated fills the simulator's table: the executor's sagas and simulated
// commands in event time.
func fillSimulated(_ context.Context, t *Table, steps []string, say func(string, ...any)) error {
	for _, step := range actuator.MoveSteps() {
		if len(steps) > 0 && !slices.Contains(steps, string(step)) {
			continue
		}
		for _, kind := range FaultKinds() {
			cell := Cell{Step: step, Kind: kind}
			for point := range simulatedPoints(kind) {
				p := newSimulated(step, kind, point)
				if err := p.run(); err != nil {
					return fmt.Errorf("simulator, %s, %s: %w", step, kind, err)
				}
				cell.Points++
				cell.Slowest = max(cell.Slowest, p.now.Sub(simulatedStart))
				cell.add((&scene{}).endOf(p.ended))
				if wrong := p.wrong(); wrong != "" {
					cell.Wrong = wrong
				}
			}
			t.add(cell, say)
		}
	}
	return nil
}

// simulatedPoints is how many places a failure has: what is killed is killed
// before the command or after it.
func simulatedPoints(kind FaultKind) int {
	if kind == FaultCrashExecutor || kind == FaultCrashTarget {
		return 2
	}
	return 1
}

// simulatedStart is when event time begins.
const simulatedStart = model.Instant(1_000_000)

// simulated is one plan played in event time, with one failure.
type simulated struct {
	step      model.StepKind
	kind      FaultKind
	point     int
	simulator *simulator.Simulator
	config    saga.Config
	fleet     *saga.Fleet
	now       model.Instant
	due       []model.Step // outcomes to come, by time
	fired     bool
	log       []model.Step
	serves    model.ServerID
	ended     model.PlanState
	left      []string
}

func newSimulated(step model.StepKind, kind FaultKind, point int) *simulated {
	config := simulator.DefaultConfig()
	fails := func(kind model.StepKind, attempts int) {
		config.Rules = append(config.Rules, simulator.Rule{Kind: kind, Attempts: attempts})
	}
	switch {
	case step == model.StepReverseCutOver:
		fails(model.StepWatch, 0)
	case isCompensation(step):
		fails(model.StepCatchUp, 0)
	}
	switch kind {
	case FaultError:
		fails(step, 0)
	case FaultCrashTarget: // the command's first try ends with its target
		fails(step, 1)
	}
	p := &simulated{step: step, kind: kind, point: point, simulator: simulator.New(config), config: saga.DefaultConfig(), now: simulatedStart, serves: "a"}
	p.fleet = saga.NewFleet("test", p.config)
	return p
}

// run plays the plan to its end.
func (p *simulated) run() error {
	plan := planFor("p", "a", "b")
	plan.Moves[0].DataBytes = 1 << 30
	p.take(p.fleet.Submit(plan, p.now))
	for range 10_000 {
		if p.ended != "" {
			return nil
		}
		timer, timed := p.fleet.NextTimer()
		switch {
		case len(p.due) > 0 && (!timed || p.due[0].At <= timer):
			o := p.due[0]
			p.due = p.due[1:]
			p.now = o.At
			if err := p.outcome(o); err != nil {
				return err
			}
		case timed:
			p.now = timer
			p.take(p.fleet.Advance(timer))
		default:
			return fmt.Errorf("nothing happens any more after %d records", len(p.log))
		}
	}
	return fmt.Errorf("no end after %v", p.now.Sub(simulatedStart))
}

// strikes tells, once, whether the failure comes now.
func (p *simulated) strikes(step *model.Step, kind FaultKind, point int) bool {
	if p.fired || p.kind != kind || p.point != point || step.Kind != p.step {
		return false
	}
	p.fired = true
	return true
}

// outcome brings a command's end to the sagas.
func (p *simulated) outcome(o model.Step) error {
	if p.strikes(&o, FaultCrashExecutor, 0) { // it dies before anything is done
		return p.takeOver()
	}
	if o.Phase == model.PhaseDone {
		p.act(o.Kind)
	}
	switch {
	case p.strikes(&o, FaultLost, 0):
		return nil
	case p.strikes(&o, FaultCrashExecutor, 1): // it dies with the outcome in its hands
		return p.takeOver()
	case p.strikes(&o, FaultDuplicate, 0):
		p.take(p.fleet.Outcome(o))
	}
	p.take(p.fleet.Outcome(o))
	return nil
}

// act changes who serves, as the hand-over does.
func (p *simulated) act(kind model.StepKind) {
	switch kind {
	case model.StepCutOver:
		p.serves = "b"
	case model.StepReverseCutOver:
		p.serves = "a"
	}
}

// take performs what is decided.
func (p *simulated) take(effects []saga.Effect) {
	for _, e := range effects {
		switch {
		case e.Step != nil:
			p.log = append(p.log, *e.Step)
			if e.Step.Phase == model.PhaseIntent || e.Step.Phase == model.PhaseResume {
				p.start(*e.Step)
			}
		case e.Outcome.Kind == model.OutcomePlan && e.Outcome.State.Ended():
			p.ended, p.left = e.Outcome.State, e.Outcome.Left
		}
	}
}

// start asks the simulator what will become of a command.
func (p *simulated) start(step model.Step) {
	if p.strikes(&step, FaultTimeout, 0) {
		return // it hangs: nothing is ever heard of it
	}
	_, move, _ := p.fleet.Command(step)
	took, failure := p.simulator.Perform(step, move)
	if failure == "" || p.kind != FaultCrashTarget || p.point == 1 {
		step.At = step.At.Add(took)
	} // else it fails at once
	step.Phase, step.Reason = model.PhaseDone, failure
	if failure != "" {
		step.Phase = model.PhaseFailed
	}
	p.schedule(step)
}

func (p *simulated) schedule(o model.Step) {
	p.due = append(p.due, o)
	slices.SortStableFunc(p.due, func(a, b model.Step) int { return int(a.At - b.At) })
}

// takeOver does what the next executor does: it restores the state, and resumes
// what has no outcome.
func (p *simulated) takeOver() error {
	snapshot, err := p.fleet.AppendBinary(nil)
	if err != nil {
		return err
	}
	p.fleet, p.due = saga.NewFleet("", p.config), nil
	if err := p.fleet.UnmarshalBinary(snapshot); err != nil {
		return err
	}
	p.take(p.fleet.TakeOver(p.now))
	return nil
}

// wrong returns which promise the end breaks, or "".
func (p *simulated) wrong() string {
	want := map[model.PlanState]model.ServerID{model.PlanSucceeded: "b", model.PlanRolledBack: "a"}[p.ended]
	switch {
	case p.ended == model.PlanParked && len(p.left) == 0:
		return "parked without saying what is left"
	case want != "" && p.serves != want:
		return string(p.ended) + ", and " + string(p.serves) + " serves"
	}
	return once(p.log)
}
