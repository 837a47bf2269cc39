package solver

// homingPasses is how often all items are looked at: one that goes home may make
// room for another.
const homingPasses = 3

// homeBins is how many bins a fleet has in which every shift tries the home first.
const homeBins = 200

// homing sends items of the best placement home where that saves cost. In a
// large fleet a random walk rarely draws an item's one home among all bins.
func (l *lane) homing() {
	l.backToBest()
	if !l.in.rising || l.s.soft > 0 {
		return
	}
	for range homingPasses {
		before := l.s.cost
		for _, i := range l.movable {
			if delta, soft, ok := l.toHome(i, l.s.leaveGain(i)); ok && soft <= 0 && delta < 0 {
				l.shiftTo(i, l.in.start[i], delta)
			}
		}
		if l.s.cost == before {
			return
		}
	}
}

// toHome prices sending an item home; gain is its leaveGain.
func (l *lane) toHome(i int32, gain int64) (delta int64, soft int32, ok bool) {
	a, home := l.s.at[i], l.in.start[i]
	if a < 0 || home < 0 || a == home {
		return 0, 0, false
	}
	l.candidates++
	if delta, soft, ok = l.s.shift(i, home, gain); ok {
		l.evaluations++
	}
	return delta, soft, ok
}
