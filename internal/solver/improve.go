package solver

import (
	"context"
	"math"
	"sync"

	"drover/internal/model"
)

// Improvement is a placement better than the incumbent and than those before it.
type Improvement struct {
	Assignment  []int // bin by item, model.Unplaced where it has none yet
	Cost        int64
	Violated    bool // some hard constraint is still broken
	Evaluations int64
}

// Improve searches from an incumbent until the budget is spent or ctx ends, and
// hands every better placement to each as it is found, some a second.
// It returns the last one with its bound, as Solve does. An empty incumbent
// means the items' starts. each is called by one goroutine at a time; which
// placements it sees on the way depends on timing, the answer does not, unless
// ctx ends the search.
func Improve(ctx context.Context, p *model.Problem, incumbent []int, o Options, each func(Improvement)) (*model.Answer, error) {
	outer := o.Guard
	if outer == nil && o.Evaluations <= 0 {
		o.Evaluations = DefaultEvaluations
	}
	o.Guard = func() float64 {
		if ctx.Err() != nil {
			return 1
		}
		if outer != nil {
			return outer()
		}
		return 0
	}
	o.Incumbent, o.improved = incumbent, each
	return Solve(p, o)
}

// tellEvery is how many candidates a lane looks at between two offers of its
// best placement to whoever listens.
const tellEvery = 1 << 19

// news passes better placements on, each better than all before. It is shared
// by the lanes.
type news struct {
	mu       sync.Mutex
	cost     int64
	violated bool
	done     int64 // evaluations, at the last message
	o        *Options
}

func newNews(o *Options) *news { return &news{o: o, cost: math.MaxInt64, violated: true} }

// wanted tells whether anybody listens.
func (n *news) wanted() bool { return n.o.Progress != nil || n.o.improved != nil }

// offer passes a placement on where it is better than what was passed on last.
func (n *news) offer(at []int32, cost int64, violated bool, evaluations int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if violated && !n.violated || violated == n.violated && cost >= n.cost {
		return
	}
	n.cost, n.violated, n.done = cost, violated, max(n.done, evaluations)
	if n.o.Progress != nil {
		n.o.Progress(Progress{Cost: cost, Violated: violated, Evaluations: n.done})
	}
	if n.o.improved == nil {
		return
	}
	m := Improvement{Assignment: make([]int, len(at)), Cost: cost, Violated: violated, Evaluations: n.done}
	for i, b := range at {
		m.Assignment[i] = int(b)
	}
	n.o.improved(m)
}

// tell offers the lane's best placement, unless it did so lately.
func (l *lane) tell() {
	if l.news == nil || l.candidates < l.tellNext {
		return
	}
	l.tellNext = l.candidates + tellEvery
	l.settle()
	l.news.offer(l.best, l.bestCost, l.bestSoft > 0 || len(l.stranded) > 0, l.evaluations*int64(l.lanes))
}
