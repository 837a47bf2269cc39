package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTailsAreSafeToPlanOn: however heavy the errors' tails are and in whatever
// clusters they come, about one value in twenty lies above the .95 quantile a day
// ahead, and hardly more than one in a hundred above the .99.
func TestTailsAreSafeToPlanOn(t *testing.T) {
	cfg := DefaultConfig()
	for name, noise := range map[string]func(rng *rand.Rand, bin int) float64{
		"normal":      func(rng *rand.Rand, _ int) float64 { return 5 * rng.NormFloat64() },
		"log-normal":  func(rng *rand.Rand, _ int) float64 { return 4 * math.Exp(rng.NormFloat64()) },
		"exponential": func(rng *rand.Rand, _ int) float64 { return 8 * rng.ExpFloat64() },
		"bursts": func(rng *rand.Rand, bin int) float64 { // an hour in forty, the same for all of it
			if burst := rand.New(rand.NewPCG(uint64(bin/12), 8)); burst.Float64() < 0.025 {
				return 40 + 5*rng.NormFloat64()
			}
			return 5 * rng.NormFloat64()
		},
	} {
		var above95, above99, inside, judged float64
		for seed := range uint64(6) {
			rng := rand.New(rand.NewPCG(seed, 77))
			value := func(bin int) float64 {
				return daily(rng, start.Add(time.Duration(bin)*cfg.Bin), 0) + noise(rng, bin+int(seed)<<20)
			}
			s := NewSeries(cfg)
			for day := range 28 {
				q, _ := s.Forecast(start.Add(time.Duration(288*day)*cfg.Bin), 288, nil)
				for h := range 288 {
					v := value(288*day + h)
					if row := q.Values[h]; day >= 14 {
						judged++
						above95 += count(v > row[10])
						above99 += count(v > row[11])
						inside += count(v >= row[1] && v <= row[9])
					}
					s.Observe(start.Add(time.Duration(288*day+h)*cfg.Bin), v, nil)
				}
			}
		}
		t.Logf("%s: %.3f above q95, %.3f above q99, %.3f inside 80 %%", name, above95/judged, above99/judged, inside/judged)
		if share := above95 / judged; share > 0.06 || share < 0.005 {
			t.Errorf("%s: %.3f of the values lie above the .95 quantile", name, share)
		}
		if share := above99 / judged; share > 0.02 {
			t.Errorf("%s: %.3f of the values lie above the .99 quantile", name, share)
		}
		if share := inside / judged; share < 0.74 || share > 0.92 {
			t.Errorf("%s: %.3f of the values lie inside the 80 %% interval", name, share)
		}
	}
}

func count(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// TestATailLevelLiesBeyondTheInnerOnes: levels rise wherever they stand, also
// beyond the tracked ones and next to where tails begin.
func TestATailLevelLiesBeyondTheInnerOnes(t *testing.T) {
	zone := [len(zoneLevels)]float32{-9, -3, -2, -1, 0, 1, 2, 3, 9}
	last := math.Inf(-1)
	for _, p := range []float64{0.001, 0.01, 0.02, 0.05, 0.099, 0.1, 0.101, 0.3, 0.5, 0.7, 0.899, 0.9, 0.901, 0.95, 0.98, 0.99, 0.999} {
		l := newLevel(p)
		z := l.ahead(&zone)
		if z <= last {
			t.Errorf("level %v at %v, the one below at %v", p, z, last)
		}
		if inner := l.of(&zone); p >= 0.1 && p <= 0.9 && z != inner {
			t.Errorf("level %v at %v, tracked at %v", p, z, inner)
		}
		last = z
	}
}
