package solver

import (
	"reflect"
	"testing"

	"drover/internal/model"
)

// TestPlanningUsesThisSearch: what planning is told is what Solve and Improve say.
func TestPlanningUsesThisSearch(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	a, err := Decide(p, 7, 80_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		want := mustSolve(t, p, Options{Seed: 7, Evaluations: 80_000, Threads: threads})
		if !reflect.DeepEqual(a, *want) {
			t.Errorf("%d threads: planning is told %d, Solve says %d", threads, a.Costs.Total(), want.Costs.Total())
		}
	}
	if a.Costs.Total() >= a.Start.Total() || a.Violated > 0 {
		t.Errorf("cost %d from %d, %d broken", a.Costs.Total(), a.Start.Total(), a.Violated)
	}
	if _, err := Decide(&model.Problem{Items: []model.Item{{Group: 3}}}, 1, 1); err == nil {
		t.Error("a malformed problem is solved")
	}
}
