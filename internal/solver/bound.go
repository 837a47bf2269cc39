package solver

// lowerBound returns a value that no placement without violations can go below.
//
// Load: with fixed load F on a bin of safety S, movable load first fills what
// the safety capacities leave, and the rest is paid wherever it goes: per
// dimension at least sum max(0, F-S) + max(0, movable - sum max(0, S-F)). This
// is the challenge's bound (all bins merged) made tighter by stuck items.
//
// Balance: max(0, x) is convex and positively homogeneous, so that the sum over
// bins is at least the value of the sums (Jensen).
//
// Power and money: see boundExtras. Moves and traffic are bounded by what fixed
// items cost, that is by 0.
func (in *instance) lowerBound() int64 {
	total := make([]int64, in.dims)
	for i := range in.items {
		for d, q := range in.row(int32(i)) {
			total[d] += q
		}
	}
	var bound int64
	for d, w := range in.loadCost {
		if w != 0 {
			bound += w * in.boundLoad(d, total[d])
		}
	}
	for k := range in.balances {
		l := &in.balances[k]
		freeA, freeB := -total[l.a], -total[l.b]
		for b := range in.bins {
			freeA += in.capacity[b*in.dims+l.a]
			freeB += in.capacity[b*in.dims+l.b]
		}
		bound += l.weight * max(0, l.target*freeA-freeB)
	}
	return bound + in.boundExtras(total)
}

// boundLoad bounds the load above safety in one dimension, in units.
func (in *instance) boundLoad(d int, total int64) int64 {
	var paid, room int64
	movable := total
	for b := range in.bins {
		at := b*in.dims + d
		fixed := in.settled[at]
		movable -= fixed
		if spare := in.capacity[at] - in.margin[at] - fixed; spare < 0 {
			paid -= spare
		} else {
			room += spare
		}
	}
	return paid + max(0, movable-room)
}

// boundExtras bounds power and money: each unit of the power resource costs at
// least the cheapest rate of power and upkeep that any bin offers, over all
// periods together, since a bin that carries use u in period t pays its curve
// there and a share of its upkeep.
func (in *instance) boundExtras(total []int64) int64 {
	if !in.extras || len(in.powered) == 0 {
		return 0
	}
	var bound int64
	for _, d := range in.powered {
		var best rate
		for b := range in.bins {
			if r := in.cheapestRate(b, d); b == 0 || r.below(best) {
				best = r
			}
		}
		if best.use > 0 && best.cost > 0 {
			bound += mulDiv(total[d], best.cost, best.use)
		}
	}
	return bound
}

// rate is a cost per use as a fraction, exact.
type rate struct{ cost, use int64 }

func (r rate) below(o rate) bool {
	if r.use == 0 || o.use == 0 {
		return r.use != 0 && o.use == 0
	}
	return float64(r.cost)*float64(o.use) < float64(o.cost)*float64(r.use)
}

// cheapestRate returns the least power cost per unit of use on bin b in
// dimension d, over the points of its curve that capacity allows; its share of
// the upkeep is counted at full capacity.
func (in *instance) cheapestRate(b, d int) rate {
	capacity := in.capacity[b*in.dims+d]
	if capacity == 0 || in.closed[b] {
		return rate{}
	}
	upkeep := in.upkeep[b] / int64(len(in.powered))
	k := in.curve[b]
	if k == none {
		return rate{upkeep, capacity}
	}
	c := &in.curves[k]
	best := rate{c.at(capacity) + upkeep, capacity}
	for _, use := range c.use {
		if use > 0 && use < capacity {
			if r := (rate{c.at(use) + upkeep, use}); r.below(best) {
				best = r
			}
		}
	}
	return best
}
