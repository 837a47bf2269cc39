package solver

import "drover/internal/model"

// lanesInAll is how many independent searches a run has. It does not depend on
// the number of threads, so that the answer does not either.
const lanesInAll = 2

// search is one run of Solve: lanes that search from a common incumbent, phase
// by phase.
type search struct {
	in      *instance
	o       Options
	start   []int32
	lanes   []*lane
	retired []*lane // walked in a crowd that is over

	best     []int32
	bestCost int64
	bestSoft int32
	stranded int // items without a lawful bin in best
	proven   bool

	heuristic bool    // no exact attempt
	ample     float64 // moves an item from which a crowd walks; crowdMoves
	least     int     // and movable items; crowdItems
	news      *news
}

func newSearch(in *instance, start []int32, o Options) *search {
	r := &search{in: in, o: o, start: start, ample: crowdMoves, least: crowdItems}
	n := lanesInAll
	if o.Evaluations <= 0 && o.Threads < 2 {
		n = 1
	}
	for k := range n {
		r.lanes = append(r.lanes, newLane(in, start, o.Seed*1_000_003+uint64(k)))
	}
	r.best = append([]int32(nil), start...)
	r.news = newNews(&r.o)
	for _, l := range r.lanes {
		l.without = o.Without
		if l.lanes = n; r.news.wanted() {
			l.news = r.news
		}
	}
	return r
}

// phase is a part of the budget.
type phase struct {
	until    float64 // share of the budget at its end
	regions  bool    // regions of the best placement of all lanes; else cooling
	from, to float64 // the part of the cooling that it goes through
	lanes    int     // how many walk; those that did best go on
}

// Shares of the budget: one long cooling, then regions. Between these, lanes
// share the best placement.
const (
	coolingShare = 0.88
	regionsShare = 0.94 // when regions are merged
)

// run searches until the budget is spent.
func (r *search) run() {
	first := r.lanes[0]
	first.penalty = repairPenalty
	r.mend(first)
	r.spread()
	base := r.heat()
	if !r.heuristic && r.proof(first) {
		r.proven = true
		return
	}
	from := 0.0
	if r.o.Evaluations <= 0 {
		r.descend(base)
		from = r.spent()
	}
	for _, ph := range r.phases(base) {
		if ph.lanes > 0 {
			r.choose(ph.lanes)
			r.grant(from)
		}
		r.parallel(func(k int, l *lane) {
			l.penalty, l.energy = base.penalty, mean{}
			switch share := r.share(k, from, ph.until); {
			case ph.regions:
				l.annealRegions(base, share)
			case ph.to == 1 && r.bends():
				r.coolLast(k, l, base, ph, from)
			default:
				l.anneal(base, ph.from, ph.to, share)
			}
			if ph.to == 1 {
				l.homing()
			}
		})
		if from = ph.until; ph.to == 1 {
			r.gather()
		}
	}
}

// gather hands the best placement of all lanes to every lane, mended where
// items are without a bin.
func (r *search) gather() {
	r.merge()
	if r.stranded > 0 {
		r.mend(r.lanes[0])
	}
	r.spread()
}

// repairPenalty is the price of a broken soft constraint while repairing, in
// units of cost: no saving outweighs it.
const repairPenalty = 1e15

// mend repairs the best placement in one lane and takes the result.
func (r *search) mend(l *lane) {
	l.adopt(r.best, l.s.cost, l.s.soft)
	l.s.cost = l.s.price()
	l.repair()
	copy(r.best, l.best)
	r.bestCost, r.bestSoft, r.stranded = l.bestCost, l.bestSoft, len(l.stranded)
	r.report()
}

// feasible tells whether the best placement breaks nothing.
func (r *search) feasible() bool { return r.bestSoft == 0 && r.stranded == 0 }

// share returns the function that tells the k-th lane how much of its part of a
// phase is over. Where a guard paces more lanes than there are threads, the
// phase is divided among those that share a thread.
func (r *search) share(k int, from, until float64) func() float64 {
	l := r.lanes[k]
	if r.o.Evaluations <= 0 {
		slots := (len(r.lanes) + r.threads() - 1) / r.threads()
		width := (until - from) / float64(slots)
		from += width * float64(k/r.threads())
		until = from + width
	}
	return func() float64 {
		spent := r.spentBy(l)
		if spent >= until {
			return 1
		}
		return max(0, (spent-from)/(until-from))
	}
}

// spentBy tells how much of the budget a lane has spent; 1 or more where the
// guard ends the search.
func (r *search) spentBy(l *lane) float64 {
	spent := r.spent()
	if r.o.Evaluations > 0 && spent < 1 {
		return float64(l.work()-l.credit) / r.each()
	}
	return spent
}

// each is a lane's part of the budget, in evaluations.
func (r *search) each() float64 { return float64(r.o.Evaluations) / float64(len(r.lanes)) }

// grant makes every lane's account say that a share of the budget is spent.
func (r *search) grant(spent float64) {
	for _, l := range r.lanes {
		l.credit = l.work() - int64(spent*r.each())
	}
}

// work is what a lane has spent of a budget of evaluations.
func (l *lane) work() int64 { return l.evaluations + (l.candidates-l.evaluations)/16 }

// merge takes the best of the lanes, the first on ties.
func (r *search) merge() {
	for _, l := range r.lanes {
		if l.bestSoft < r.bestSoft || l.bestSoft == r.bestSoft && l.bestCost < r.bestCost {
			l.settle()
			copy(r.best, l.best)
			r.bestCost, r.bestSoft = l.bestCost, l.bestSoft
		}
	}
	r.report()
}

// spread hands the best placement to every lane.
func (r *search) spread() {
	for _, l := range r.lanes {
		l.adopt(r.best, r.bestCost, r.bestSoft)
	}
}

func (r *search) report() {
	var n int64
	for _, l := range r.lanes {
		n += l.evaluations
	}
	if r.news.wanted() {
		r.news.offer(r.best, r.bestCost, !r.feasible(), n)
	}
}

// answer prices the best placement from scratch. Items that no bin could take
// stay where they run; if that broke more than the start did, the start stands.
func (r *search) answer() *model.Answer {
	p := r.in.problem
	a := &model.Answer{Assignment: make([]int, r.in.items), LowerBound: r.in.floor}
	start := make([]int, r.in.items)
	for i, b := range r.best {
		a.Assignment[i] = int(b)
		start[i] = int(r.start[i])
		if b < 0 {
			a.Assignment[i] = int(r.in.start[i])
		}
	}
	a.Costs, a.Violations = Evaluate(p, a.Assignment)
	var before []model.Violation
	a.Start, before = Evaluate(p, start)
	a.StartViolated = len(before)
	if worse := len(a.Violations) - len(before); worse > 0 || worse == 0 && a.Costs.Total() > a.Start.Total() {
		a.Assignment, a.Costs, a.Violations = start, a.Start, before
	}
	a.Violated = len(a.Violations)
	for i, b := range a.Assignment {
		if r.in.isMoved(int32(i), int32(b)) && b >= 0 {
			a.Moved++
		}
	}
	for _, l := range append(r.lanes, r.retired...) {
		a.Evaluations += l.evaluations
		a.Candidates += l.candidates
	}
	a.Proven = r.proven
	if a.Violated == 0 && (r.proven || a.Costs.Total() == a.LowerBound) {
		a.Proven, a.LowerBound = true, a.Costs.Total()
	}
	explain(p, r.in, a)
	return a
}
