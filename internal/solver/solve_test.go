package solver

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"drover/internal/model"
)

// checkAnswer checks what Solve promises of every answer.
func checkAnswer(t *testing.T, p *model.Problem, a *model.Answer) {
	t.Helper()
	costs, broken := Evaluate(p, a.Assignment)
	if costs != a.Costs || len(broken) != a.Violated {
		t.Fatalf("answer says %v and %d violations, evaluation %v and %d", a.Costs, a.Violated, costs, len(broken))
	}
	if a.Violated > a.StartViolated {
		t.Fatalf("%d violations, %d at the start: %v", a.Violated, a.StartViolated, a.Violations)
	}
	if a.Violated == a.StartViolated && a.Costs.Total() > a.Start.Total() {
		t.Fatalf("cost %d is above the start's %d", a.Costs.Total(), a.Start.Total())
	}
	if a.Violated == 0 && a.LowerBound > a.Costs.Total() {
		t.Fatalf("bound %d is above cost %d", a.LowerBound, a.Costs.Total())
	}
}

func mustSolve(t *testing.T, p *model.Problem, o Options) *model.Answer {
	t.Helper()
	a, err := Solve(p, o)
	if err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, p, a)
	return a
}

func TestAnswersKeepTheirPromises(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		p := randomProblem(newRand(seed), shape{items: 30, bins: 8, groups: 9, resources: 3, periods: 2, features: uint(seed*2654435761) & allFeatures, tight: 0.5})
		mustSolve(t, p, Options{Seed: seed, Evaluations: 20_000})
	}
}

func TestThreadsDoNotChangeTheAnswer(t *testing.T) {
	t.Parallel()
	p, err := Generate(GenerateOptions{Bins: 30, Items: 250, Periods: 2, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	one := mustSolve(t, p, Options{Seed: 5, Evaluations: 30_000, Threads: 1})
	for _, threads := range []int{1, 2, 8} {
		if again := mustSolve(t, p, Options{Seed: 5, Evaluations: 30_000, Threads: threads}); !reflect.DeepEqual(one, again) {
			t.Fatalf("%d threads: cost %d, one thread %d", threads, again.Costs.Total(), one.Costs.Total())
		}
	}
	if other := mustSolve(t, p, Options{Seed: 6, Evaluations: 30_000}); reflect.DeepEqual(one.Assignment, other.Assignment) {
		t.Error("another seed gives the same placement")
	}
}

func TestWarmStartKeepsAnIncumbent(t *testing.T) {
	t.Parallel()
	p, err := Generate(GenerateOptions{Bins: 20, Items: 160, Periods: 1, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	first := mustSolve(t, p, Options{Seed: 1, Evaluations: 40_000})
	second := mustSolve(t, p, Options{Seed: 2, Evaluations: 5_000, Incumbent: first.Assignment})
	if second.Violated > 0 || second.Costs.Total() > first.Costs.Total() {
		t.Errorf("cost %d from an incumbent of %d", second.Costs.Total(), first.Costs.Total())
	}
}

func TestSmallChangeMovesLittle(t *testing.T) {
	t.Parallel()
	p, err := Generate(GenerateOptions{Bins: 20, Items: 160, Periods: 1, Seed: 8})
	if err != nil {
		t.Fatal(err)
	}
	first := mustSolve(t, p, Options{Seed: 1, Evaluations: 150_000})
	for i, b := range first.Assignment {
		p.Items[i].Start = b
		p.Items[i].MoveCost = 2000
	}
	p.Items[7].Demand = append([]int64(nil), p.Items[7].Demand...)
	p.Items[7].Demand[0] *= 2
	second := mustSolve(t, p, Options{Seed: 1, Evaluations: 50_000})
	if second.Moved > len(p.Items)/8 {
		t.Errorf("%d of %d items moved after one demand doubled", second.Moved, len(p.Items))
	}
}

func TestGuardEndsTheSearch(t *testing.T) {
	t.Parallel()
	p, err := Generate(GenerateOptions{Bins: 20, Items: 160, Periods: 1, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	a := mustSolve(t, p, Options{Threads: 1, Guard: func() float64 { asked++; return float64(asked) / 60 }})
	if a.Violated > 0 || asked < 50 {
		t.Errorf("violated %d, asked %d times", a.Violated, asked)
	}
	stopped := mustSolve(t, p, Options{Evaluations: 1 << 40, Guard: func() float64 { return 1 }})
	if stopped.Violated > 0 {
		t.Errorf("stopped at once: %v", stopped.Violations)
	}
}

func TestMalformedProblemsAreErrors(t *testing.T) {
	t.Parallel()
	good := func() *model.Problem {
		return randomProblem(newRand(1), shape{items: 5, bins: 3, groups: 2, resources: 2, periods: 1, features: allFeatures, tight: 0.3})
	}
	tests := []struct {
		name  string
		spoil func(p *model.Problem)
		want  string
	}{
		{"group", func(p *model.Problem) { p.Items[2].Group = 9 }, "item 2"},
		{"start", func(p *model.Problem) { p.Items[1].Start = 3 }, "start: index 3"},
		{"demand length", func(p *model.Problem) { p.Items[0].Demand = []int64{1} }, "1 values for 2 resources"},
		{"negative", func(p *model.Problem) { p.Bins[1].Capacity[0] = -1 }, "bin 1"},
		{"huge", func(p *model.Problem) { p.Resources[0].LoadWeight = amountLimit; p.Items[0].Demand[0] = amountLimit }, "coarser units"},
		{"dependency", func(p *model.Problem) { p.Groups[0].DependsOn = []int{-1} }, "group 0"},
		{"distance", func(p *model.Problem) { p.Distance = [][]int64{{1, 2}, {3, 1}} }, "symmetric"},
		{"flow", func(p *model.Problem) { p.GroupFlows = []model.Flow{{A: 0, B: 7}} }, "group flow 0"},
		{"move rows", func(p *model.Problem) { p.MoveDistance = p.MoveDistance[:2] }, "2 rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := good()
			tt.spoil(p)
			if _, err := Solve(p, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := Solve(good(), Options{Incumbent: []int{0}}); err == nil {
		t.Error("a short incumbent is accepted")
	}
}

func TestEmptyProblems(t *testing.T) {
	t.Parallel()
	for _, p := range []*model.Problem{
		{},
		{Bins: []model.Bin{{}}},
		{Bins: []model.Bin{{}}, Groups: []model.Group{{}}, Items: []model.Item{{Start: model.Unplaced}}},
	} {
		a := mustSolve(t, p, Options{Evaluations: 100, Exact: true})
		if a.Violated != 0 {
			t.Errorf("violations %v", a.Violations)
		}
	}
}

func FuzzSolve(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed, uint16(seed*977), uint8(12), uint8(4))
	}
	f.Fuzz(func(t *testing.T, seed uint64, features uint16, items, bins uint8) {
		sh := shape{items: 1 + int(items)%40, bins: 1 + int(bins)%10, groups: 1 + int(seed%9), resources: 1 + int(seed%4),
			periods: 1 + int(seed%3), features: uint(features) & allFeatures, tight: float64(seed%10) / 10}
		p := randomProblem(newRand(seed), sh)
		a, err := Solve(p, Options{Seed: seed, Evaluations: 3000})
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, p, a)
	})
}

func FuzzDeltas(f *testing.F) {
	f.Add(uint64(1), uint16(3))
	f.Fuzz(func(t *testing.T, seed uint64, features uint16) {
		walk(t, seed, shape{items: 20, bins: 6, groups: 6, resources: 2, periods: 1 + int(seed%2), features: uint(features) & allFeatures, tight: 0.5}, 60)
	})
}

func BenchmarkMoves(b *testing.B) {
	for _, size := range [][2]int{{100, 1000}, {1000, 10_000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			p, err := Generate(GenerateOptions{Bins: size[0], Items: size[1], Periods: 1, Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			in, err := compile(p)
			if err != nil {
				b.Fatal(err)
			}
			l := newLane(in, in.start, 1)
			l.repair()
			w := climate{t: 1000, penalty: 1e6, homesick: 4000}
			from, looked := l.evaluations, l.candidates
			b.ResetTimer()
			for b.Loop() {
				l.tryShifts(&w)
				l.trySwaps(&w)
			}
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(l.evaluations-from)/seconds, "evaluations/s")
			b.ReportMetric(float64(l.candidates-looked)/seconds, "candidates/s")
		})
	}
}
