package score

import (
	"math"
	"testing"

	"drover/internal/model"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestErrors(t *testing.T) {
	near(t, "sMAPE", SMAPE([]float64{100, 0, math.NaN()}, []float64{50, 0, 1}), (200*50/150.0)/2)
	near(t, "MAE", MAE([]float64{1, math.NaN(), 4}, []float64{2, 9, 2}), 1.5)
	near(t, "MASE", MASE([]float64{1, 2, 3, 5}, []float64{6, 8}, []float64{5, 5}, 2), 2/2.5)
	near(t, "pinball above", Pinball(0.9, 2), 1.8)
	near(t, "pinball below", Pinball(0.9, -2), 0.2)
}

func TestNaive2RepeatsWithoutASeason(t *testing.T) {
	for _, v := range Naive2([]float64{3, 1, 4, 1, 5}, 4, 2) {
		near(t, "naive", v, 5)
	}
}

func TestNaive2FollowsASeason(t *testing.T) {
	var x []float64
	for i := range 60 {
		x = append(x, []float64{10, 20, 30, 20}[i%4])
	}
	for h, v := range Naive2(x, 8, 4) {
		if want := []float64{10, 20, 30, 20}[h%4]; math.Abs(v-want) > 1e-6 {
			t.Errorf("step %d: %v, want %v", h, v, want)
		}
	}
}

func TestTally(t *testing.T) {
	q := model.Quantiles{Levels: []float64{0.1, 0.5, 0.9, 0.99}, Mean: []float64{5, 5},
		Values: [][]float64{{4, 5, 6, 7}, {4, 5, 6, 7}}}
	var tally Tally
	tally.Add([]float64{1, 2, 3, 4, 5, 6}, []float64{5, 6.5}, q, 1)
	r := tally.Result()
	near(t, "coverage", r.Cov80, 0.5)
	near(t, "below q99", r.P99, 1)
	near(t, "MASE", r.MASE, 0.75)
	if r.Windows != 1 || r.Crossings != 0 {
		t.Errorf("result %+v", r)
	}
	q.Values[1][2] = 3
	tally.Add([]float64{1, 2, 3}, []float64{5, 5}, q, 1)
	if tally.Crossings != 1 {
		t.Errorf("%d crossings counted", tally.Crossings)
	}
}
