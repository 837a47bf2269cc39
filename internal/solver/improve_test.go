package solver

import (
	"context"
	"reflect"
	"testing"

	"drover/internal/model"
)

func fleetToImprove(t *testing.T) *model.Problem {
	t.Helper()
	p, err := Generate(GenerateOptions{Bins: 30, Items: 250, Periods: 2, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestImproveStreamsBetterPlacements(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	for _, threads := range []int{1, 2} {
		var seen []Improvement
		a, err := Improve(t.Context(), p, nil, Options{Seed: 2, Evaluations: 600_000, Threads: threads},
			func(m Improvement) { seen = append(seen, m) })
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) < 4 {
			t.Fatalf("%d threads: only %d placements on the way", threads, len(seen))
		}
		for k, m := range seen {
			costs, broken := Evaluate(p, m.Assignment)
			if costs.Total() != m.Cost || (len(broken) > 0) != m.Violated {
				t.Fatalf("placement %d says %d, violated %v; it costs %d and breaks %v", k, m.Cost, m.Violated, costs.Total(), broken)
			}
			if k > 0 && !seen[k-1].Violated && (m.Violated || m.Cost >= seen[k-1].Cost) {
				t.Fatalf("placement %d costs %d after %d", k, m.Cost, seen[k-1].Cost)
			}
		}
		last := seen[len(seen)-1]
		if !reflect.DeepEqual(last.Assignment, a.Assignment) {
			t.Errorf("the last placement costs %d, the answer %d", last.Cost, a.Costs.Total())
		}
		plain := mustSolve(t, p, Options{Seed: 2, Evaluations: 600_000})
		if !reflect.DeepEqual(plain.Assignment, a.Assignment) {
			t.Errorf("%d threads: listening changes the answer", threads)
		}
	}
}

func TestImproveStartsFromTheIncumbent(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	first := mustSolve(t, p, Options{Seed: 1, Evaluations: 100_000})
	a, err := Improve(t.Context(), p, first.Assignment, Options{Seed: 2, Evaluations: 20_000}, func(m Improvement) {
		if m.Cost > first.Costs.Total() {
			t.Errorf("cost %d is above the incumbent's %d", m.Cost, first.Costs.Total())
		}
	})
	if err != nil || a.Costs.Total() > first.Costs.Total() {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := Improve(t.Context(), p, []int{1}, Options{}, nil); err == nil {
		t.Error("a short incumbent is accepted")
	}
}

func TestImproveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := fleetToImprove(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	a, err := Improve(ctx, p, nil, Options{Seed: 1, Evaluations: 1 << 50}, func(Improvement) {
		if calls++; calls == 3 {
			cancel()
		}
	})
	if err != nil || a.Violated > 0 || calls < 3 {
		t.Errorf("%d calls, %v, %v", calls, a, err)
	}
}
