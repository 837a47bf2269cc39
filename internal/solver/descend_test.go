package solver

import (
	"reflect"
	"sync/atomic"
	"testing"
)

func TestDescentLeavesTheLanesWhereTheyWere(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	var asked atomic.Int64
	r := crowdSearch(t, p, Options{Seed: 1, Threads: 2, Guard: func() float64 { return float64(asked.Add(1)) / 40_000 }})
	r.mend(r.lanes[0])
	r.spread()
	base := r.heat()
	start, before := append([]int32(nil), r.best...), r.bestCost
	r.descend(base)
	if r.bestSoft > 0 || float64(r.bestCost) > 0.97*float64(before) {
		t.Errorf("the descent goes from %d to %d, %d broken", before, r.bestCost, r.bestSoft)
	}
	for _, l := range r.lanes {
		if !reflect.DeepEqual(l.s.at, start) || l.s.cost != before {
			t.Error("a lane doesn't stand where it did")
		}
		checkState(t, p, l.s, "after the descent")
		l.backToBest()
		checkState(t, p, l.s, "on the best placement")
		if l.s.cost != l.bestCost {
			t.Errorf("the best placement costs %d, not %d", l.s.cost, l.bestCost)
		}
	}
}

// TestInterruptedSearchKeepsWhatItHas: whenever a guard ends the search, the
// answer is no worse than what was streamed.
func TestInterruptedSearchKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	for _, calls := range []int64{5, 300, 1000, 3000, 9000} {
		var asked atomic.Int64
		least := int64(1 << 62)
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		r := newSearch(in, in.start, Options{Seed: 2, Threads: 2,
			Guard: func() float64 {
				if n := asked.Add(1); n < calls {
					return float64(n) / 10_000
				}
				return 1
			},
			improved: func(m Improvement) {
				if !m.Violated {
					least = min(least, m.Cost)
				}
			}})
		r.heuristic, r.ample, r.least = true, 0, 0
		r.run()
		if a := r.answer(); a.Violated > 0 || a.Costs.Total() > least {
			t.Errorf("ended at call %d: cost %d, %d broken; streamed %d", calls, a.Costs.Total(), a.Violated, least)
		}
	}
}
