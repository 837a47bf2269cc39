package solver

import "math"

// residual bounds from below what the open items of a brancher will still add
// to the cost of what is placed.
type residual struct {
	// monotone tells that no arrival lowers the cost of a bin. Balance and
	// falling power curves can: they may be above their final value while bins
	// are empty.
	monotone bool
}

func newResidual(b *brancher) *residual {
	r := &residual{monotone: len(b.in.balances) == 0}
	for k := range b.in.curves {
		c := b.in.curves[k].cost
		for m := 1; m < len(c); m++ {
			if c[m] < c[m-1] {
				r.monotone = false
			}
		}
	}
	return r
}

// bound returns a lower bound on the change of cost from here to any complete
// placement.
func (r *residual) bound(b *brancher) int64 {
	in, s := b.in, b.s
	sum := r.fees(b)
	for d, w := range in.loadCost {
		if w == 0 {
			continue
		}
		var demand, spare int64
		for k, i := range b.free {
			if !b.done[k] {
				demand += in.demand[int(i)*in.dims+d]
			}
		}
		if demand == 0 {
			continue
		}
		for bin := range in.bins {
			spare += max(0, -s.over[bin*in.dims+d])
		}
		sum += w * max(0, demand-spare)
	}
	if !r.monotone {
		sum -= r.fallible(b)
	}
	return sum
}

// fees adds up the least move fee of every open item.
func (r *residual) fees(b *brancher) int64 {
	var sum int64
	for k, i := range b.free {
		home := b.in.start[i]
		if b.done[k] || home < 0 || b.dom.has(k, home) {
			continue
		}
		least := int64(math.MaxInt64)
		b.dom.each(k, func(bin int32) bool {
			least = min(least, b.in.moveFee(i, bin))
			return least > b.in.moveCost[i]
		})
		if least < math.MaxInt64 {
			sum += least
		}
	}
	return sum
}

// fallible returns the part of the present cost that open items may take away
// again: balance, and power where a curve falls. What Jensen's inequality says
// must remain of the balance at the end stays counted.
func (r *residual) fallible(b *brancher) int64 {
	in, s := b.in, b.s
	var sum int64
	for k := range in.balances {
		l := &in.balances[k]
		var freeA, freeB int64
		for bin := range in.bins {
			at := bin * in.dims
			fa, fb := in.margin[at+l.a]-s.over[at+l.a], in.margin[at+l.b]-s.over[at+l.b]
			sum += l.weight * max(0, l.target*fa-fb)
			freeA += fa
			freeB += fb
		}
		for slot, i := range b.free {
			if !b.done[slot] {
				freeA -= in.demand[int(i)*in.dims+l.a]
				freeB -= in.demand[int(i)*in.dims+l.b]
			}
		}
		sum -= l.weight * max(0, l.target*freeA-freeB)
	}
	for bin := range in.bins {
		if k := in.curve[bin]; k != none && len(s.items[bin]) > 0 {
			for _, d := range in.powered {
				sum += in.curves[k].at(s.binUse(bin, d))
			}
		}
	}
	return sum
}
