package solver

// exactItems and exactBins bound what is attempted exactly; without
// Options.Exact only within quickShare of the budget and quickFails dead ends.
const (
	exactItems = 64
	exactBins  = 64
	quickShare = 0.2
	quickFails = 50_000
)

// proof searches all placements that are cheaper than the incumbent. It returns
// true where the search was complete: then the best placement known is optimal,
// or, where that breaks constraints, nothing feasible exists.
func (r *search) proof(l *lane) bool {
	in := r.in
	if in.items > exactItems || in.bins > exactBins {
		return false
	}
	b := newBrancher(l)
	until := 1.0
	if !r.o.Exact {
		until, b.maxFails = quickShare, quickFails
	}
	share := r.share(0, 0, until)
	b.tick = func() bool { return share() >= 1 }
	limit := int64(costLimit)
	if r.feasible() {
		limit = r.bestCost
	}
	before := l.s.cost
	free := append([]int32(nil), in.movable...)
	if b.release(free, limit) {
		b.search()
	}
	complete := !b.stopped
	b.end()
	if b.found {
		for k, i := range free {
			r.best[i] = b.bestAt[k]
		}
		r.bestCost, r.bestSoft, r.stranded = b.bestCost, 0, 0
	}
	l.s.moveTo(l.best, before)
	l.adopt(r.best, r.bestCost, r.bestSoft)
	return complete
}
