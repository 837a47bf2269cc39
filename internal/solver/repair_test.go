package solver

import (
	"testing"

	"drover/internal/model"
)

// pinnedLast returns three items on one of two bins, of which the last is pinned.
func pinnedLast(groups []model.Group, of [3]int) *model.Problem {
	p := &model.Problem{Periods: 1, Resources: []model.PackedResource{{}}, Groups: groups,
		Bins: []model.Bin{{Capacity: []int64{9}}, {Capacity: []int64{9}, Location: 1, Neighbourhood: 1}}}
	for i, g := range of {
		p.Items = append(p.Items, model.Item{Group: g, Demand: []int64{1}, Pinned: i == 2})
	}
	return p
}

// Where a fixed item comes last, others must make way for it.
func TestRepairCountsFixedItemsFirst(t *testing.T) {
	for name, p := range map[string]*model.Problem{
		"conflict":      pinnedLast([]model.Group{{MaxPerBin: 2}}, [3]int{0, 0, 0}),
		"anti-affinity": pinnedLast([]model.Group{{AntiAffinity: []int{1}}, {}}, [3]int{0, 0, 1}),
	} {
		for _, exact := range []bool{false, true} {
			a := mustSolve(t, p, Options{Evaluations: 10_000, Exact: exact})
			if a.Violated > 0 || a.Assignment[2] != 0 {
				t.Errorf("%s, exact %v: %v breaks %v", name, exact, a.Assignment, a.Violations)
			}
		}
	}
}

// Largest first alone leaves items stranded that have a place in another order;
// the exact mode tells which starts can be mended.
func TestRepairTriesOtherOrders(t *testing.T) {
	t.Parallel()
	tried, mended := 0, 0
	for seed := range uint64(120) {
		p := randomProblem(newRand(seed), shape{items: 8, bins: 4, groups: 4, resources: 2, periods: 1,
			features: withApart | withSets | withQuotas, tight: 0.5})
		exact := mustSolve(t, p, Options{Evaluations: 2_000_000, Exact: true})
		if exact.StartViolated == 0 || exact.Violated > 0 {
			continue
		}
		tried++
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		l := newLane(in, in.start, seed)
		l.penalty = repairPenalty
		l.repair()
		_, broken := Evaluate(p, asInts(l.s.at))
		if stranded := len(l.stranded) > 0; stranded != (len(broken) > 0) {
			t.Fatalf("seed %d: %d stranded, %v broken", seed, len(l.stranded), broken)
		}
		checkState(t, p, l.s, "repair")
		if len(l.stranded) == 0 {
			mended++
		}
	}
	if tried < 30 || mended*20 < tried*19 {
		t.Errorf("%d of %d starts mended, want 95 %%", mended, tried)
	}
}

// A fleet that can't hold its load must not keep repair trying for ever.
func TestRepairOfTheHopelessEnds(t *testing.T) {
	t.Parallel()
	p := &model.Problem{Periods: 1, Resources: []model.PackedResource{{}}}
	const bins, each = 100, 8
	for range bins {
		p.Bins = append(p.Bins, model.Bin{Capacity: []int64{100}, Location: len(p.Bins), Neighbourhood: len(p.Bins)})
	}
	for i := range bins * each {
		p.Groups = append(p.Groups, model.Group{})
		p.Items = append(p.Items, model.Item{Group: i, Start: i % bins, Demand: []int64{int64(20 + i%3)}})
	}
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	l := newLane(in, in.start, 1)
	l.penalty = repairPenalty
	for range 3 {
		l.repair()
	}
	if len(l.stranded) == 0 {
		t.Error("everything has a place in a fleet that is too full")
	}
	// One ejection may run over, and each repair offers every item all bins once.
	if most := int64(repairWork + 3*bins*each*bins/8); l.work() > most {
		t.Errorf("repairs cost %d, want at most %d", l.work(), most)
	}
	checkState(t, p, l.s, "repair")
}
