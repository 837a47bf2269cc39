package saga

import (
	"drover/internal/model"
)

// Effect is one thing to carry out, in the order returned. Exactly one field is
// set.
type Effect struct {
	// Step is a record to append to the log. With PhaseIntent its command may be
	// performed as soon as the record is durable, and not before; the other
	// phases only record what is known. Nothing else writes step records.
	Step *model.Step
	// Outcome is to be published.
	Outcome *model.Outcome
}

// Limits of what a fleet remembers beyond its running plans.
const (
	maxEnded  = 4096 // ended plans, so that repeats are known
	maxOrders = 1024 // identities of orders, and orders for plans not seen yet
)

// Fleet is the fold of one fleet's log: all its plans. It isn't safe for
// concurrent use.
type Fleet struct {
	id     model.FleetID
	config Config
	now    model.Instant
	killed bool
	paused bool
	// plans holds those that haven't ended, in the order they came.
	plans []*planRun
	byID  map[model.PlanID]*planRun
	ended []endedPlan
	// early holds orders for plans that haven't come yet.
	early  []model.Control
	orders []string
	// caps holds server limits lowered for now; see Pressure.
	caps []serverCap
	// ordered are the limits that orders have set.
	ordered ordered

	load load // of the admitted moves
	// wide is set where something other plans may wait for has changed.
	wide bool
	out  []Effect // being collected by the current call
}

// endedPlan is what is remembered of a plan that is over.
type endedPlan struct {
	id    model.PlanID
	state model.PlanState
}

// NewFleet returns a fleet without plans.
func NewFleet(id model.FleetID, config Config) *Fleet {
	return &Fleet{id: id, config: config, load: newLoad(), byID: make(map[model.PlanID]*planRun)}
}

// Submit takes a plan in. A plan known already changes nothing; one that
// supersedes another stops that one first.
func (f *Fleet) Submit(plan model.Plan, now model.Instant) []Effect {
	f.begin(now)
	if f.find(plan.ID) != nil || f.endedState(plan.ID) != "" {
		return f.effects()
	}
	p := newPlanRun(plan)
	f.plans = append(f.plans, p)
	f.byID[plan.ID] = p
	if old := f.find(plan.Supersedes); plan.Supersedes != "" && old != nil {
		f.supersede(old, p)
	}
	f.admitPlan(p)
	f.applyEarly(p)
	f.run()
	return f.effects()
}

// admitPlan sets a new plan's first state, or refuses it.
func (f *Fleet) admitPlan(p *planRun) {
	if reason := invalid(&p.plan, f.id); reason != "" {
		f.end(p, model.PlanRejected, reason)
		return
	}
	if p.plan.DryRun {
		f.end(p, model.PlanRejected, "dry run: nothing is performed")
		return
	}
	if p.plan.NeedsApproval {
		f.setState(p, model.PlanProposed, "waits for approval")
		return
	}
	p.approved = allWaves
	f.setState(p, model.PlanScheduled, "")
}

// Outcome takes what became of a command: a step with the intent's identity and
// PhaseDone or PhaseFailed. It is ignored unless it is the outcome that the
// move waits for: duplicates and those of given-up commands change nothing.
func (f *Fleet) Outcome(step model.Step) []Effect {
	f.begin(step.At)
	p := f.find(step.Plan)
	if p == nil {
		return f.effects()
	}
	m := p.move(step.MoveIndex)
	if m == nil || !m.issued || m.command.ID != step.ID {
		return f.effects()
	}
	switch step.Phase {
	case model.PhaseDone:
		f.done(p, m)
	case model.PhaseFailed:
		f.failed(p, m, step.Reason)
	default:
		return f.effects()
	}
	f.runAfter(p)
	return f.effects()
}

// Advance says that the time is now: commands past their deadline are given up,
// and what waited for its time starts. After a take-over ask for the status of
// Pending first: the answers count, however long they were under way.
func (f *Fleet) Advance(now model.Instant) []Effect {
	f.begin(now)
	for _, p := range f.plans {
		for _, m := range p.all() {
			if m.issued && f.now >= m.command.Deadline.Add(f.config.Grace) {
				f.failed(p, m, "no outcome by its deadline")
			}
		}
	}
	f.run()
	return f.effects()
}

// TakeOver says that a new owner has come: the commands without outcome are
// written again as resumed, with a deadline counted from now or from the end of
// the former one, whichever is later. The new owner asks the drivers what became
// of them before it does anything else.
func (f *Fleet) TakeOver(now model.Instant) []Effect {
	f.begin(now)
	for _, p := range f.plans {
		for _, m := range p.all() {
			if !m.issued {
				continue
			}
			lost := m.command.Deadline
			m.command.Deadline = max(f.now, lost).Add(f.config.deadline(m.command.Kind, p.spec(m)))
			step := m.command
			step.Phase, step.At, step.Lost = model.PhaseResume, f.now, lost
			f.record(step)
		}
	}
	return f.effects()
}

// Pending returns the commands without outcome, in a stable order: what a new
// owner asks the drivers about.
func (f *Fleet) Pending() []model.Step {
	var steps []model.Step
	for _, p := range f.plans {
		for _, m := range p.all() {
			if m.issued {
				steps = append(steps, m.command)
			}
		}
	}
	return steps
}

// Under returns a move's command without outcome, where it is the one named.
func (f *Fleet) Under(plan model.PlanID, move int, id model.StepID) (model.Step, bool) {
	p := f.find(plan)
	if p == nil {
		return model.Step{}, false
	}
	m := p.move(move)
	if m == nil || !m.issued || m.command.ID != id {
		return model.Step{}, false
	}
	return m.command, true
}

// begin starts a call at the given time; time never goes back.
func (f *Fleet) begin(now model.Instant) {
	f.now = max(f.now, now)
	f.out = nil
}

// effects ends a call.
func (f *Fleet) effects() []Effect {
	out := f.out
	f.out = nil
	return out
}

func (f *Fleet) record(step model.Step)        { f.out = append(f.out, Effect{Step: &step}) }
func (f *Fleet) publish(outcome model.Outcome) { f.out = append(f.out, Effect{Outcome: &outcome}) }
func (f *Fleet) endedState(id model.PlanID) model.PlanState {
	for i := range f.ended {
		if f.ended[i].id == id {
			return f.ended[i].state
		}
	}
	return ""
}

// find returns the plan that runs under the identity, or nil.
func (f *Fleet) find(id model.PlanID) *planRun { return f.byID[id] }
