package saga

import (
	"strconv"

	"drover/internal/model"
)

// run gives every command that may be given now, plan by plan, and ends the
// plans that are over. It repeats while what it ended makes room for others.
func (f *Fleet) run() {
	for again := true; again; {
		again = false
		claims := f.claims()
		for _, p := range f.plans {
			if !p.state.Ended() {
				again = f.runPlan(p, claims) || again
			}
		}
	}
	f.sweep()
}

// runAfter is run after an outcome in one plan: the others can only be affected
// where that gave room.
func (f *Fleet) runAfter(p *planRun) {
	f.wide = false
	if f.runPlan(p, nil) || f.wide {
		f.run()
	}
}

// claims returns the plan that each application belongs to: running ones have
// what they began with.
func (f *Fleet) claims() map[model.ApplicationID]*planRun {
	claims := make(map[model.ApplicationID]*planRun)
	for _, p := range f.plans {
		if p.state == model.PlanRunning {
			for _, a := range p.applications {
				claims[a] = p
			}
		}
	}
	return claims
}

// claim reserves a plan's applications, all or none. What waits for them keeps
// later plans from taking them, so that it isn't passed for ever.
func (p *planRun) claim(claims map[model.ApplicationID]*planRun) bool {
	if p.state == model.PlanRunning {
		return true // since it began
	}
	free := true
	for _, a := range p.applications {
		if other := claims[a]; other != nil && other != p {
			free = false
		} else {
			claims[a] = p
		}
	}
	return free
}

// runPlan does one plan's share of run; it tells whether others may have been
// given room.
func (f *Fleet) runPlan(p *planRun, claims map[model.ApplicationID]*planRun) bool {
	held := f.killed || p.killed
	paused := f.paused || p.paused
	if !held && p.mode == modeUndo {
		f.returnMoves(p)
	}
	if !held && !paused && p.mode == modeForward {
		f.startMoves(p, claims)
	}
	if !held {
		for _, m := range p.all() {
			forwards := m.phase == moveRunning && m.leg == model.LegForward
			if m.active() && !m.issued && m.notBefore <= f.now && !(paused && forwards) {
				f.issue(p, m)
			}
		}
	}
	return f.endIfOver(p)
}

// returnMoves begins the way back of the moves that may go, last ones first.
func (f *Fleet) returnMoves(p *planRun) {
	may := p.returnable()
	for i := len(p.moves) - 1; i >= 0; i-- {
		if m := &p.moves[i]; may[i] && f.fits(p, m) {
			f.startLeg(p, m, model.LegReverse)
		}
	}
}

// startMoves begins the moves, or at last the update, whose time has come.
func (f *Fleet) startMoves(p *planRun, claims map[model.ApplicationID]*planRun) {
	wave, open := p.openWave()
	if !open {
		f.startUpdate(p)
		return
	}
	if reason := f.late(p); reason != "" {
		f.halt(p, model.PlanExpired, reason)
		return
	}
	if !f.within(f.now) || p.state == model.PlanProposed || wave-p.firstWave() >= p.approved || !p.due(wave, f.now) || !p.claim(claims) {
		return
	}
	for i := range p.moves {
		m, s := &p.moves[i], &p.plan.Moves[i]
		if m.phase == moveWaiting && s.Wave == wave && s.EarliestStart <= f.now && p.afterDone(s) && f.fits(p, m) {
			f.startLeg(p, m, model.LegForward)
		}
	}
}

// startUpdate hands the plan's server over once every move is made. Where there
// are none it is the update that needs approval, a window and its time.
func (f *Fleet) startUpdate(p *planRun) {
	if p.plan.UpdateServer == "" || p.update.phase != moveWaiting {
		return
	}
	if len(p.moves) == 0 {
		if reason := f.late(p); reason != "" {
			f.halt(p, model.PlanExpired, reason)
			return
		}
		if !f.within(f.now) || p.state == model.PlanProposed {
			return
		}
	}
	p.update.phase = moveRunning
}

// late returns why moves that haven't started must not start any more, or "".
func (f *Fleet) late(p *planRun) string {
	if d := p.plan.Deadline; d != model.NoInstant && f.now >= d {
		return "the plan's deadline " + d.String() + " has passed"
	}
	for i := range p.moves {
		if s := &p.plan.Moves[i]; p.moves[i].phase == moveWaiting && s.LatestStart != model.NoInstant && f.now > s.LatestStart {
			return "move " + strconv.Itoa(i) + " had to start by " + s.LatestStart.String()
		}
	}
	return ""
}

// openWave returns the first wave of which moves are to be made still; open is false where
// all are.
func (p *planRun) openWave() (wave int, open bool) {
	for i := range p.moves {
		if w := p.plan.Moves[i].Wave; p.moves[i].phase != moveMoved && p.moves[i].phase != moveSkipped && (!open || w < wave) {
			wave, open = w, true
		}
	}
	return wave, open
}

// firstWave returns the lowest wave number of the plan.
func (p *planRun) firstWave() int {
	first := 0
	for i := range p.plan.Moves {
		if w := p.plan.Moves[i].Wave; i == 0 || w < first {
			first = w
		}
	}
	return first
}

// due tells whether a move of the wave could start by its own time.
func (p *planRun) due(wave int, now model.Instant) bool {
	for i := range p.moves {
		if s := &p.plan.Moves[i]; s.Wave == wave && p.moves[i].phase == moveWaiting && s.EarliestStart <= now {
			return true
		}
	}
	return false
}

// afterDone tells whether all that the move comes after has been moved.
func (p *planRun) afterDone(s *model.Move) bool {
	for _, a := range s.After {
		if p.moves[a].phase != moveMoved {
			return false
		}
	}
	return true
}

// returnable tells by move whether a moved one can be moved back: nothing goes
// forward any more, and everything that came after it is settled. Rollback runs
// the precedence backwards.
func (p *planRun) returnable() []bool {
	may := make([]bool, len(p.moves))
	last, any := 0, false
	for i := range p.moves {
		o := &p.moves[i]
		if o.active() && o.leg == model.LegForward {
			return make([]bool, len(p.moves))
		}
		if o.active() || o.phase == moveMoved {
			if w := p.plan.Moves[i].Wave; !any || w > last {
				last, any = w, true
			}
		}
	}
	for i := range p.moves {
		may[i] = p.moves[i].phase == moveMoved && p.plan.Moves[i].Wave == last
	}
	for i := range p.moves {
		if o := &p.moves[i]; o.active() || o.phase == moveMoved {
			for _, a := range p.plan.Moves[i].After {
				may[a] = false
			}
		}
	}
	return may
}
