package saga

import "drover/internal/model"

// NextTimer returns the earliest instant after the last event at which Advance
// has something to do; ok is false where only events can change anything.
func (f *Fleet) NextTimer() (at model.Instant, ok bool) {
	consider := func(t model.Instant) {
		if t > f.now && (!ok || t < at) {
			at, ok = t, true
		}
	}
	for _, p := range f.plans {
		waiting := false
		for _, m := range p.every {
			switch {
			case m.issued:
				consider(m.command.Deadline.Add(f.config.Grace))
			case m.active():
				consider(m.notBefore)
			case m.phase == moveWaiting && m.index != model.PlanMove:
				waiting = true
				s := p.spec(m)
				consider(s.EarliestStart)
				if s.LatestStart != model.NoInstant {
					consider(s.LatestStart + 1)
				}
			}
		}
		if waiting || len(p.moves) == 0 && p.update.phase == moveWaiting {
			consider(p.plan.Deadline)
			consider(f.opens(f.now))
		}
	}
	return at, ok
}
