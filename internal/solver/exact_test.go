package solver

import (
	"strings"
	"testing"

	"drover/internal/model"
)

// brute tries every placement of a tiny problem; ok is false where none breaks
// nothing.
func brute(p *model.Problem) (best int64, ok bool) {
	at := make([]int, len(p.Items))
	var try func(i int)
	try = func(i int) {
		if i == len(at) {
			if c, broken := Evaluate(p, at); len(broken) == 0 && (!ok || c.Total() < best) {
				best, ok = c.Total(), true
			}
			return
		}
		for b := range p.Bins {
			at[i] = b
			try(i + 1)
		}
	}
	try(0)
	return best, ok
}

func tiny(seed uint64) *model.Problem {
	return randomProblem(newRand(seed), shape{items: 5, bins: 4, groups: 3, resources: 2, periods: 1 + int(seed%2),
		features: uint(seed*2654435761) & allFeatures, tight: 0.35})
}

func TestExactAgreesWithEnumeration(t *testing.T) {
	t.Parallel()
	solved, infeasible := 0, 0
	for seed := range uint64(50) {
		p := tiny(seed)
		want, ok := brute(p)
		a := mustSolve(t, p, Options{Seed: seed, Evaluations: 2_000_000, Exact: true})
		switch {
		case !a.Proven:
			t.Errorf("seed %d: not proven", seed)
		case !ok:
			infeasible++
			if a.Violated == 0 {
				t.Errorf("seed %d: feasible answer to an infeasible problem", seed)
			}
		case a.Violated > 0 || a.Costs.Total() != want || a.LowerBound != want:
			t.Errorf("seed %d: cost %d bound %d violated %v, optimum %d", seed, a.Costs.Total(), a.LowerBound, a.Violations, want)
		default:
			solved++
		}
	}
	if solved < 12 || infeasible < 5 {
		t.Errorf("only %d solved and %d infeasible cases: the generator is too narrow", solved, infeasible)
	}
}

func TestSearchFindsMostOptima(t *testing.T) {
	t.Parallel()
	cases, found := 0, 0
	for seed := range uint64(30) {
		p := randomProblem(newRand(seed+500), shape{items: 8, bins: 4, groups: 4, resources: 2, periods: 1, features: allFeatures &^ (withQuotas | withNew), tight: 0.35})
		exact := mustSolve(t, p, Options{Seed: seed, Evaluations: 5_000_000, Exact: true})
		if !exact.Proven || exact.Violated > 0 {
			continue
		}
		cases++
		if a := mustSolve(t, p, Options{Seed: seed, Evaluations: 40_000}); a.Violated == 0 && a.Costs.Total() == exact.Costs.Total() {
			found++
		}
	}
	if cases < 6 || found*100 < cases*90 {
		t.Errorf("the search finds %d of %d optima", found, cases)
	}
}

func TestBoundHoldsAtTheOptimum(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		p := tiny(seed + 100)
		want, ok := brute(p)
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		if bound := in.lowerBound(); ok && bound > want {
			t.Errorf("seed %d: bound %d is above the optimum %d", seed, bound, want)
		}
	}
}

func TestInfeasibilityIsExplained(t *testing.T) {
	t.Parallel()
	bin := func(zone int, memory int64) model.Bin {
		return model.Bin{Location: zone, Capacity: []int64{memory, 100}}
	}
	p := &model.Problem{
		Resources: []model.PackedResource{{Name: "memory"}, {Name: "cpu"}},
		Bins:      []model.Bin{bin(0, 10), bin(1, 10), bin(2, 4)},
		Groups:    []model.Group{{Name: "web", MaxPerBin: 1, MinSpread: 3}, {Name: "db"}},
		Items: []model.Item{
			{Name: "web/0", Group: 0, Demand: []int64{8, 1}, Start: 0},
			{Name: "web/1", Group: 0, Demand: []int64{8, 1}, Start: 1},
			{Name: "web/2", Group: 0, Demand: []int64{8, 1}, Start: model.Unplaced},
			{Name: "db/0", Group: 1, Demand: []int64{2, 1}, Start: 0},
		},
	}
	a := mustSolve(t, p, Options{Evaluations: 10_000, Exact: true})
	if !a.Proven || a.Violated == 0 {
		t.Fatalf("proven %v with %d violations, want a proof that nothing fits", a.Proven, a.Violated)
	}
	var texts []string
	for _, v := range a.Violations {
		texts = append(texts, v.Text)
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{"web/2 has no place", "lack memory: it needs 8", "web stands in 2 locations, needs 3",
		"2 of 3 locations have room for one of its items; 1 bin lacks memory: it needs 8, the most free there is 4"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in:\n%s", want, all)
		}
	}
	if strings.Contains(all, "cpu") {
		t.Errorf("cpu is no part of the conflict:\n%s", all)
	}
}

func TestStartIsRepaired(t *testing.T) {
	t.Parallel()
	p, err := Generate(GenerateOptions{Bins: 24, Items: 150, Periods: 1, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	p.Bins[3].Closed, p.Bins[4].Closed = true, true
	for i := range 12 {
		p.Items[i].Start = 5 // overloads one bin
	}
	a := mustSolve(t, p, Options{Seed: 1, Evaluations: 30_000})
	if a.StartViolated == 0 || a.Violated != 0 {
		t.Errorf("%d violations, %d at the start: %v", a.Violated, a.StartViolated, a.Violations)
	}
}
