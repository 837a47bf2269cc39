package paths

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"drover/internal/model"
)

// normal is a forecast of standard normal values, the same at every step.
func normal(steps int) model.Quantiles {
	q := model.Quantiles{Mean: make([]float64, steps)}
	var row []float64
	for l := 1; l < 200; l++ {
		p := float64(l) / 200
		q.Levels = append(q.Levels, p)
		row = append(row, math.Sqrt2*math.Erfinv(2*p-1))
	}
	for range steps {
		q.Values = append(q.Values, row)
	}
	return q
}

func correlation(a, b []float64) float64 {
	var xy, xx, yy float64
	for i := range a {
		xy, xx, yy = xy+a[i]*b[i], xx+a[i]*a[i], yy+b[i]*b[i]
	}
	return xy / math.Sqrt(xx*yy)
}

func TestPathsKeepMarginsAndDependence(t *testing.T) {
	q := []model.Quantiles{normal(3), normal(3)}
	d := Dependence{Carry: []float64{0.9, 0.5}, Correlation: [][]float64{{1, 0.7}, {0.7, 1}}}
	sampled, err := Sample(q, d, 20000, 7)
	if err != nil {
		t.Fatal(err)
	}
	column := func(series, step int) []float64 {
		out := make([]float64, len(sampled))
		for p := range sampled {
			out[p] = sampled[p][series][step]
		}
		return out
	}
	below := 0.0
	for _, v := range column(0, 2) {
		if v <= 1.2816 {
			below += 1 / float64(len(sampled))
		}
	}
	if math.Abs(below-0.9) > 0.01 {
		t.Errorf("%.3f of the last step is below the 0.9 quantile", below)
	}
	for what, c := range map[string][2]float64{
		"from step to step":       {correlation(column(0, 0), column(0, 1)), 0.9},
		"from step to the second": {correlation(column(1, 0), column(1, 2)), 0.25},
		"across series":           {correlation(column(0, 0), column(1, 0)), 0.7},
	} {
		if math.Abs(c[0]-c[1]) > 0.03 {
			t.Errorf("correlation %s is %.3f, want %.2f", what, c[0], c[1])
		}
	}
	again, _ := Sample(q, d, 20000, 7)
	if !reflect.DeepEqual(sampled, again) {
		t.Error("the same seed gives other paths")
	}
}

func TestEstimatedCorrelation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	errors := make([][]float64, 3)
	for range 3000 {
		common := rng.NormFloat64()
		errors[0] = append(errors[0], common+0.5*rng.NormFloat64())
		errors[1] = append(errors[1], common+0.5*rng.NormFloat64())
		errors[2] = append(errors[2], math.NaN())
	}
	c := Correlation(errors)
	if math.Abs(c[0][1]-0.8) > 0.03 || c[0][2] != 0 || c[2][2] != 1 {
		t.Errorf("correlation %v", c)
	}
}

func TestNearlySingularCorrelationIsUsed(t *testing.T) {
	c := [][]float64{{1, 0.9, -0.9}, {0.9, 1, 0.9}, {-0.9, 0.9, 1}}
	if _, err := Sample([]model.Quantiles{normal(1), normal(1), normal(1)}, Dependence{Carry: make([]float64, 3), Correlation: c}, 2, 1); err != nil {
		t.Error(err)
	}
}

func TestWrongDependenceIsRefused(t *testing.T) {
	q := []model.Quantiles{normal(2), normal(2)}
	for name, d := range map[string]Dependence{
		"length":    {Carry: []float64{0}},
		"carry":     {Carry: []float64{0, 1}},
		"asymmetry": {Carry: []float64{0, 0}, Correlation: [][]float64{{1, 0.5}, {0.4, 1}}},
		"diagonal":  {Carry: []float64{0, 0}, Correlation: [][]float64{{2, 0}, {0, 1}}},
		"shape":     {Carry: []float64{0, 0}, Correlation: [][]float64{{1}, {0, 1}}},
	} {
		if _, err := Sample(q, d, 1, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Sample([]model.Quantiles{normal(2), normal(3)}, Dependence{Carry: []float64{0, 0}}, 1, 1); err == nil {
		t.Error("horizons differ: no error")
	}
}
