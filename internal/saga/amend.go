package saga

import (
	"strconv"

	"drover/internal/model"
)

// Amend drops moves of a plan that have not begun: what a second look has found
// wrong, and with it what waits for it. Moves that have begun go on; a plan that
// no longer goes forward, or that isn't there, is left alone. A server that is
// not emptied for it is not updated.
func (f *Fleet) Amend(id model.PlanID, dropped []model.DroppedMove, now model.Instant) []Effect {
	f.begin(now)
	p := f.find(id)
	if p == nil || p.mode != modeForward {
		return f.effects()
	}
	n := 0
	for _, d := range dropped {
		if d.Index >= 0 && d.Index < len(p.moves) {
			n += f.skip(p, d.Index, d.Reason)
		}
	}
	if n > 0 {
		f.setState(p, p.state, p.amended())
		f.run()
	}
	return f.effects()
}

// skip drops one move and those that come after it; it returns how many.
func (f *Fleet) skip(p *planRun, i int, reason string) int {
	m := &p.moves[i]
	if m.phase != moveWaiting {
		return 0
	}
	m.phase, m.reason = moveSkipped, reason
	if p.plan.Moves[i].From == p.plan.UpdateServer && p.update.phase == moveWaiting {
		p.update.phase, p.update.reason = moveSkipped, "the server isn't emptied: "+reason
	}
	n := 1
	for j := range p.moves {
		for _, a := range p.plan.Moves[j].After {
			if a == i {
				n += f.skip(p, j, "it comes after the move of "+string(p.plan.Moves[i].Replica)+", which was dropped")
			}
		}
	}
	return n
}

// amended says what was dropped, or "".
func (p *planRun) amended() string {
	n, reason := 0, ""
	for i := range p.moves {
		if p.moves[i].phase == moveSkipped {
			if n++; reason == "" {
				reason = p.moves[i].reason
			}
		}
	}
	if n == 0 {
		return ""
	}
	return "amended: " + strconv.Itoa(n) + " of " + strconv.Itoa(len(p.moves)) + " moves dropped: " + reason
}
