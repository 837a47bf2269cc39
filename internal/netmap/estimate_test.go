package netmap

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// hide measures the pairs of one half (a pair and its reverse stay together)
// over some ticks and returns the map and the relative errors of the other half,
// sorted, with the share of them within the stated error.
func hide(t *testing.T, top topology, r *rand.Rand) (errors []float64, covered float64) {
	t.Helper()
	m := New(Config{})
	hidden := map[[2]int]bool{}
	for i := range top.servers {
		for j := range i {
			hidden[[2]int{j, i}] = r.IntN(2) == 0
		}
	}
	at := noon
	for range 6 {
		at = at.Add(5 * time.Minute)
		for i := range top.servers {
			for j := range top.servers {
				if i != j && !hidden[[2]int{min(i, j), max(i, j)}] {
					m.Observe(top.path(r, i, j, at))
				}
			}
		}
		m.Changed(at)
	}
	within := 0
	for i := range top.servers {
		for j := range i {
			if !hidden[[2]int{j, i}] {
				continue
			}
			link, ok := m.Estimate("f", top.servers[i], top.servers[j])
			if !ok || link.Measured {
				t.Fatalf("%s %s: %+v %v", top.servers[i], top.servers[j], link, ok)
			}
			off := math.Abs(float64(link.RTTMicros) - top.rtt[i][j])
			errors = append(errors, off/top.rtt[i][j])
			if off <= float64(link.RTTErrorMicros) {
				within++
			}
		}
	}
	slices.Sort(errors)
	return errors, float64(within) / float64(len(errors))
}

func TestHiddenPairsAreEstimated(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(*rand.Rand) topology
	}{
		{"tree of 30", func(r *rand.Rand) topology { return tree(r, 30, 6, 3) }},
		{"tree of 60", func(r *rand.Rand) topology { return tree(r, 60, 12, 4) }},
		{"plane of 30", func(r *rand.Rand) topology { return plane(r, 30) }},
	} {
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 7))
			errors, covered := hide(t, c.make(r), r)
			median, ninety := errors[len(errors)/2], errors[len(errors)*9/10]
			t.Logf("%s, seed %d: median error %.3f, 90%% %.3f, covered %.2f", c.name, seed, median, ninety, covered)
			if median > 0.2 {
				t.Errorf("%s, seed %d: median relative error %.3f, want <= 0.2", c.name, seed, median)
			}
		}
	}
}
