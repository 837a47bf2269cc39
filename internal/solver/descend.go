package solver

// descentShare is how much of a guarded budget goes into a first descent,
// descentHeat its first temperature in typical shifts.
const (
	descentShare = 0.02
	descentHeat  = 0.01
)

// descend finds a good placement at once: the cooling passes through dearer ones
// for long, and a search that is interrupted should have something to show. The
// cooling then starts from where it would have without.
func (r *search) descend(c schedule) {
	from := r.spent()
	c.hot, c.home = max(c.cold, c.typical*descentHeat), 0
	r.parallel(func(k int, l *lane) {
		at, cost := append([]int32(nil), l.s.at...), l.s.cost
		l.anneal(c, 0, 1, r.share(k, from, from+descentShare))
		l.settle()
		l.s.moveTo(at, cost)
		l.since, l.whole = l.since[:0], true
	})
	r.merge()
}
