package solver

import (
	"math"
	"reflect"
	"testing"

	"drover/internal/model"
)

// crowdSearch is a search in which a crowd walks although the problem is small.
func crowdSearch(t *testing.T, p *model.Problem, o Options) *search {
	t.Helper()
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	r := newSearch(in, in.start, o)
	r.heuristic, r.ample, r.least = true, 0, 0
	return r
}

func TestCrowdGivesTheSameOnAnyNumberOfThreads(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		p := randomProblem(newRand(seed), shape{items: 60, bins: 9, groups: 12, resources: 3, periods: 2, features: uint(seed * 40503), tight: 0.6})
		var first *model.Answer
		for _, threads := range []int{1, 2, 5} {
			r := crowdSearch(t, p, Options{Seed: seed, Evaluations: 60_000, Threads: threads})
			r.run()
			if len(r.lanes) != lanesInAll || len(r.retired) != crowdSize-lanesInAll {
				t.Fatalf("%d lanes in the end, %d gave up", len(r.lanes), len(r.retired))
			}
			a := r.answer()
			costs, broken := Evaluate(p, a.Assignment)
			if costs != a.Costs || len(broken) != a.Violated || a.Violated > a.StartViolated {
				t.Fatalf("seed %d: says %v, %d broken; is %v, %d", seed, a.Costs, a.Violated, costs, len(broken))
			}
			if a.Evaluations+(a.Candidates-a.Evaluations)/16 > 90_000 {
				t.Errorf("seed %d: %d evaluations, %d candidates for a budget of 60,000", seed, a.Evaluations, a.Candidates)
			}
			if first == nil {
				first = a
			} else if !reflect.DeepEqual(first.Assignment, a.Assignment) {
				t.Fatalf("seed %d: %d threads find another placement", seed, threads)
			}
		}
	}
}

func TestLosersFollowWinners(t *testing.T) {
	t.Parallel()
	p := randomProblem(newRand(4), shape{items: 40, bins: 8, groups: 8, resources: 2, periods: 1, tight: 0.5})
	r := crowdSearch(t, p, Options{Seed: 1, Evaluations: 1000})
	r.mend(r.lanes[0])
	r.spread()
	r.choose(crowdSize)
	w := climate{t: math.Inf(1)}
	for k, l := range r.lanes {
		for range 50 * (k + 1) {
			l.tryShifts(&w)
		}
		l.energy.add(float64(k ^ 2)) // 2 is best, 1 worst
	}
	best, worst := r.lanes[2], r.lanes[1]
	r.choose(crowdSize)
	if r.lanes[0] != best || r.lanes[crowdSize-1] != worst || !reflect.DeepEqual(worst.s.at, best.s.at) || worst.s.cost != best.s.cost {
		t.Fatal("the worst doesn't stand where the best does")
	}
	for _, l := range r.lanes {
		checkState(t, p, l.s, "after the choice")
		l.backToBest()
		checkState(t, p, l.s, "on the best placement")
	}
	r.choose(2)
	if len(r.lanes) != 2 || len(r.retired) != crowdSize-2 {
		t.Errorf("%d lanes, %d retired", len(r.lanes), len(r.retired))
	}
}

func TestPhasesDivideTheBudget(t *testing.T) {
	t.Parallel()
	p := randomProblem(newRand(4), shape{items: 40, bins: 8, groups: 8, resources: 2, periods: 1, tight: 0.5})
	for _, threads := range []int{1, 2} {
		r := crowdSearch(t, p, Options{Guard: func() float64 { return 0 }, Threads: threads})
		n := len(r.lanes)
		list := r.phases(schedule{perItem: 1})
		until, cold, time := 0.0, 0.0, 0.0
		for k, ph := range list {
			if ph.until <= until || !ph.regions && ph.from != cold {
				t.Fatalf("phase %d of %+v", k, list)
			}
			if !ph.regions {
				// Every lane has the same time for the same part of the cooling.
				if pace := (ph.until - until) / float64(ph.lanes) / (ph.to - ph.from); time == 0 {
					time = pace
				} else if math.Abs(pace/time-1) > 1e-6 {
					t.Errorf("phase %d: pace %g, before %g", k, pace, time)
				}
				cold = ph.to
			}
			until = ph.until
		}
		if until != 1 || cold != 1 || list[len(list)-3].lanes != n {
			t.Errorf("phases %+v", list)
		}
		r.o.Without = Crowd
		if got := r.phases(schedule{perItem: 1}); len(got) != 3 {
			t.Errorf("without a crowd: %+v", got)
		}
	}
}
