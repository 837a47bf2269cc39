package solver

import "testing"

// tightFleet is a random problem in which transient room is scarce, so that
// lists of hosts are kept.
func tightFleet(t *testing.T, seed uint64, features uint) *instance {
	t.Helper()
	p := randomProblem(newRand(seed), shape{items: 40, bins: 9, groups: 8, resources: 3, periods: 1,
		features: features | withTransient, tight: 0.8})
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestHostsAreTheBinsThatCouldHold(t *testing.T) {
	t.Parallel()
	listed := 0
	for seed := range uint64(20) {
		in := tightFleet(t, seed, withSets)
		if in.hosts == nil {
			continue
		}
		listed++
		for i := range int32(in.items) {
			want := map[int32]bool{}
			for b := range int32(in.bins) {
				if !in.fixed[i] && b != in.start[i] && in.couldHold(i, b) && in.admits(i, b) {
					want[b] = true
				}
			}
			got := in.hosts.of(i)
			if len(got) != len(want) {
				t.Fatalf("seed %d: item %d has hosts %v, want %v", seed, i, got, want)
			}
			for _, b := range got {
				if !want[b] {
					t.Fatalf("seed %d: item %d could not be on %d", seed, i, b)
				}
			}
		}
	}
	if listed < 5 {
		t.Errorf("only %d of 20 tight fleets keep lists", listed)
	}
}

// TestNoShiftIsFeasibleBeyondHosts walks at random and checks that the lists
// leave nothing out.
func TestNoShiftIsFeasibleBeyondHosts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		in := tightFleet(t, seed, 0)
		if in.hosts == nil {
			continue
		}
		l := newLane(in, in.start, seed)
		for range 200 {
			l.tryShifts(&climate{t: 1e5, penalty: 1e9})
			i, b := in.movable[l.rng.below(len(in.movable))], int32(l.rng.below(in.bins))
			if l.s.at[i] == b || in.start[i] == b {
				continue
			}
			if _, _, ok := l.s.shift(i, b, l.s.leaveGain(i)); ok && !containsItem(in.hosts.of(i), b) {
				t.Fatalf("seed %d: item %d may go to %d, which is not among its hosts", seed, i, b)
			}
		}
	}
}

func TestRegionHoldsEverythingElse(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		in := tightFleet(t, seed, uint(seed*2654435761)&allFeatures)
		l := newLane(in, in.start, seed)
		l.repair()
		if !l.enterRegion(12) {
			continue
		}
		at := append([]int32(nil), l.s.at...)
		free := map[int32]bool{}
		for _, i := range l.movable {
			if in.fixed[i] || !containsItem(l.bins, at[i]) {
				t.Fatalf("seed %d: item %d on bin %d does not belong to a region of bins %v", seed, i, at[i], l.bins)
			}
			free[i] = true
		}
		w := climate{t: 1e5, penalty: 1e5}
		for range 300 {
			l.tryShifts(&w)
			l.trySwaps(&w)
			l.tryEject(&w)
			l.tryClear(&w)
		}
		checkState(t, in.problem, l.s, "region")
		for i, b := range l.s.at {
			if b != at[i] && !free[int32(i)] {
				t.Fatalf("seed %d: item %d moved and is outside the region", seed, i)
			}
			if b != at[i] && b != in.start[i] && !containsItem(l.bins, b) {
				t.Fatalf("seed %d: item %d went to bin %d outside the region", seed, i, b)
			}
		}
		l.leaveRegion()
		for i, held := range l.region.held {
			if !held {
				t.Fatalf("seed %d: item %d is still free after the region", seed, i)
			}
		}
		if len(l.movable) != len(in.movable) || l.bins != nil {
			t.Fatalf("seed %d: the scope is not the whole problem again", seed)
		}
	}
}

func TestRegionsNeverLoseTheBest(t *testing.T) {
	t.Parallel()
	better := 0
	for seed := range uint64(20) {
		in := tightFleet(t, seed, uint(seed*40503)&allFeatures&^withNew)
		l := newLane(in, in.start, seed)
		l.repair()
		cost, soft := l.bestCost, l.bestSoft
		c := schedule{typical: 100, hot: 400, cold: 1, penalty: 1e4, home: 2, eject: 32}
		l.annealRegions(c, func() float64 { return float64(l.work()) / 30_000 })
		checkState(t, in.problem, l.s, "after regions")
		if l.s.cost != l.bestCost || l.s.soft != l.bestSoft {
			t.Fatalf("seed %d: stands at %d (%d broken), best is %d (%d)", seed, l.s.cost, l.s.soft, l.bestCost, l.bestSoft)
		}
		if l.bestSoft > soft || l.bestSoft == soft && l.bestCost > cost {
			t.Fatalf("seed %d: best went from %d (%d broken) to %d (%d)", seed, cost, soft, l.bestCost, l.bestSoft)
		}
		if l.bestSoft < soft || l.bestCost < cost {
			better++
		}
	}
	if better < 10 {
		t.Errorf("regions improved only %d of 20 starts", better)
	}
}

func TestBackToBestUndoesWhatFollowed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		in := tightFleet(t, seed, allFeatures&^(withNew|withQuotas))
		l := newLane(in, in.start, seed)
		l.repair()
		for round := range 6 {
			l.whole = round == 3 && len(l.since) == 0
			hot := climate{t: 1e6, penalty: 1}
			for range 100 {
				l.tryShifts(&hot)
				l.trySwaps(&hot)
				l.tryEject(&hot)
			}
			cost, soft := l.bestCost, l.bestSoft
			l.backToBest()
			checkState(t, in.problem, l.s, "back")
			if l.s.cost != cost || l.s.soft != soft {
				t.Fatalf("seed %d: back at %d (%d broken), best was %d (%d)", seed, l.s.cost, l.s.soft, cost, soft)
			}
		}
	}
}

func TestChooseKindPrefersWhatPays(t *testing.T) {
	t.Parallel()
	l := &lane{rng: newRNG(1), kinds: make([]regionKind, 5)}
	for k := range l.kinds {
		l.kinds[k] = regionKind{gain: float64(k), work: 10}
	}
	counts := make([]int, len(l.kinds))
	for range 1000 {
		counts[l.chooseKind()]++
	}
	if counts[4] < 700 {
		t.Errorf("the best kind was chosen %d times of 1000: %v", counts[4], counts)
	}
	for k, n := range counts {
		if n == 0 {
			t.Errorf("kind %d is never explored", k)
		}
	}
	l.kinds[2] = regionKind{}
	tried := 0
	for range 1000 {
		if l.chooseKind() == 2 {
			tried++
		}
	}
	if tried < 700 {
		t.Errorf("a kind that was never tried was chosen %d times of 1000", tried)
	}
}

func TestRepriceMendsInTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		price, done, step float64
		broken            int32
		least, most       float64
	}{
		{"warm", 5, 0.05, 0.01, 3, 5, 5},
		{"broken", 5, 0.3, 0.01, 1, 5 * 1.8, 5 * 1.9},
		{"whole", 5, 0.3, 0.01, 0, 4, 4},
		{"whole and dear", 20, 0.3, 0.01, 0, 10, 12},
		{"broken and dear", 39, 0.3, 0.01, 1, 40, 40},
		{"late and whole", 5, 0.7, 0.01, 0, priceCeiling, priceCeiling},
		{"late and broken", 5, 0.7, 0.01, 1, 5 * 1.8, 5 * 1.9},
		{"bounded", 1e15, 0.9, 0.5, 1, priceCeiling, priceCeiling},
	} {
		if got := reprice(c.price, 4, c.done, c.step, c.broken); got < c.least || got > c.most {
			t.Errorf("%s: price %g, want %g to %g", c.name, got, c.least, c.most)
		}
	}
}
