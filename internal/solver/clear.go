package solver

// clearLimit is the largest number of items a bin may have to be emptied whole.
const clearLimit = 40

// tryClear empties a bin and finds other places for what it held, which saves
// its upkeep and idle power; shifts alone would have to climb to get there.
func (l *lane) tryClear(w *climate) {
	s := l.s
	bin := int32(none)
	for range 3 {
		b := l.seedBin()
		n := len(s.items[b])
		if n > 0 && n <= clearLimit && (bin == none || n < len(s.items[bin])) {
			bin = b
		}
	}
	if bin == none {
		return
	}
	for _, i := range s.items[bin] {
		if l.held[i] {
			return
		}
	}
	cost, soft := s.cost, s.soft
	l.undo, l.pending, l.away = l.undo[:0], l.pending[:0], 0
	for len(s.items[bin]) > 0 {
		i := s.items[bin][0]
		l.lift(i)
		l.pending = append(l.pending, i)
	}
	l.barred = bin
	placed := l.placePending(w)
	l.barred = none
	if placed && w.accepts(l.rng, s.cost-cost, s.soft-soft, l.away) {
		l.commit()
		return
	}
	l.rollback(cost)
}
