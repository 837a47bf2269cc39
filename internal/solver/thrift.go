package solver

// Where load is close to its bound, fees are all that moves can save: what a
// move costs is at least the change of its fees less what load, balance and the
// group move cost are above theirs. That is one subtraction, and rejects most
// candidates before a bin's load is looked at.

// thrifty tells whether the lane judges candidates by their fees first. A
// placement below the bound breaks a hard constraint, and the bound says nothing of it.
func (l *lane) thrifty() bool {
	return l.fees && l.in.rising && l.bounded()
}

// bounded tells whether the bound says something of the present placement.
func (l *lane) bounded() bool { return l.s.soft == 0 && len(l.stranded) == 0 && l.spare() >= 0 }

// spare is the most that any move of a complete placement can save apart from
// fees.
func (l *lane) spare() float64 { return float64(l.s.cost - l.s.fees - l.in.floor) }

// thriftyShifts is tryShifts for item i where fees are judged first.
func (l *lane) thriftyShifts(w *climate, i int32, limit float64) {
	s, in := l.s, l.in
	a := s.at[i]
	from, fee := in.away(i, a), in.moveFee(i, a)
	spare := l.spare()
	if a == in.start[i] && w.cost(in.moveCost[i], 0, in.awayBase)-spare > limit {
		l.candidates += burst
		return
	}
	var gain int64
	known := false
	for range burst {
		b := l.someBin(i)
		if b == a || b == none {
			continue
		}
		l.candidates++
		away := in.away(i, b) - from
		if w.cost(in.moveFee(i, b)-fee, 0, away)-spare > limit {
			continue
		}
		if !known {
			gain, known = s.leaveGain(i), true
		}
		delta, soft, ok := s.shift(i, b, gain)
		if !ok {
			continue
		}
		l.evaluations++
		if w.cost(delta, soft, away) <= limit {
			l.shiftTo(i, b, delta)
			return
		}
	}
}

// Where fees are cooled, an item that pays strayFee of the mean fee or more is a
// stray. All is saved on strays, but the others must make room for them. Strays
// get about as many draws as the others: one more item is drawn for a stray, as
// often as there are items for each mean fee that is paid, but at most strayMost
// times.
const (
	strayFee  = 0.3
	strayMost = 16
)

// strayTries is how many items more are drawn for a stray.
func (l *lane) strayTries() int {
	if !l.fees {
		return 0
	}
	return int(min(strayMost, l.in.meanFee*float64(len(l.movable))/float64(max(1, l.s.fees))))
}

// strays tells whether item i is a stray.
func (l *lane) strays(i int32) bool {
	return float64(l.in.moveFee(i, l.s.at[i])) >= strayFee*l.in.meanFee
}

// someItem draws an item of a list; where fees are cooled, rather a stray.
func (l *lane) someItem(list []int32) int32 {
	i := list[l.rng.below(len(list))]
	for n := l.strayTries(); n > 0 && !l.strays(i); n-- {
		i = list[l.rng.below(len(list))]
	}
	return i
}

// swapFees is the change of fees when items i and j change places.
func (s *state) swapFees(i, j int32) int64 {
	in := s.in
	a, b := s.at[i], s.at[j]
	return in.moveFee(i, b) - in.moveFee(i, a) + in.moveFee(j, a) - in.moveFee(j, b)
}

// A cooling looks every lookStep of it whether fees are prevailShare of what the
// placement costs above the bound. If so, load is cold, and the rest of the
// budget up to feesUntil goes to a cooling of fees, from feesHot to feesCold,
// in mean fees. It is worth a part of the rest too where fees are worthShare at
// the end of a cooling.
const (
	lookStep     = 0.005
	prevailShare = 0.75
	worthShare   = 0.25
	feesHot      = 0.6
	feesCold     = 0.02
	feesUntil    = 0.97
)

// bends tells whether coolings end where fees prevail: where there is room,
// homesickness sees to fees from the beginning.
func (r *search) bends() bool {
	return r.in.near != nil && !r.in.roomy && r.o.Without&Fees == 0
}

// feesAre tells whether fees are at least a share of what the placement costs
// above the bound.
func (l *lane) feesAre(share float64) bool {
	return l.bounded() && float64(l.s.fees) > share*float64(l.s.cost-l.in.floor)
}

// coolLast goes through the last part of the cooling, which began at a share of
// the budget, to its end or until fees prevail, and cools these.
func (r *search) coolLast(k int, l *lane, c schedule, ph phase, begun float64) {
	look, share, until := 0.0, r.share(k, begun, ph.until), max(ph.until, regionsShare)
	last := c.cold
	l.anneal(c, ph.from, 1, func() float64 {
		done := share()
		if done >= look && done < 1 {
			if look = done + lookStep; l.feesAre(prevailShare) {
				last, until = c.temperature(ph.from+done*(1-ph.from)), feesUntil
				return 1
			}
		}
		return done
	})
	if l.backToBest(); l.feesAre(worthShare) {
		c.hot = last
		l.coolFees(c, r.share(k, r.spentBy(l), until))
	}
}

// coolFees anneals where fees are all that is left to save: from the best
// placement, mostly among bins near the starts of items, and not hotter than it
// was: load stays where it is.
func (l *lane) coolFees(c schedule, share func() float64) {
	c.hot, c.cold = min(c.hot, l.in.meanFee*feesHot), min(c.hot, l.in.meanFee*feesCold)
	c.home, c.penalty = 0, priceCeiling
	l.nearby, l.fees = true, true
	l.anneal(c, 0, 1, share)
	l.fees = false
}
