package lstm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drover/internal/forecast/panel"
)

// task holds series whose differences to the last season fade by half a step,
// which seasonal naive does not see.
func task(count, n int) *panel.Task {
	t := &panel.Task{Seasons: []int{6, 42}, Horizon: 6, Seed: 1}
	for i := range count {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		x, e := make([]float64, n), 0.0
		for j := range x {
			e = 0.9*e + rng.NormFloat64()
			x[j] = 50 + 10*math.Sin(float64(j)*math.Pi/3) + e
		}
		t.Histories, t.Offsets = append(t.Histories, x), append(t.Offsets, 0)
	}
	return t
}

func small() Global { return Global{Days: 3, Hidden: 6, Samples: 3000, Batch: 16, Rate: 0.01} }

func loss(t *panel.Task, f panel.Fitted, full [][]float64) float64 {
	sum := 0.0
	for i, x := range t.Histories {
		for h, v := range f.Forecast(i, x, 6) {
			sum += math.Abs(v-full[i][len(x)+h]) / float64(6*len(full))
		}
	}
	return sum
}

func TestLearnsMoreThanNaiveAndFromWarmWeights(t *testing.T) {
	whole := task(30, 306)
	cut := task(30, 306)
	for i := range cut.Histories {
		cut.Histories[i] = cut.Histories[i][:300]
	}
	cold := small().Continue(nil, cut)
	naive := 0.0
	for i, x := range cut.Histories {
		for h, v := range panel.Naive(x, 6, 6) {
			naive += math.Abs(v-whole.Histories[i][300+h]) / 180
		}
	}
	first := loss(cut, cold, whole.Histories)
	if first > 0.9*naive {
		t.Errorf("error %.3f, seasonal naive %.3f", first, naive)
	}
	if warm := loss(cut, small().Continue(cold, cut), whole.Histories); warm > 1.1*first {
		t.Errorf("learning on from warm weights made the error %.3f of %.3f", warm, first)
	}
}

func TestSameSeedSameWeights(t *testing.T) {
	a, b := small().Continue(nil, task(3, 120)), small().Continue(nil, task(3, 120))
	if !slices.Equal(a.net.w, b.net.w) {
		t.Error("the same task gives other weights")
	}
}

func TestShortHistoriesRepeatTheSeason(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7}
	short := &panel.Task{Histories: [][]float64{x}, Offsets: []int64{0}, Seasons: []int{6}, Horizon: 3}
	for h, v := range Default().Fit(short).Forecast(0, x, 3) {
		if math.Abs(v-float64(h+2)) > 1e-9 {
			t.Errorf("step %d: %v", h, v)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := shape{steps: 8, in: 48, hidden: 24, skip: 144, out: 48}
	n := newNetwork(s, rng)
	window, skip, out := make([]float64, s.steps*s.in), make([]float64, s.skip), make([]float64, s.out)
	dOut, grad := make([]float64, s.out), make([]float64, len(n.w))
	for i := range dOut {
		dOut[i] = 1
	}
	for b.Loop() {
		n.forward(window, skip, out)
		n.backward(window, skip, dOut, grad)
	}
}
