package solver

import "math"

// region is a part of the problem that a lane anneals by itself: some bins and
// the items on them. Its arrays are kept between regions.
type region struct {
	bins   []int32
	inside []bool // by bin
	items  []int32
	held   []bool
	hosts  hosts
}

// wholeScope makes moves draw from the whole problem.
func (l *lane) wholeScope() {
	l.movable, l.bins, l.held, l.hosts = l.in.movable, nil, l.in.fixed, l.in.hosts
}

// seedBin draws a bin of the scope.
func (l *lane) seedBin() int32 {
	if l.bins == nil {
		return int32(l.rng.below(l.in.bins))
	}
	return l.bins[l.rng.below(len(l.bins))]
}

// enterRegion makes moves draw from a region of about so many items around a
// costly bin.
func (l *lane) enterRegion(items int) bool {
	in := l.in
	if l.region == nil {
		n := in.items
		l.region = &region{inside: make([]bool, in.bins), held: make([]bool, n),
			hosts: hosts{from: make([]int32, n), to: make([]int32, n)}}
		for i := range l.region.held {
			l.region.held[i] = true
		}
	}
	g := l.region
	g.bins, g.items = g.bins[:0], g.items[:0]
	l.wholeScope()
	l.addBin(l.costliestOf(2))
	for try := 0; len(g.items) < items && try < 4*in.bins; try++ {
		l.addBin(l.neighbourBin())
	}
	if len(g.bins) < 2 || len(g.items) < 2 {
		l.leaveRegion()
		return false
	}
	g.hosts.bins = g.hosts.bins[:0]
	for _, i := range g.items {
		g.hosts.from[i] = int32(len(g.hosts.bins))
		for _, b := range g.bins {
			if in.canHost(i, b) {
				g.hosts.bins = append(g.hosts.bins, b)
			}
		}
		g.hosts.to[i] = int32(len(g.hosts.bins))
	}
	l.movable, l.bins, l.held, l.hosts = g.items, g.bins, g.held, &g.hosts
	return true
}

// leaveRegion makes moves draw from the whole problem again.
func (l *lane) leaveRegion() {
	g := l.region
	for _, b := range g.bins {
		g.inside[b] = false
	}
	for _, i := range g.items {
		g.held[i] = true
	}
	l.wholeScope()
}

// costliestOf draws n bins and returns the one that pays most for its load.
func (l *lane) costliestOf(n int) int32 {
	bin, most := int32(0), int64(-1)
	for range n {
		b := int32(l.rng.below(l.in.bins))
		if c := l.s.loadOf(b); c > most {
			bin, most = b, c
		}
	}
	return bin
}

// addBin takes a bin and its items into the region.
func (l *lane) addBin(b int32) {
	g := l.region
	if b < 0 || g.inside[b] {
		return
	}
	g.inside[b] = true
	g.bins = append(g.bins, b)
	for _, i := range l.s.items[b] {
		if !l.in.fixed[i] {
			g.items = append(g.items, i)
			g.held[i] = false
		}
	}
}

// neighbourBin draws a bin that an item of the region could go to, or any.
func (l *lane) neighbourBin() int32 {
	g := l.region
	if len(g.items) == 0 || l.rng.below(4) == 0 {
		return int32(l.rng.below(l.in.bins))
	}
	return l.someBin(g.items[l.rng.below(len(g.items))])
}

// regionSizes and regionHeats are the kinds of regions: how many items (the
// smallest kind times a power of two), and how hot they start (a typical shift
// times a power of regionHeatStep). regionCold is the ratio of the last to the
// first temperature, regionMoves the work spent on each item.
const (
	regionItems    = 60
	regionSizes    = 4
	regionHeats    = 5
	regionHeatStep = 3.0
	regionCold     = 0.01
	regionMoves    = 500
)

// regionKind remembers what regions of one kind gained for the work they took,
// the last ones most.
type regionKind struct{ gain, work float64 }

// Kinds are chosen by gain, one in regionExplore at random; regionMemory is how
// much of what was remembered stays at the next use of the kind.
const (
	regionExplore = 4
	regionMemory  = 0.9
)

// chooseKind draws a kind of region.
func (l *lane) chooseKind() int {
	from := l.rng.below(len(l.kinds))
	if l.rng.below(regionExplore) == 0 {
		return from
	}
	k, best := from, -1.0
	for m := range l.kinds {
		// Kinds that were not tried yet come first.
		at := (from + m) % len(l.kinds)
		rate := math.Inf(1)
		if l.kinds[at].work > 0 {
			rate = l.kinds[at].gain / l.kinds[at].work
		}
		if rate > best {
			best, k = rate, at
		}
	}
	return k
}

// annealRegions anneals one region after another from the best placement, and
// goes back to it where nothing better was met.
func (l *lane) annealRegions(c schedule, share func() float64) {
	if len(l.in.movable) == 0 || l.in.bins < 2 {
		return
	}
	l.backToBest()
	step, cold := regionHeatStep, c.cold
	if fee := l.in.meanFee * coldRoomy; l.feesMatter() && fee > 1 {
		l.nearby = true
		cold = min(cold, fee)
		step = max(step, math.Pow(c.typical/l.in.meanFee, 1.0/regionHeats))
	}
	if l.kinds == nil {
		l.kinds = make([]regionKind, regionSizes*regionHeats)
	}
	for share() < 1 {
		kind := l.chooseKind()
		items := regionItems * math.Pow(2, float64(kind%regionSizes)+l.rng.unit())
		if !l.enterRegion(int(items)) {
			l.candidates += 1000
			continue
		}
		r := c
		r.hot = max(cold, c.typical*math.Pow(step, -float64(kind/regionSizes)-l.rng.unit()))
		r.cold = max(cold, r.hot*regionCold)
		first, before := l.work(), l.bestCost
		all := float64(len(l.movable)) * regionMoves
		l.anneal(r, 0, 1, func() float64 {
			if share() >= 1 {
				return 1
			}
			return float64(l.work()-first) / all
		})
		l.leaveRegion()
		l.backToBest()
		l.candidates++
		m := &l.kinds[kind]
		m.gain = m.gain*regionMemory + float64(before-l.bestCost)
		m.work = m.work*regionMemory + float64(l.work()-first) + 1
	}
}
