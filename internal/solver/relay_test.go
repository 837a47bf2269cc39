package solver

import (
	"testing"

	"drover/internal/model"
)

// rationed is a problem of one resource and two unequal bins, of which only one
// item may leave its start: item 1 has, item 0 would save more.
func rationed(t *testing.T) (*model.Problem, *lane) {
	t.Helper()
	p := &model.Problem{
		Resources: []model.PackedResource{{LoadWeight: 10}},
		Bins: []model.Bin{
			{Capacity: []int64{100}, Safety: []int64{20}},
			{Capacity: []int64{100}, Safety: []int64{50}, Location: 1},
		},
		Groups:   []model.Group{{}, {}},
		Items:    []model.Item{{Group: 0, Demand: []int64{40}}, {Group: 1, Demand: []int64{30}}},
		MaxMoves: 1,
	}
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, newLane(in, []int32{0, 1}, 1)
}

func TestRelayExchangesWhatIsAway(t *testing.T) {
	t.Parallel()
	p, l := rationed(t)
	cold := climate{t: 0, penalty: 1e9}
	if _, _, ok := l.s.shift(0, 1, l.s.leaveGain(0)); ok {
		t.Fatal("a second item may leave its start")
	}
	for range 100 {
		l.tryShifts(&cold)
	}
	if l.s.at[0] != 0 || l.s.at[1] != 1 {
		t.Fatalf("shifts alone came to %v", l.s.at)
	}
	for range 100 {
		l.tryRelay(&cold)
	}
	if l.s.at[0] != 1 || l.s.at[1] != 0 {
		t.Errorf("items stand on %v, want the larger one away and the smaller one home", l.s.at)
	}
	checkState(t, p, l.s, "relay")
	if l.bestCost != l.s.cost {
		t.Errorf("best %d, cost %d", l.bestCost, l.s.cost)
	}
}

func TestRelaysKeepConstraints(t *testing.T) {
	t.Parallel()
	relayed := 0
	for seed := range uint64(30) {
		in := tightFleet(t, seed, uint(seed*2654435761)&allFeatures&^withNew)
		l := newLane(in, in.start, seed)
		l.repair()
		_, broken := Evaluate(in.problem, asInts(l.s.at))
		before := hardBroken(broken)
		w := climate{t: 300, penalty: 1e3}
		for range 100 {
			l.tryShifts(&w)
			cost := l.s.cost
			l.tryRelay(&w)
			if l.s.cost != cost {
				relayed++
			}
			checkState(t, in.problem, l.s, "relay")
		}
		_, broken = Evaluate(in.problem, asInts(l.s.at))
		for kind, n := range hardBroken(broken) {
			if n > before[kind] {
				t.Fatalf("seed %d: %s broken %d times, %d before", seed, kind, n, before[kind])
			}
		}
	}
	if relayed < 30 {
		t.Errorf("only %d of 3000 relays changed anything", relayed)
	}
}

func TestRelayLeavesTheRegionsOutsideAlone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		in := tightFleet(t, seed, 0)
		l := newLane(in, in.start, seed)
		w := climate{t: 1e4, penalty: 1e5}
		for range 300 {
			l.tryShifts(&w)
		}
		if !l.enterRegion(12) {
			continue
		}
		at := append([]int32(nil), l.s.at...)
		for range 300 {
			l.tryRelay(&w)
		}
		for i, b := range l.s.at {
			if b != at[i] && l.held[i] {
				t.Fatalf("seed %d: item %d moved and is outside the region", seed, i)
			}
		}
	}
}

func TestHomePriceFallsWithTheBudget(t *testing.T) {
	t.Parallel()
	last := homeFor(50, 100)
	if last != homeMost {
		t.Errorf("a short budget asks %g, want %g", last, homeMost)
	}
	for _, moves := range []float64{1000, 3000, 8000, 1e6} {
		home := homeFor(50, moves)
		if home > last {
			t.Errorf("%g moves an item ask %g, fewer asked %g", moves, home, last)
		}
		last = home
	}
	if last != homeFine {
		t.Errorf("an ample budget asks %g, want %g", last, homeFine)
	}
	if got := homeFor(5, 1e6); got != homeCoarse {
		t.Errorf("a coarse fleet asks %g, want %g", got, homeCoarse)
	}
}
