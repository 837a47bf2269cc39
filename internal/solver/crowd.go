package solver

import (
	"cmp"
	"slices"
)

// Two coolings of one placement end far apart, and it is decided early: what
// costs less while it is still warm costs less in the end. So many lanes walk
// while it is warm, from time to time those that do worst are replaced by copies
// of those that do best, and only as many as there were at first walk to the end
// ("go with the winners", Aldous & Vazirani 1994). It takes budget from the cold
// part, so it is done where there is much for each item.
const (
	crowdSize   = 4
	crowdMoves  = 500_000.0 // moves an item that it takes
	crowdItems  = 500       // and items: smaller problems are solved anyway
	crowdMemory = 1 << 24   // most counters of all lanes together
	crowdFrom   = 0.1       // of the cooling: the first choice
	crowdStep   = 0.05      // between two choices
	crowdUntil  = 0.5       // the last choice
	crowdLosers = 1         // lanes replaced at each choice
)

// phases divides the budget.
func (r *search) phases(c schedule) []phase {
	n := len(r.lanes)
	switch {
	case r.o.Without&Regions != 0:
		return []phase{{until: 1, to: 1}}
	case !r.crowded(c):
		return append([]phase{{until: coolingShare, to: 1}}, lastPhases...)
	}
	// What a step of the cooling costs while the crowd walks, in steps of the rest.
	dear := float64(crowdSize) / float64(n)
	all := dear*crowdUntil + 1 - crowdUntil
	var list []phase
	from := 0.0
	for to := crowdFrom; to < crowdUntil+crowdStep/2; to += crowdStep {
		list = append(list, phase{until: coolingShare * dear * to / all, from: from, to: to, lanes: crowdSize})
		from = to
	}
	list = append(list, phase{until: coolingShare, from: from, to: 1, lanes: n})
	return append(list, lastPhases...)
}

// lastPhases are what follows the cooling.
var lastPhases = []phase{{until: regionsShare, regions: true, to: 1}, {until: 1, regions: true, to: 1}}

// crowded tells whether a crowd pays.
func (r *search) crowded(c schedule) bool {
	n, counters := len(r.in.movable), r.in.denseRows*r.in.bins+r.in.rows*(r.in.locations+5*r.in.nearbys)
	return r.o.Without&Crowd == 0 && n >= r.least && c.perItem >= r.ample && counters <= crowdMemory/crowdSize
}

// choose makes n lanes walk: new ones start like the first; of too many, those
// that do best stay; and where the number stays, the losers follow the winners.
func (r *search) choose(n int) {
	r.merge()
	if first := r.lanes[0]; n > len(r.lanes) {
		for k := len(r.lanes); k < n; k++ {
			l := newLane(r.in, r.best, r.o.Seed*1_000_003+uint64(k))
			l.adopt(r.best, r.bestCost, r.bestSoft)
			l.s.moveTo(first.s.at, first.s.cost)
			l.whole = true
			l.news, l.lanes, l.without = first.news, n, r.o.Without
			r.lanes = append(r.lanes, l)
		}
		return
	}
	slices.SortStableFunc(r.lanes, func(a, b *lane) int { return cmp.Compare(a.energy.value(), b.energy.value()) })
	if n < len(r.lanes) {
		r.retired = append(r.retired, r.lanes[n:]...)
		r.lanes = r.lanes[:n:n]
		return
	}
	for k := range crowdLosers {
		r.lanes[n-1-k].follow(r.lanes[k])
	}
}

// follow makes a lane go on from where another one is, by its own random numbers.
func (l *lane) follow(o *lane) {
	o.settle()
	l.adopt(o.best, o.bestCost, o.bestSoft)
	l.s.moveTo(o.s.at, o.s.cost)
	l.whole = true
	l.price, l.basePrice = o.price, o.basePrice
	l.stranded = append(l.stranded[:0], o.stranded...)
}

// mean adds values up.
type mean struct{ sum, n float64 }

func (m *mean) add(v float64) { m.sum, m.n = m.sum+v, m.n+1 }

func (m *mean) value() float64 { return m.sum / max(1, m.n) }
