package solver

import "math"

// schedule is the temperature of one annealing run.
type schedule struct {
	typical   float64 // cost of a typical shift
	perItem   float64 // moves an item in the whole budget
	hot, cold float64 // first and last temperature, in units of cost
	penalty   float64 // price of one broken soft constraint
	home      float64 // price of standing away from the start, in temperatures
	eject     uint64  // ejections in 256 moves
}

// temperature returns the temperature at a share of the run.
func (c *schedule) temperature(share float64) float64 {
	return c.hot * math.Pow(c.cold/c.hot, share)
}

// The price of a broken soft constraint is low while it is warm, which lets
// items pass. From mendFrom of a run on it rises while anything is broken and
// falls while nothing is, by a factor e in 1/priceRate of the run, between the
// first price and priceSpan times that: what is cheap to mend is mended early,
// and the rest can still settle around it. From hardFrom on it only rises, and
// nothing that is whole may be broken again. priceCeiling is in units of cost.
const (
	priceRate    = 60.0
	priceSpan    = 10.0
	mendFrom     = 0.1
	hardFrom     = 0.65
	priceCeiling = 1e15
)

// retreatFrom are the shares of a run at which a lane that still breaks more
// than its best placement goes back to that: what is broken so late has got
// stuck, and would be broken at the end.
var retreatFrom = [...]float64{0.25, hardFrom}

// reprice returns the price after a share of the run up to done has passed;
// base is the price at first.
func reprice(price, base, done, share float64, broken int32) float64 {
	rise := math.Exp(priceRate * share)
	switch {
	case done < mendFrom:
		return price
	case done > hardFrom && broken == 0:
		return priceCeiling
	case done > hardFrom:
		return min(priceCeiling, price*rise)
	case broken == 0:
		return max(base, price/rise)
	}
	return min(base*priceSpan, price*rise)
}

// climate is what an elementary move is judged by at one moment.
//
// Each item has one start and many other bins, so that a random walk would
// scatter items over the fleet for no gain and use up the room that transient
// resources leave. The price homesick, proportional to the temperature, makes
// up for it: only moves that pay stay made, the most profitable first.
type climate struct {
	t        float64
	penalty  float64
	homesick float64
}

// accepts is the Metropolis rule.
func (c *climate) accepts(r *rng, delta int64, soft int32, away float64) bool {
	return c.cost(delta, soft, away) <= c.t*r.exponential()
}

// cost prices a move as the climate sees it.
func (c *climate) cost(delta int64, soft int32, away float64) float64 {
	return float64(delta) + float64(c.penalty*float64(soft)) + float64(c.homesick*away)
}

// burst is how many targets are tried for one item before the next is drawn.
const burst = 6

// batch is how many moves are drawn between two looks at the budget, leastTried
// how many candidates they count at least.
const (
	batch      = 64
	leastTried = batch / 4
)

// anneal runs a part of one cooling from the present placement (simulated
// annealing with shifts, swaps and ejections; Kirkpatrick et al. 1983, for this
// problem Portal et al. 2016). share says how much of the part is over; it ends
// at 1.
func (l *lane) anneal(c schedule, from, to float64, share func() float64) {
	if len(l.movable) == 0 || l.in.bins < 2 {
		return
	}
	if from == 0 {
		l.price, l.basePrice = c.penalty, c.penalty
	}
	last, retreats := from, retreatFrom[:]
	for len(retreats) > 0 && retreats[0] < from {
		retreats = retreats[1:]
	}
	for {
		part := share()
		if part >= 1 {
			return
		}
		done := from + (to-from)*part
		l.tell()
		if len(retreats) > 0 && done > retreats[0] {
			retreats = retreats[1:]
			if l.s.soft > l.bestSoft {
				l.backToBest()
				l.basePrice *= priceSpan
			}
		}
		t := c.temperature(done)
		l.price = reprice(l.price, l.basePrice, done, done-last, l.s.soft)
		last = done
		l.energy.add(float64(l.s.cost) + float64(l.price*float64(l.s.soft)))
		w := climate{t: t, penalty: l.price, homesick: c.home * t}
		m := l.mixAt(&c, done)
		before := l.candidates
		for range batch {
			l.play(&m, &w)
		}
		// Where next to nothing can be tried, the budget ends all the same.
		l.candidates = max(l.candidates, before+leastTried)
	}
}

// tryShifts draws an item and offers it to several bins.
func (l *lane) tryShifts(w *climate) {
	s, r := l.s, l.rng
	i := l.someItem(l.movable)
	a := s.at[i]
	if a == none {
		return
	}
	limit := w.t * r.exponential()
	if l.thrifty() {
		l.thriftyShifts(w, i, limit)
		return
	}
	gain := s.leaveGain(i)
	home, hopeless := l.outlook(w, i, gain, limit)
	if hopeless {
		l.candidates += burst
		return
	}
	if l.in.rising && l.in.bins >= homeBins {
		if delta, soft, ok := l.toHome(i, gain); ok && w.cost(delta, soft, -l.in.away(i, a)) <= limit {
			l.shiftTo(i, l.in.start[i], delta)
			return
		}
	}
	for range burst {
		b := l.someBin(i)
		if b == a || b == none {
			continue
		}
		l.candidates++
		if home != none && b != home {
			continue
		}
		delta, soft, ok := s.shift(i, b, gain)
		if !ok {
			continue
		}
		l.evaluations++
		if w.cost(delta, soft, l.in.awayChange(i, a, b)) <= limit {
			l.shiftTo(i, b, delta)
			return
		}
	}
}

// outlook bounds the cost of every move of an item whose leaving changes cost by
// gain. Hopeless: wherever it went, cost would rise by more than limit; broken
// soft constraints that a move might mend wait for another item. A home other
// than none is the only bin that may be within the limit.
func (l *lane) outlook(w *climate, i int32, gain int64, limit float64) (home int32, hopeless bool) {
	in := l.in
	a, start := l.s.at[i], in.start[i]
	if !in.rising || start < 0 {
		return none, false
	}
	from := in.away(i, a)
	least := gain - in.relief[i] - in.moveFee(i, a)
	near := in.awayBase + float64(in.awayByFee*float64(in.moveCost[i]))
	if w.cost(least+in.moveCost[i], 0, near-from) <= limit {
		return none, false
	}
	return start, a == start || w.cost(least-in.groupWeight, 0, -from) > limit
}

// trySwaps draws an item and offers to exchange it with several others.
func (l *lane) trySwaps(w *climate) {
	s, r := l.s, l.rng
	i := l.someItem(l.movable)
	a := s.at[i]
	if a == none {
		return
	}
	limit := w.t * r.exponential()
	from := l.in.away(i, a)
	thrifty, spare := l.thrifty(), l.spare()
	var gain int64
	if l.in.rising && !thrifty {
		gain = s.leaveGain(i) - l.in.relief[i]
	}
	for range burst {
		j := l.somePartner(i)
		if j == none {
			continue
		}
		b := s.at[j]
		if a == b || b == none {
			continue
		}
		l.candidates++
		away := l.in.away(i, b) - from + l.in.awayChange(j, b, a)
		switch {
		case thrifty && w.cost(s.swapFees(i, j), 0, away)-spare > limit:
			continue
		case !thrifty && l.in.rising && s.soft == 0:
			// An exchange saves at most what both departures save and both arrivals relieve.
			if least := w.cost(gain, 0, away) - limit; least > 0 && float64(l.in.relief[j]-s.leaveGain(j)) < least-l.in.mostFee {
				continue
			}
		}
		delta, soft, ok := s.swap(i, j)
		if !ok {
			continue
		}
		l.evaluations++
		if w.cost(delta, soft, away) <= limit {
			l.swapWith(i, j, delta)
			return
		}
	}
}
