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
