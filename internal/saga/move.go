package saga

import "drover/internal/model"

// movePhase says where a move stands.
type movePhase uint8

// The phases of a move. The last four are final as long as the plan goes
// forward; a plan that is taken back moves a moved one again.
const (
	moveWaiting movePhase = iota
	moveRunning           // a leg's steps, forwards
	moveUndoing           // a leg's compensations, backwards
	moveMoved
	moveRestored // runs where it was before
	moveSkipped  // never started
	moveParked   // needs a person
)

// moveRun is one move under way.
type moveRun struct {
	index int
	phase movePhase
	leg   model.Leg
	// at is the place in forward of the step (or of the step being taken back)
	// that is current; reached is the highest place of this leg whose intent was
	// written.
	at, reached int
	attempt     int // tries begun of the current step
	sequence    int // commands given in all, over both legs
	issued      bool
	command     model.Step // the last command; without outcome while issued
	notBefore   model.Instant
	admitted    bool // counts against the limits
	pivoted     bool // this leg's cut-over is done and not taken back
	reason      string
	left        []string
}

// active tells whether commands of the move are under way or due.
func (m *moveRun) active() bool { return m.phase == moveRunning || m.phase == moveUndoing }

// kind returns the step that is current.
func (m *moveRun) kind() model.StepKind {
	switch {
	case m.index == model.PlanMove:
		return model.StepUpdate
	case m.phase == moveUndoing:
		return undo[m.at]
	}
	return forward[m.at]
}

// startLeg admits the move to a leg, at its first step.
func (f *Fleet) startLeg(p *planRun, m *moveRun, leg model.Leg) {
	m.phase, m.leg, m.at, m.reached, m.attempt, m.notBefore = moveRunning, leg, 0, notReached, 0, model.NoInstant
	m.pivoted = false
	f.take(p, m)
}

// issue writes the intent of the current step.
func (f *Fleet) issue(p *planRun, m *moveRun) {
	kind := m.kind()
	m.sequence++
	m.attempt++
	if m.phase == moveRunning {
		m.reached = m.at
	}
	m.issued = true
	m.command = model.Step{
		Fleet: f.id, Plan: p.plan.ID, MoveIndex: m.index, Kind: kind, Phase: model.PhaseIntent,
		ID:           model.NewStepID(p.plan.ID, m.index, m.leg, m.sequence, kind),
		Compensation: m.phase == moveUndoing || m.leg == model.LegReverse,
		Attempt:      m.attempt,
		At:           f.now,
		Deadline:     f.now.Add(f.config.deadline(kind, p.spec(m))),
		Reason:       m.reason,
	}
	if kind == model.StepReplicate || kind == model.StepCatchUp {
		m.command.BytesPerSecond = f.Bandwidth(p.spec(m))
	}
	if p.state != model.PlanRunning {
		f.setState(p, model.PlanRunning, "")
	}
	f.record(m.command)
}

// settle records the outcome of the command under way.
func (f *Fleet) settle(p *planRun, m *moveRun, phase model.StepPhase, reason string) {
	m.issued = false
	if phase == model.PhaseDone {
		switch m.command.Kind {
		case model.StepCutOver:
			m.pivoted = true
		case model.StepReverseCutOver:
			m.pivoted = false
		}
	}
	step := m.command
	step.Phase, step.At, step.Reason = phase, f.now, reason
	f.record(step)
	o := f.outcome(p, m, model.OutcomeStep)
	o.Step, o.OK, o.Reason = step.Kind, phase == model.PhaseDone, reason
	f.publish(o)
}

// done goes on after a command that has succeeded.
func (f *Fleet) done(p *planRun, m *moveRun) {
	f.settle(p, m, model.PhaseDone, "")
	m.attempt, m.notBefore = 0, model.NoInstant
	if m.index == model.PlanMove {
		f.finish(p, m, moveMoved)
		return
	}
	if m.phase == moveUndoing {
		m.at = undoFrom(m.at - 1)
		if m.at == notReached {
			f.undone(p, m)
		}
		return
	}
	m.at++
	switch {
	case m.at < len(forward):
		f.turnBack(p, m)
	case m.leg == model.LegReverse:
		f.finish(p, m, moveRestored)
	default:
		f.finish(p, m, moveMoved)
	}
}

// failed tries a command again that has failed, or gives the step up.
func (f *Fleet) failed(p *planRun, m *moveRun, reason string) {
	f.settle(p, m, model.PhaseFailed, reason)
	if m.attempt < f.config.attempts(m.kind()) {
		m.notBefore = f.now.Add(f.config.backOff(m.attempt))
		f.turnBack(p, m)
		return
	}
	m.reason = string(m.kind()) + ": " + reason
	switch {
	case m.index == model.PlanMove:
		f.park(p, m, []string{"run update " + quote(p.plan.UpdateHook) + " on server " + string(p.plan.UpdateServer)})
	case m.phase == moveUndoing:
		f.park(p, m, leftToUndo(p, m))
	case m.at <= atCutOver, m.at == atWatch && m.leg == model.LegForward && (p.spec(m).ReverseAfterPivot || p.mode == modeUndo):
		f.startUndo(m)
		if m.leg == model.LegForward {
			f.fail(p, m)
		}
	default:
		f.park(p, m, leftToFinish(p, m))
	}
}

// turnBack takes a move back at the next boundary where its plan is taken back
// and the source is still there.
func (f *Fleet) turnBack(p *planRun, m *moveRun) {
	if p.mode == modeUndo && m.phase == moveRunning && m.leg == model.LegForward && m.reached < atRetire {
		f.startUndo(m)
	}
}

// startUndo begins the compensations of all steps that may have acted.
func (f *Fleet) startUndo(m *moveRun) {
	m.phase, m.at, m.attempt, m.notBefore = moveUndoing, undoFrom(m.reached), 0, model.NoInstant
}

// undone ends a leg that has been taken back. A way back that was itself taken
// back leaves the replica at the target: that needs a person.
func (f *Fleet) undone(p *planRun, m *moveRun) {
	if m.leg == model.LegForward {
		f.finish(p, m, moveRestored)
		return
	}
	s := p.spec(m)
	f.park(p, m, []string{"move replica " + string(s.Replica) + " back from server " + string(s.To) + " to " + string(s.From)})
}

// finish ends a move and publishes it.
func (f *Fleet) finish(p *planRun, m *moveRun, phase movePhase) {
	m.phase = phase
	f.release(p, m)
	o := f.outcome(p, m, model.OutcomeMove)
	o.Reason, o.Left = m.reason, m.left
	switch phase {
	case moveMoved:
		o.State, o.OK = model.PlanSucceeded, true
	case moveRestored:
		o.State = model.PlanRolledBack
	case moveParked:
		o.State = model.PlanParked
	}
	f.publish(o)
}

// park ends a move that needs a person; the rest of a plan that was going
// forward is finished, and nothing new starts.
func (f *Fleet) park(p *planRun, m *moveRun, left []string) {
	m.left = left
	f.finish(p, m, moveParked)
	if p.mode == modeForward {
		f.halt(p, model.PlanParked, "move "+m.name(p)+" is parked")
	}
}

// outcome returns what every outcome about the move says.
func (f *Fleet) outcome(p *planRun, m *moveRun, kind model.OutcomeKind) model.Outcome {
	o := model.Outcome{Fleet: f.id, Kind: kind, Plan: p.plan.ID, MoveIndex: m.index, At: f.now}
	if s := p.spec(m); s != nil {
		o.Replica, o.Server = s.Replica, serving(s, m)
	} else {
		o.Server = p.plan.UpdateServer
	}
	return o
}

// serving returns the server that the replica runs on as far as is known.
func serving(s *model.Move, m *moveRun) model.ServerID {
	if m.pivoted != (m.leg == model.LegReverse) {
		return s.To
	}
	return s.From
}
