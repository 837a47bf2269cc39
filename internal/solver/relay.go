package solver

// Relays: an item that is away goes home, and another takes the room it leaves.
// Where transient room or a quota of moves limits how many items can be away,
// neither step is possible alone: without the first there is no room for the
// second, and the first costs more than a cool search accepts.

// relayTries is how many items are offered the room that one leaves;
// relayElsewhere of relayScale of them are offered another bin. relayLooks is
// how many items of a bin are looked at for one that is away.
const (
	relayTries     = 12
	relayScale     = 8
	relayElsewhere = 1
	relayLooks     = 4
)

// tryRelay draws an item that is away and plays one relay out.
func (l *lane) tryRelay(w *climate) {
	s, in := l.s, l.in
	i := l.awayItem()
	if i == none {
		return
	}
	b, home := s.at[i], in.start[i]
	l.candidates++
	first, softFirst, ok := s.shift(i, home, s.leaveGain(i))
	if !ok {
		return
	}
	l.evaluations++
	limit := w.t * l.rng.exponential()
	cost := s.cost
	l.undo = l.undo[:0]
	l.undo = append(l.undo, change{i, b})
	s.apply(i, home, first)
	limit -= w.cost(first, softFirst, -in.away(i, b))
	if limit >= 0 {
		l.commit()
		return
	}
	for range relayTries {
		if j, to := l.relayPair(i, b); j != none && l.relayTo(j, to, limit, w) {
			return
		}
	}
	l.rollback(cost)
}

// awayItem draws an item that is not on its start, or none.
func (l *lane) awayItem() int32 {
	list := l.s.items[l.seedBin()]
	if len(list) == 0 {
		return none
	}
	for range relayLooks {
		i := list[l.rng.below(len(list))]
		if home := l.in.start[i]; home != none && home != l.s.at[i] && !l.held[i] {
			return i
		}
	}
	return none
}

// relayPair draws an item and the bin that it is offered after item i left b.
func (l *lane) relayPair(i, b int32) (item, bin int32) {
	j := l.movable[l.rng.below(len(l.movable))]
	if l.rng.below(relayScale) < relayElsewhere {
		b = l.someBin(j)
	}
	if a := l.s.at[j]; j == i || b == none || a == b || a == none {
		return none, none
	}
	return j, b
}

// relayTo makes the second step of a relay where it costs at most limit.
func (l *lane) relayTo(j, b int32, limit float64, w *climate) bool {
	s, in := l.s, l.in
	l.candidates++
	a := s.at[j]
	gain := s.leaveGain(j)
	away := in.awayChange(j, a, b)
	if in.rising && s.soft == 0 && w.cost(gain-in.relief[j], 0, away)-in.mostFee > limit {
		return false
	}
	delta, soft, ok := s.shift(j, b, gain)
	if !ok {
		return false
	}
	l.evaluations++
	if w.cost(delta, soft, away) > limit {
		return false
	}
	l.undo = append(l.undo, change{j, a})
	s.apply(j, b, delta)
	l.commit()
	return true
}
