package solver

import "testing"

// TestFeesBoundMoves walks at random and checks that no move of a complete
// placement saves more than its fees and what is spare, and that fees are kept.
func TestFeesBoundMoves(t *testing.T) {
	t.Parallel()
	moves := 0
	for seed := range uint64(150) {
		in := tightFleet(t, seed, 0)
		if !in.rising {
			continue
		}
		l := newLane(in, in.start, seed)
		l.repair()
		if _, violated := Evaluate(in.problem, intsOf(l.s.at)); len(violated) > 0 {
			continue // the bound holds for placements without violations
		}
		l.nearby, l.fees = true, true
		w := climate{t: 1e4, penalty: 1e9}
		for range 300 {
			l.tryShifts(&w)
			l.trySwaps(&w)
			i, j := in.movable[l.rng.below(len(in.movable))], in.movable[l.rng.below(len(in.movable))]
			a, b := l.s.at[i], l.s.at[j]
			if a == b || a < 0 || b < 0 || !l.thrifty() {
				continue
			}
			if delta, _, ok := l.s.shift(i, b, l.s.leaveGain(i)); ok {
				moves++
				if fees := in.moveFee(i, b) - in.moveFee(i, a); float64(delta) < float64(fees)-l.spare() {
					t.Fatalf("seed %d: a shift costs %d, its fees %d, spare %g", seed, delta, fees, l.spare())
				}
			}
			if delta, _, ok := l.s.swap(i, j); ok {
				moves++
				if fees := l.s.swapFees(i, j); float64(delta) < float64(fees)-l.spare() {
					t.Fatalf("seed %d: an exchange costs %d, its fees %d, spare %g", seed, delta, fees, l.spare())
				}
			}
		}
		var want int64
		for i, b := range l.s.at {
			want += in.moveFee(int32(i), b)
		}
		if l.s.fees != want {
			t.Fatalf("seed %d: fees %d, want %d", seed, l.s.fees, want)
		}
	}
	if moves < 1000 {
		t.Errorf("only %d moves were checked", moves)
	}
}

func intsOf(at []int32) []int {
	list := make([]int, len(at))
	for i, b := range at {
		list[i] = int(b)
	}
	return list
}

// TestFeesPrevailNearTheBound: a fleet whose load is at its bound pays fees
// alone, and one that breaks something is not judged.
func TestFeesPrevailNearTheBound(t *testing.T) {
	t.Parallel()
	in := compiled(t, racks(40, 99))
	l := newLane(in, in.start, 1)
	if l.feesAre(prevailShare) {
		t.Error("fees prevail where nothing has moved")
	}
	l.s.apply(0, 5, 0)
	l.s.cost = l.s.price()
	load := l.s.cost - l.s.fees - in.floor
	if want := float64(l.s.fees) > prevailShare*float64(load+l.s.fees); l.feesAre(prevailShare) != want {
		t.Errorf("fees %d of %d prevail: %t", l.s.fees, load+l.s.fees, !want)
	}
	l.s.cost = in.floor + l.s.fees
	if !l.feesAre(prevailShare) {
		t.Error("fees don't prevail where load is at its bound")
	}
	l.s.soft = 1
	if l.feesAre(prevailShare) {
		t.Error("fees prevail where something is broken")
	}
}

// TestFeesAreCooled: where half of the bins of every rack must shed load to the
// rest, the search finds nearer bins once load is at its bound.
func TestFeesAreCooled(t *testing.T) {
	t.Parallel()
	p := racks(200, 99)
	for k := range p.Items {
		p.Items[k].Demand[0] = 130 + int64(k%7)
		if k/4%2 == 1 {
			p.Items[k].Demand[0] = 88 + int64(k%5)
		}
	}
	if in := compiled(t, p); in.near == nil || in.roomy {
		t.Fatalf("near bins %t, roomy %t: not a tight fleet of racks", in.near != nil, in.roomy)
	}
	for seed := range uint64(3) {
		with := mustSolve(t, p, Options{Seed: seed, Evaluations: 400_000})
		without := mustSolve(t, p, Options{Seed: seed, Evaluations: 400_000, Without: Fees})
		t.Logf("seed %d: %v with, %v without, bound %d", seed, with.Costs, without.Costs, with.LowerBound)
		if with.Costs.Total() >= without.Costs.Total() {
			t.Errorf("seed %d: cost %d, without %d", seed, with.Costs.Total(), without.Costs.Total())
		}
	}
}

// TestStraysAreDrawnAsOftenAsOthers: few items pay a fee, and about half of the
// draws are for them; without a cooling of fees all are drawn alike.
func TestStraysAreDrawnAsOftenAsOthers(t *testing.T) {
	t.Parallel()
	in := compiled(t, racks(40, 90))
	l := newLane(in, in.start, 1)
	for i := range int32(10) { // to the other end of the fleet
		l.s.apply(i*16, 39, 0)
	}
	share := func() float64 {
		n := 0
		for range 10_000 {
			if l.strays(l.someItem(l.movable)) {
				n++
			}
		}
		return float64(n) / 10_000
	}
	if got := share(); got < 0.04 || got > 0.08 {
		t.Errorf("%.3f of the draws are for 10 strays of 160 items, want a sixteenth", got)
	}
	l.fees = true
	if got := share(); got < 0.4 || got > 0.75 {
		t.Errorf("%.3f of the draws are for strays where fees are cooled, want about half", got)
	}
}
