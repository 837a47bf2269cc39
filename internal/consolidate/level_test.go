package consolidate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// missOf returns the mean squared distance from the true level of what is
// predicted of 40 VMs, and of each single mean, after 60 ticks of learning.
func missOf(level func(r *rand.Rand, k int, was float64) float64) (predicted float64, single [meanCount]float64) {
	tune := DefaultDemandTuning()
	q := tune.decay()
	const vms, ticks = 40, 280
	for seed := range uint64(vms) {
		r := rand.New(rand.NewPCG(seed, 21))
		var d demand
		true1 := .3
		for k := range ticks {
			if k > 60 {
				predicted += math.Pow(d.mean-true1, 2)
				for i := range single {
					single[i] += math.Pow(d.level.mean(&tune, i)-true1, 2)
				}
			}
			d.observe(&tune, q, min(max(true1+.08*r.NormFloat64(), 0), 1))
			true1 = level(r, k, true1)
		}
	}
	return predicted, single
}

// Whether levels stay or wander, the average of the means does nearly as well
// as the one that fits best, which no single one does for both.
func TestLevelsFindTheMemoryThatFits(t *testing.T) {
	steady := func(*rand.Rand, int, float64) float64 { return .3 }
	wander := func(r *rand.Rand, _ int, was float64) float64 { return min(max(was+.04*r.NormFloat64(), .1), .6) }
	for name, level := range map[string]func(*rand.Rand, int, float64) float64{"steady": steady, "wandering": wander} {
		got, single := missOf(level)
		worse := 0
		for _, m := range single {
			if m > 1.5*got {
				worse++
			}
		}
		if worse < 2 {
			t.Errorf("%s: the average misses by %v, single means by %v; want at least two that do far worse", name, got, single)
		}
		best := math.Inf(1)
		for _, m := range single {
			best = min(best, m)
		}
		if name == "wandering" && got > 1.3*best || got > 9*best {
			t.Errorf("%s: the average misses by %v, the best mean by %v", name, got, best)
		}
	}
}

func TestLevelsStayBetweenWhatWasSeenAndWhatIsUsual(t *testing.T) {
	tune := DefaultDemandTuning()
	q := tune.decay()
	r := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		var d demand
		low, high := tune.PriorMean, tune.PriorMean
		for range 40 {
			x := r.Float64() * r.Float64()
			low, high = min(low, x), max(high, x)
			d.observe(&tune, q, x)
			if !(d.mean >= low-1e-12 && d.mean <= high+1e-12) {
				t.Fatalf("mean %v outside %v..%v", d.mean, low, high)
			}
		}
	}
}

// A mean that has missed by far loses its weight, and no weight is ever lost
// to all: the average of hopeless means is still a number.
func TestLevelsSurviveGreatMisses(t *testing.T) {
	tune := DefaultDemandTuning()
	var l levels
	l.observe(tune.decay(), .4)
	for i := range l.miss {
		l.miss[i] = 1e6 * float64(i+1)
	}
	if got, want := l.predict(&tune, 1e-6), l.mean(&tune, 0); math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want the prediction %v of the mean that has missed least", got, want)
	}
}
