package readmodel

import (
	"slices"

	"drover/internal/model"
)

// Run is a plan with everything that became of it.
type Run struct {
	Plan     model.Plan
	Steps    []model.Step    // in order of the executor's log
	Outcomes []model.Outcome // in order
	Orders   []model.Control // of people, for this plan
	// Copies is how far the copies under way are, by move; model.PlanMove: all.
	Copies map[int]model.Progress
	// StopReason and StoppedAt are set where the planner has found the plan wrong.
	StopReason string
	StoppedAt  model.Instant
	// Balance compares what it was expected to do with what happened; nil until the
	// first decision after its end, which was BalancedAt.
	Balance    *model.PlanBalance
	BalancedAt model.Instant
}

// Status is how a run stands at some time.
type Status struct {
	State          model.PlanState
	Reason         string
	Started, Ended model.Instant
	Left           []string
	Paused, Killed bool
	ApprovedWaves  int                   // -1: all
	Moves          map[int]model.Outcome // the last word on each move, by index
}

func (f *Fleet) foldPlan(event any) Section {
	switch e := event.(type) {
	case model.Plan:
		f.submit(e)
	case model.Step:
		r := f.runOf(e.Plan)
		r.Steps = appendBounded(r.Steps, e, f.limits.Steps)
		f.Now = max(f.Now, e.At)
	case model.Outcome:
		f.outcome(e)
	}
	return Plans
}

func (f *Fleet) submit(p model.Plan) {
	if known := f.byPlan[p.ID]; known != nil {
		switch {
		case len(p.Dropped) > 0:
			known.Plan.Dropped = p.Dropped
		case p.Again():
			known.StopReason, known.StoppedAt = p.Reason, max(f.Now, p.Tick)
		}
		return
	}
	r := f.runOf(p.ID)
	f.early = slices.DeleteFunc(f.early, func(other *Run) bool { return other == r })
	r.Plan = p
	for _, c := range f.Orders { // an order may come before its plan
		if c.Plan == p.ID {
			r.Orders = append(r.Orders, c)
		}
	}
	f.Plans = appendBounded(f.Plans, r, f.limits.Plans)
	f.byPlan[p.ID] = r
	if len(f.byPlan) > 2*f.limits.Plans {
		f.byPlan = map[model.PlanID]*Run{}
		for _, kept := range f.Plans {
			f.byPlan[kept.Plan.ID] = kept
		}
	}
}

// Run returns a plan's run, or nil.
func (f *Fleet) Run(id model.PlanID) *Run { return f.byPlan[id] }

// runOf returns a plan's run, also of a plan that has not been read yet: topics are
// read side by side, and what became of a plan may come before it.
func (f *Fleet) runOf(id model.PlanID) *Run {
	if r := f.byPlan[id]; r != nil {
		return r
	}
	for _, r := range slices.Backward(f.early) {
		if r.Plan.ID == id {
			return r
		}
	}
	r := &Run{Plan: model.Plan{ID: id}}
	f.early = appendBounded(f.early, r, f.limits.Plans)
	return r
}

func (f *Fleet) outcome(o model.Outcome) {
	f.Now = max(f.Now, o.At)
	if o.Kind == model.OutcomeMove && o.Server != "" && o.Replica != "" {
		f.place(o.Replica, o.Server, o.At)
	}
	r := f.runOf(o.Plan)
	if o.Kind != model.OutcomeProgress {
		r.Outcomes = appendBounded(r.Outcomes, o, f.limits.Outcomes)
		return
	}
	if r.Copies == nil { // the last word only: there are many
		r.Copies = map[int]model.Progress{}
	}
	r.Copies[o.MoveIndex] = o.Progress
}

// order notes a person's order and what it changes for the whole fleet.
func (f *Fleet) order(c model.Control) {
	f.Now = max(f.Now, c.At)
	f.Orders = appendBounded(f.Orders, c, f.limits.Orders)
	if r := f.byPlan[c.Plan]; c.Plan != "" && r != nil {
		r.Orders = append(r.Orders, c)
	}
	if c.Plan != "" {
		return
	}
	switch {
	case c.Kind == model.ControlDrain:
		f.Drained[c.Server] = c.At
	case c.Kind == model.ControlResume && c.Server != "":
		delete(f.Drained, c.Server)
	case c.Kind == model.ControlPause, c.Kind == model.ControlResume:
		f.Paused = c.Kind == model.ControlPause
	case c.Kind == model.ControlKill, c.Kind == model.ControlRevive:
		f.Killed = c.Kind == model.ControlKill
	}
}

// At returns how the run stood at a time; zero means now.
func (r *Run) At(at model.Instant) Status {
	s := Status{State: r.Plan.State, Moves: map[int]model.Outcome{}}
	if s.State == "" {
		s.State = model.PlanProposed
	}
	if !r.Plan.NeedsApproval {
		s.ApprovedWaves = -1
	}
	past := func(t model.Instant) bool { return at == 0 || t <= at }
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; past(o.At) {
			s.fold(o)
		}
	}
	if r.StopReason != "" && past(r.StoppedAt) && !s.State.Ended() {
		s.Reason = "is being stopped: " + r.StopReason
	}
	for i := range r.Orders {
		if c := &r.Orders[i]; past(c.At) {
			s.order(c)
		}
	}
	return s
}

func (s *Status) fold(o *model.Outcome) {
	switch o.Kind {
	case model.OutcomePlan:
		s.State, s.Reason, s.Left = o.State, o.Reason, o.Left
		if o.State == model.PlanRunning && s.Started == 0 {
			s.Started = o.At
		}
		if o.State.Ended() {
			s.Ended = o.At
		}
	case model.OutcomeMove, model.OutcomeStep:
		s.Moves[o.MoveIndex] = *o
	}
}

func (s *Status) order(c *model.Control) {
	switch c.Kind {
	case model.ControlApprove:
		switch {
		case c.Wave <= 0:
			s.ApprovedWaves = -1
		case s.ApprovedWaves >= 0:
			s.ApprovedWaves = max(s.ApprovedWaves, c.Wave)
		}
	case model.ControlPause, model.ControlResume:
		s.Paused = c.Kind == model.ControlPause
	case model.ControlKill, model.ControlRevive:
		s.Killed = c.Kind == model.ControlKill
	}
}
