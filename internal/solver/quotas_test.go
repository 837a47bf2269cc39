package solver

import (
	"testing"

	"drover/internal/model"
)

// Item 1 is away and goes home by an exchange with item 0, which leaves: one
// moved item before and after.
func TestSwapGivesBackToQuotas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		limit func(p *model.Problem)
		items [2]int // groups
	}{
		{"none", func(p *model.Problem) {}, [2]int{0, 1}},
		{"in all", func(p *model.Problem) { p.MaxMoves = 1 }, [2]int{0, 1}},
		{"one group", func(p *model.Problem) { p.Groups[0].MaxMoves = 1 }, [2]int{0, 0}},
		{"two groups", func(p *model.Problem) { p.Groups[0].MaxMoves = 1 }, [2]int{0, 1}},
		{"departures", func(p *model.Problem) { p.Bins[0].MaxDepartures = 1 }, [2]int{0, 1}},
		{"arrivals", func(p *model.Problem) { p.Bins[1].MaxArrivals = 1 }, [2]int{0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &model.Problem{
				Resources: []model.PackedResource{{}},
				Bins:      []model.Bin{{Capacity: []int64{9}}, {Capacity: []int64{9}}, {Capacity: []int64{9}}},
				Groups:    []model.Group{{}, {}},
				Items: []model.Item{{Group: tt.items[0], Demand: []int64{1}}, {Group: tt.items[1], Demand: []int64{1}},
					{Group: 1, Start: 2, Demand: []int64{1}}},
			}
			tt.limit(p)
			in, err := compile(p)
			if err != nil {
				t.Fatal(err)
			}
			s := newState(in)
			s.load([]int32{0, 1, 2})
			if _, _, ok := s.swap(0, 1); !ok {
				t.Error("an exchange that moves as many as before is refused")
			}
		})
	}
}

// TestQuotasAgreeWithEvaluation tries every shift and exchange of random
// placements within quotas and asks the evaluation whether it breaks one.
func TestQuotasAgreeWithEvaluation(t *testing.T) {
	t.Parallel()
	refused, allowed := 0, 0
	for seed := range uint64(40) {
		p := randomProblem(newRand(seed), shape{items: 8, bins: 4, groups: 3, resources: 1, periods: 1, features: withQuotas, tight: 0.2})
		for g := range p.Groups {
			p.Groups[g].MaxPerBin = 0
		}
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		l := newLane(in, in.start, seed)
		w := climate{t: 1e6, penalty: 1}
		for range 30 {
			l.tryShifts(&w)
		}
		check := func(what string, ok bool, at []int32) {
			if ok {
				allowed++
			} else {
				refused++
			}
			if _, broken := Evaluate(p, asInts(at)); ok != (len(broken) == 0) {
				t.Fatalf("seed %d: %s allowed %v, breaks %v", seed, what, ok, broken)
			}
		}
		for i := range int32(in.items) {
			for b := range int32(in.bins) {
				at := append([]int32(nil), l.s.at...)
				if at[i] != b {
					_, _, ok := l.s.shift(i, b, 0)
					at[i] = b
					check("shift", ok, at)
				}
			}
			for j := range i {
				at := append([]int32(nil), l.s.at...)
				if at[i] != at[j] {
					_, _, ok := l.s.swap(i, j)
					at[i], at[j] = at[j], at[i]
					check("exchange", ok, at)
				}
			}
		}
	}
	if refused < 100 || allowed < 100 {
		t.Errorf("%d moves refused, %d allowed: too few to tell", refused, allowed)
	}
}
