package solver

import "sort"

// repairTries is how often a homeless item's ejection is tried with other
// random choices.
const repairTries = 40

// repairRounds is how often repair tries again, repairBins how many stranded
// items a round clears bins for.
const (
	repairRounds = 40
	repairBins   = 20
)

// repairWork is what all repairs of a lane may cost beyond a first place for
// every item, in units of a budget: a fleet that is really too full would have
// every try fail.
const repairWork = 1 << 20

// repair makes the lane's placement feasible as far as it can: it takes items
// off bins where they break a hard constraint, finds places for them and for
// new items, largest first, and leaves those without a place where they were.
// While some are left, it tries again with more items in the air, as long as
// repairWork lasts.
func (l *lane) repair() {
	began := l.work()
	l.repairUntil = began + repairWork - l.repaired
	l.stranded = l.stranded[:0]
	for i, b := range l.s.at {
		if b < 0 {
			l.stranded = append(l.stranded, int32(i))
		}
	}
	l.settleAll(append(l.misplaced(), l.stranded...), &climate{penalty: l.penalty})
	for round := 0; round < repairRounds && len(l.stranded) > 0 && l.mayRepair(); round++ {
		l.repairAgain()
	}
	l.mendSoft()
	l.repaired += l.work() - began
	l.resetBest()
}

// mayRepair tells whether work is left for repairs.
func (l *lane) mayRepair() bool { return l.work() < l.repairUntil }

// repairAgain lifts the stranded items and those of some other bins, and places
// them in another order. It keeps the outcome where fewer are stranded.
func (l *lane) repairAgain() {
	s := l.s
	at, cost := append([]int32(nil), s.at...), s.cost
	was := append([]int32(nil), l.stranded...)
	inAir := append([]int32(nil), was...)
	for range min(len(was), repairBins) {
		i := was[l.rng.below(len(was))]
		for _, b := range []int32{s.at[i], l.someBin(i)} {
			if b == none {
				continue
			}
			for _, j := range s.items[b] {
				if !l.in.fixed[j] && !containsItem(inAir, j) && l.rng.below(2) == 0 {
					inAir = append(inAir, j)
				}
			}
		}
	}
	w := climate{penalty: l.penalty, t: float64(s.cost) / float64(len(s.at)+1)}
	l.settleAll(inAir, &w)
	if len(l.stranded) >= len(was) {
		s.moveTo(at, cost)
		l.stranded = append(l.stranded[:0], was...)
	}
}

// settleAll lifts items and finds places for them, largest first, with a little
// chance in the order where it is warm. What has no place is stranded.
func (l *lane) settleAll(homeless []int32, w *climate) {
	l.undo, l.stranded = l.undo[:0], l.stranded[:0]
	size := make(map[int32]float64, len(homeless))
	for _, i := range homeless {
		if l.s.at[i] >= 0 {
			l.lift(i)
		}
		size[i] = l.in.size[i]
		if w.t > 0 {
			size[i] *= l.rng.unit()
		}
	}
	sort.SliceStable(homeless, func(a, b int) bool { return size[homeless[a]] > size[homeless[b]] })
	for _, i := range homeless {
		l.settleHomeless(i, w)
	}
}

// settleHomeless places one item: on the cheapest bin, else by ejection, else
// back on its start with the violation it had there.
func (l *lane) settleHomeless(i int32, w *climate) {
	s := l.s
	l.undo, l.pending = l.undo[:0], l.pending[:0]
	if b, delta, ok := l.cheapestBin(i, w); ok {
		s.apply(i, b, delta)
		return
	}
	for range repairTries {
		b := l.roomyBin(i)
		if b == none || !l.mayRepair() {
			break
		}
		cost := s.cost
		l.undo, l.pending = l.undo[:0], l.pending[:0]
		l.undo = append(l.undo, change{i, none})
		l.drop(i, b, s.joinCost(i, b))
		if l.makeWay(i, b) && l.placePending(w) {
			return
		}
		l.rollback(cost)
	}
	if home := l.in.start[i]; home >= 0 {
		s.apply(i, home, s.joinCost(i, home))
	}
	l.stranded = append(l.stranded, i)
}

// misplaced lists items to take off their bins so that no hard constraint is
// broken: each bin and row gives up as few as it must.
func (l *lane) misplaced() []int32 {
	in, s := l.in, l.s
	var out []int32
	gone := make([]bool, in.items)
	evict := func(i int32) {
		if !gone[i] && !in.fixed[i] {
			gone[i] = true
			out = append(out, i)
		}
	}
	for i, b := range s.at {
		if b >= 0 && !in.mayStay(int32(i), b) {
			evict(int32(i))
		}
	}
	for row := range in.rows {
		// Fixed items keep their places, so they are counted first.
		seen := map[int32]int32{}
		for _, i := range in.rowItems[row] {
			if b := s.at[i]; b >= 0 && in.fixed[i] {
				seen[b]++
			}
		}
		for _, i := range in.rowItems[row] {
			b := s.at[i]
			if b < 0 || gone[i] || in.fixed[i] {
				continue
			}
			seen[b]++
			if limit := in.perBin[row]; limit > 0 && seen[b] > limit {
				evict(i)
				continue
			}
			for _, x := range in.apart[row] {
				if s.count(x, b) > 0 && (x < int32(row) || l.fixedOn(x, b)) {
					evict(i)
				}
			}
		}
	}
	for b := range in.bins {
		l.unload(int32(b), gone, evict)
	}
	return out
}

// fixedOn tells whether a row has an item on bin b that can't leave.
func (l *lane) fixedOn(row, b int32) bool {
	for _, i := range l.in.rowItems[row] {
		if l.in.fixed[i] && l.s.at[i] == b {
			return true
		}
	}
	return false
}

// mayStay tells whether an item that is on bin b may remain there.
func (in *instance) mayStay(i, b int32) bool {
	if in.closed[b] || in.noNew[b] && in.start[i] != b {
		return false
	}
	set := in.allowedSet[i]
	return set == none || in.allowed[set][b>>6]>>(uint(b)&63)&1 != 0
}

// unload evicts items of bin b until what is left fits its capacity, the item
// that relieves most of the overuse first.
func (l *lane) unload(b int32, gone []bool, evict func(int32)) {
	in, s := l.in, l.s
	base := int(b) * in.dims
	lack := make([]int64, in.dims)
	for d := range lack {
		lack[d] = s.over[base+d] - in.margin[base+d]
	}
	for _, i := range s.items[b] {
		if gone[i] {
			for d, q := range in.row(i) {
				lack[d] -= q
			}
		}
	}
	for {
		victim, most := int32(none), 0.0
		for _, i := range s.items[b] {
			if gone[i] || in.fixed[i] {
				continue
			}
			relief, waste := 0.0, 1e-9
			for d, q := range in.row(i) {
				if lack[d] > 0 {
					relief += float64(min(q, lack[d])) / float64(lack[d])
				}
				waste += float64(q) / float64(in.capacity[base+d]+1)
			}
			if relief > 0 && relief*relief/waste > most {
				victim, most = i, relief*relief/waste
			}
		}
		if victim == none {
			return
		}
		evict(victim)
		for d, q := range in.row(victim) {
			lack[d] -= q
		}
	}
}
