package solver

import (
	"testing"

	"drover/internal/model"
)

// TestSearchesWithNothingToTryEnd: a budget in evaluations ends the search also
// where no move is possible at all.
func TestSearchesWithNothingToTryEnd(t *testing.T) {
	t.Parallel()
	tooLarge := func(items, bins int, start int) *model.Problem {
		p := &model.Problem{Periods: 1, Resources: []model.PackedResource{{Name: "cpu", LoadWeight: 1}}}
		for range bins {
			p.Bins = append(p.Bins, model.Bin{Capacity: []int64{10}})
		}
		p.Groups = []model.Group{{Name: "web"}}
		for range items {
			p.Items = append(p.Items, model.Item{Demand: []int64{100}, Start: start})
		}
		return p
	}
	for name, p := range map[string]*model.Problem{
		"no item fits any bin":      tooLarge(100, 80, model.Unplaced),
		"all are on one, too large": tooLarge(100, 80, 3),
	} {
		a := mustSolve(t, p, Options{Seed: 1, Evaluations: 5_000})
		if a.Violated == 0 {
			t.Errorf("%s: no violation", name)
		}
	}
	alone := tooLarge(100, 80, 3)
	for k := range alone.Bins {
		alone.Bins[k].Closed = k != 3
	}
	alone.Bins[3].Capacity[0] = 100_000
	mustSolve(t, alone, Options{Seed: 1, Evaluations: 5_000})
	mustSolve(t, alone, Options{Seed: 1, Evaluations: 5_000, Without: Shifts})
}
