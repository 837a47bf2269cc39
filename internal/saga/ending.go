package saga

import (
	"strconv"

	"drover/internal/model"
)

// setState changes a plan's state and publishes it.
func (f *Fleet) setState(p *planRun, state model.PlanState, reason string) {
	p.state = state
	f.publish(model.Outcome{
		Fleet: f.id, Kind: model.OutcomePlan, Plan: p.plan.ID, MoveIndex: model.PlanMove, State: state,
		OK: state == model.PlanSucceeded, At: f.now, Reason: reason, Left: p.left(),
	})
}

// left lists what a person has to do for the plan's parked moves.
func (p *planRun) left() []string {
	var left []string
	for _, m := range p.every {
		left = append(left, m.left...)
	}
	return left
}

// end puts a plan into a final state.
func (f *Fleet) end(p *planRun, state model.PlanState, reason string) {
	for _, m := range p.every {
		f.release(p, m)
		m.issued = false
	}
	f.wide = true
	f.setState(p, state, reason)
	f.ended = append(f.ended, endedPlan{p.plan.ID, state})
	if over := len(f.ended) - maxEnded; over > 0 {
		f.ended = append(f.ended[:0], f.ended[over:]...)
	}
}

// sweep forgets the plans that have ended.
func (f *Fleet) sweep() {
	kept := f.plans[:0]
	for _, p := range f.plans {
		if p.state.Ended() {
			delete(f.byID, p.plan.ID)
		} else {
			kept = append(kept, p)
		}
	}
	for i := len(kept); i < len(f.plans); i++ {
		f.plans[i] = nil
	}
	f.plans = kept
}

// fail answers a move that has failed before, or undoes itself after, the
// pivot: the whole plan is taken back unless it keeps what is complete.
func (f *Fleet) fail(p *planRun, m *moveRun) {
	if p.mode != modeForward {
		return
	}
	reason := "move " + m.name(p) + ": " + m.reason
	if p.plan.KeepCompleted {
		f.halt(p, model.PlanStopped, reason)
		return
	}
	f.undoPlan(p, reason)
}

// halt lets nothing new start; what runs is finished, and the plan then ends in
// the given state unless it turns out complete.
func (f *Fleet) halt(p *planRun, state model.PlanState, reason string) {
	p.mode, p.haltAs, p.reason = modeHalt, state, reason
	for i := range p.moves {
		if p.moves[i].phase == moveWaiting {
			p.moves[i].phase = moveSkipped
		}
	}
	if p.update.phase == moveWaiting {
		p.update.phase = moveSkipped
	}
}

// undoPlan takes a whole plan back. Moves whose command is under way follow when
// its outcome is known; a watch is cut short, since it only looks.
func (f *Fleet) undoPlan(p *planRun, reason string) {
	f.halt(p, model.PlanRolledBack, reason)
	p.mode = modeUndo
	for i := range p.moves {
		m := &p.moves[i]
		if m.phase != moveRunning || m.leg != model.LegForward {
			continue
		}
		if m.reason == "" {
			m.reason = "the plan is taken back"
		}
		if m.issued && m.command.Kind == model.StepWatch {
			f.settle(p, m, model.PhaseFailed, "cut short: the plan is taken back")
		}
		if !m.issued {
			f.turnBack(p, m)
		}
	}
}

// endIfOver ends a plan of which nothing is left to do, and tells whether it did.
func (f *Fleet) endIfOver(p *planRun) bool {
	if p.state == model.PlanProposed && p.mode == modeForward {
		return false
	}
	moved, parked, skipped := 0, 0, 0
	for _, m := range p.every {
		switch {
		case m.active(), m.phase == moveWaiting, p.mode == modeUndo && m.phase == moveMoved && m.index != model.PlanMove:
			return false
		case m.phase == moveMoved:
			moved++
		case m.phase == moveParked:
			parked++
		case m.phase == moveSkipped:
			skipped++
		}
	}
	switch {
	case parked > 0:
		f.end(p, model.PlanParked, p.reason)
	case moved == len(p.every) && p.mode != modeUndo:
		f.end(p, model.PlanSucceeded, "")
	case moved > 0 && moved+skipped == len(p.every) && p.mode == modeForward:
		f.end(p, model.PlanSucceeded, p.amended())
	case p.mode == modeForward: // every move was dropped before it began
		f.end(p, model.PlanSuperseded, p.amended())
	case moved > 0 && p.mode == modeHalt:
		f.end(p, p.haltAs, p.reason+"; "+strconv.Itoa(moved)+" of "+strconv.Itoa(len(p.every))+" done and kept")
	default:
		f.end(p, p.haltAs, p.reason)
	}
	return true
}

// supersede makes room for a newer plan: one that hasn't started ends, one that
// runs finishes its moves under way.
func (f *Fleet) supersede(old, by *planRun) {
	reason := "superseded by plan " + string(by.plan.ID)
	switch {
	case !old.started():
		f.end(old, model.PlanSuperseded, reason)
	case old.mode == modeForward:
		f.halt(old, model.PlanSuperseded, reason)
	}
}
