package solver

import "sort"

// brancher is a depth-first branch and bound over the bins of some free items,
// with everything else in place: constraint propagation (propagate.go) narrows
// the domains, the cost of what is placed plus what the rest must cost at least
// (residual.go) cuts. With all items free it is the exact solver; with a few it
// is the repacking move of the large-neighbourhood search.
type brancher struct {
	in   *instance
	s    *state
	dom  *domains
	free []int32 // by slot: item
	slot []int32 // by item: slot or none
	done []bool  // by slot: placed

	limit    int64 // a placement must cost less than this
	fails    int64
	maxFails int64 // 0: no limit
	tick     func() bool
	stopped  bool
	counts   *lane // books candidates and evaluations

	found    bool
	bestAt   []int32 // by slot
	bestCost int64
	residual *residual
}

func newBrancher(l *lane) *brancher {
	b := &brancher{in: l.in, s: l.s, counts: l, slot: make([]int32, l.in.items)}
	for i := range b.slot {
		b.slot[i] = none
	}
	return b
}

// release lifts the items of free from the state and opens their domains. The
// caller restores the state afterwards.
func (b *brancher) release(free []int32, limit int64) bool {
	b.free, b.limit, b.found, b.fails, b.stopped = free, limit, false, 0, false
	b.done = make([]bool, len(free))
	b.bestAt = make([]int32, len(free))
	for k, i := range free {
		b.slot[i] = int32(k)
		if b.s.at[i] >= 0 {
			b.s.apply(i, none, b.s.leaveCost(i))
		}
	}
	b.dom = newDomains(len(free), b.in.bins)
	open := true
	for k, i := range free {
		for bin := range int32(b.in.bins) {
			if b.mayTake(i, bin) {
				b.dom.insert(k, bin)
			}
		}
		open = open && b.dom.size[k] > 0
	}
	b.residual = newResidual(b)
	return open
}

// mayTake tells whether item i, which has no bin, may come to a bin as things
// stand; spread, dependency and affinity are left to propagation.
func (b *brancher) mayTake(i, bin int32) bool {
	b.counts.candidates++
	s := b.s
	if !s.fits(i, bin) || !s.mayEnter(i, bin) {
		return false
	}
	row := b.in.itemRow[i]
	return row == none || s.meets(row, bin, none)
}

// end forgets the free items.
func (b *brancher) end() {
	for _, i := range b.free {
		b.slot[i] = none
	}
}

// search explores all placements of the free items and keeps the cheapest one
// below limit that breaks nothing. It reports whether it explored everything.
func (b *brancher) search() bool {
	b.descend(len(b.free))
	return !b.stopped
}

// descend branches on the item with the fewest bins.
func (b *brancher) descend(left int) {
	if b.stopped {
		return
	}
	if left == 0 {
		b.leaf()
		return
	}
	if b.s.cost+b.residual.bound(b) >= b.limit {
		b.fail()
		return
	}
	k := b.choose()
	i := b.free[k]
	for _, v := range b.values(k, i) {
		if b.stopped {
			return
		}
		if b.residual.monotone && b.s.cost+v.delta >= b.limit {
			b.fail()
			return
		}
		mark := b.dom.mark()
		before := b.s.cost
		b.s.apply(i, v.bin, v.delta)
		b.done[k] = true
		if b.propagate(i, v.bin) {
			b.descend(left - 1)
		} else {
			b.fail()
		}
		b.done[k] = false
		b.s.take(i)
		b.s.cost = before
		b.dom.backTo(mark)
	}
}

func (b *brancher) fail() {
	b.fails++
	if b.maxFails > 0 && b.fails >= b.maxFails || b.tick != nil && b.fails&255 == 0 && b.tick() {
		b.stopped = true
	}
}

// leaf books a complete placement that breaks nothing.
func (b *brancher) leaf() {
	if b.s.soft > 0 || b.s.cost >= b.limit {
		b.fail()
		return
	}
	b.found = true
	b.limit, b.bestCost = b.s.cost, b.s.cost
	for k, i := range b.free {
		b.bestAt[k] = b.s.at[i]
	}
}

// choose returns the open slot with the fewest bins, the largest item on ties.
func (b *brancher) choose() int {
	best := -1
	for k := range b.free {
		if b.done[k] {
			continue
		}
		if best < 0 || b.dom.size[k] < b.dom.size[best] ||
			b.dom.size[k] == b.dom.size[best] && b.in.size[b.free[k]] > b.in.size[b.free[best]] {
			best = k
		}
	}
	return best
}

// value is one bin for the item that is branched on.
type value struct {
	bin   int32
	delta int64
}

// values lists the bins of a domain, cheapest first.
func (b *brancher) values(k int, i int32) []value {
	list := make([]value, 0, b.dom.size[k])
	b.dom.each(k, func(bin int32) bool {
		delta, _, ok := b.s.shift(i, bin, 0)
		if ok {
			b.counts.evaluations++
			list = append(list, value{bin, delta})
		}
		return true
	})
	sort.Slice(list, func(x, y int) bool {
		if list[x].delta != list[y].delta {
			return list[x].delta < list[y].delta
		}
		return list[x].bin < list[y].bin
	})
	return list
}
