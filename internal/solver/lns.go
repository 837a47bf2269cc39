package solver

// Repacking: a few related items are lifted and constraint propagation finds
// the cheapest way to put them back, within a limit of failures (large-
// neighbourhood search after Shaw 1998; for this problem Malitsky et al. 2013,
// Brandt et al. 2016).

// repackItems is how many items one repacking lifts, repackFails how many dead
// ends it may meet.
const (
	repackItems = 8
	repackFails = 150
)

// tryRepack lifts a costly item and others of a few bins, and accepts only what
// is cheaper.
func (l *lane) tryRepack() {
	i := l.costlyItem()
	if i == none {
		return
	}
	s := l.s
	if s.soft > 0 {
		return
	}
	if l.cp == nil {
		l.cp = newBrancher(l)
		l.cp.maxFails = repackFails
	}
	free := l.related(i)
	cost := s.cost
	was := make([]int32, len(free))
	for k, j := range free {
		was[k] = s.at[j]
	}
	if l.cp.release(free, cost) {
		l.cp.search()
	}
	l.cp.end()
	put := was
	if l.cp.found {
		put, cost = l.cp.bestAt, l.cp.bestCost
	}
	for k, j := range free {
		s.put(j, put[k])
	}
	s.cost = cost
	if l.cp.found {
		for _, j := range free {
			l.note(j)
		}
		l.noteBest()
	}
}

// related picks items to lift with i: some of its own bin and of two others.
func (l *lane) related(i int32) []int32 {
	s := l.s
	free := []int32{i}
	take := func(b int32, n int) {
		list := s.items[b]
		for range n {
			if len(list) == 0 {
				return
			}
			j := list[l.rng.below(len(list))]
			if !l.held[j] && !containsItem(free, j) {
				free = append(free, j)
			}
		}
	}
	take(s.at[i], repackItems/4)
	for range 2 {
		if b := l.roomyBin(i); b != none {
			take(b, (repackItems-len(free)+1)/2+1)
		}
	}
	return free
}

func containsItem(list []int32, i int32) bool {
	for _, x := range list {
		if x == i {
			return true
		}
	}
	return false
}
