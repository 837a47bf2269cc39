package solver

// lane is one sequential search: a state, a generator, and the best placement
// it has met. Lanes never share memory while they run.
type lane struct {
	in      *instance
	s       *state
	rng     *rng
	without Technique

	evaluations int64 // feasible moves priced in full
	candidates  int64 // moves looked at

	penalty          float64 // price of a broken soft constraint
	energy           mean    // of what was walked through in this phase, broken constraints at their price
	price, basePrice float64 // see reprice; kept from phase to phase
	credit           int64   // work that doesn't count
	barred           int32   // a bin that compound moves must not use, or none
	cp               *brancher
	stranded         []int32 // items that repair found no place for

	repaired    int64 // work that repairs have cost
	repairUntil int64 // where the present one stops trying, in work

	// Moves are drawn from the scope: the whole problem or a region of it.
	movable []int32 // items
	bins    []int32 // nil: all
	held    []bool  // by item: not in the scope
	hosts   *hosts  // bins by item; nil: all
	region  *region
	nearby  bool // some bins are drawn near an item's start
	fees    bool // all are, and candidates are judged by their fees first; see thrifty
	kinds   []regionKind

	best     []int32
	bestCost int64
	bestSoft int32
	// since lists what changed after best was last written down; the first mark
	// entries lead to the best placement.
	undo    []change // of the compound move in progress
	away    float64  // change of what its items pay for being away
	pending []int32  // its items without a bin
	since   []change
	mark    int

	news     *news // nil: nobody listens
	lanes    int   // how many search
	tellNext int64 // candidates at the next offer
	whole    bool  // since is incomplete: best must be copied in full
}

// change is one item's new bin.
type change struct{ item, bin int32 }

func newLane(in *instance, start []int32, seed uint64) *lane {
	l := &lane{in: in, s: newState(in), rng: newRNG(seed), barred: none}
	l.s.load(start)
	l.wholeScope()
	l.nearby = in.roomy
	l.best = append([]int32(nil), start...)
	l.bestCost, l.bestSoft = l.s.cost, l.s.soft
	return l
}

// sinceLimit is how many changes are remembered before best is copied in full.
const sinceLimit = 1 << 15

// shiftTo makes a move and books it.
func (l *lane) shiftTo(i, b int32, delta int64) {
	l.s.apply(i, b, delta)
	l.note(i)
	l.noteBest()
}

// swapWith makes an exchange and books it.
func (l *lane) swapWith(i, j int32, delta int64) {
	l.s.applySwap(i, j, delta)
	l.note(i)
	l.note(j)
	l.noteBest()
}

func (l *lane) note(i int32) {
	if l.whole {
		return
	}
	if len(l.since) >= sinceLimit {
		l.settle()
		if len(l.since) >= sinceLimit {
			l.whole = true
			return
		}
	}
	l.since = append(l.since, change{i, l.s.at[i]})
}

// noteBest marks the current placement where it is the best so far.
func (l *lane) noteBest() {
	s := l.s
	if s.soft > l.bestSoft || s.soft == l.bestSoft && s.cost >= l.bestCost {
		return
	}
	l.bestCost, l.bestSoft = s.cost, s.soft
	if l.whole {
		copy(l.best, s.at)
		l.since, l.mark, l.whole = l.since[:0], 0, false
		return
	}
	l.mark = len(l.since)
}

// settle writes the best placement down and keeps the changes after it.
func (l *lane) settle() {
	for _, c := range l.since[:l.mark] {
		l.best[c.item] = c.bin
	}
	l.since = l.since[:copy(l.since, l.since[l.mark:])]
	l.mark = 0
}

// resetBest makes the present placement the best one, whatever it costs.
func (l *lane) resetBest() {
	copy(l.best, l.s.at)
	l.bestCost, l.bestSoft = l.s.cost, l.s.soft
	l.since, l.mark, l.whole = l.since[:0], 0, false
}

// adopt makes another placement the lane's best and current one.
func (l *lane) adopt(at []int32, cost int64, soft int32) {
	l.settle()
	copy(l.best, at)
	l.bestCost, l.bestSoft = cost, soft
	l.s.moveTo(l.best, cost)
	l.since, l.mark, l.whole = l.since[:0], 0, false
}

// backToBest undoes everything since the best placement.
func (l *lane) backToBest() {
	s := l.s
	if l.whole {
		l.s.moveTo(l.best, l.bestCost)
		l.since, l.mark, l.whole = l.since[:0], 0, false
		return
	}
	l.settle()
	for _, c := range l.since {
		if b := l.best[c.item]; s.at[c.item] != b {
			s.apply(c.item, b, 0)
		}
	}
	s.cost = l.bestCost
	l.since = l.since[:0]
}
