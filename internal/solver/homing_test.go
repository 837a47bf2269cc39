package solver

import "testing"

func TestHomingSendsHomeWhatNeedNotBeAway(t *testing.T) {
	t.Parallel()
	sent := 0
	for seed := range uint64(30) {
		features := uint(seed*40503) & allFeatures &^ (withPower | withTraffic)
		p := randomProblem(newRand(seed), shape{items: 40, bins: 8, groups: 8, resources: 3, periods: 1, features: features, tight: 0.4})
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		l := newLane(in, in.start, seed)
		l.repair()
		w := climate{t: 50, penalty: 1e9}
		for range 100 {
			l.tryShifts(&w)
		}
		l.resetBest()
		cost, soft, away := l.s.cost, l.s.soft, l.s.movedItems
		l.homing()
		checkState(t, p, l.s, "after homing")
		if l.s.cost > cost || l.s.soft > soft || l.s.movedItems > away || l.bestCost != l.s.cost {
			t.Fatalf("seed %d: cost %d to %d, broken %d to %d, away %d to %d", seed, cost, l.s.cost, soft, l.s.soft, away, l.s.movedItems)
		}
		sent += int(away - l.s.movedItems)
	}
	if sent < 30 {
		t.Errorf("only %d items were sent home", sent)
	}
}
