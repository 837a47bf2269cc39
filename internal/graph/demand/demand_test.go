package demand

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// load returns samples of a base of 50 millicores and demands by class, over
// rates that swing by day, each class with a phase of its own.
func load(r *rand.Rand, n int, demands []float64, noise, outliers float64, together bool) []Sample {
	samples := make([]Sample, n)
	for i := range samples {
		s := Sample{CPUMilli: 50}
		for k, micros := range demands {
			phase := float64(k)
			if together {
				phase = 0
			}
			rate := 100 * float64(k+1) * (1.5 + math.Sin(2*math.Pi*float64(i)/288+2*phase)) * (1 + 0.05*r.NormFloat64())
			if together {
				rate = 100 * float64(k+1) * (1.5 + math.Sin(2*math.Pi*float64(i)/288))
			}
			s.CallsPerSecond = append(s.CallsPerSecond, rate)
			s.CPUMilli += rate * micros / 1000
		}
		s.CPUMilli *= 1 + noise*r.NormFloat64()
		if r.Float64() < outliers {
			s.CPUMilli *= 3 + 5*r.Float64()
		}
		samples[i] = s
	}
	return samples
}

func TestDemandsAreRecovered(t *testing.T) {
	for _, c := range []struct {
		name            string
		demands         []float64
		noise, outliers float64
		tolerance       float64
	}{
		{"one class", []float64{2000}, 0.05, 0, 0.03},
		{"one class, a tenth of outliers", []float64{2000}, 0.05, 0.1, 0.05},
		{"three classes", []float64{500, 2000, 4000}, 0.03, 0, 0.1},
		{"three classes, a tenth of outliers", []float64{500, 2000, 4000}, 0.03, 0.1, 0.15},
		{"one of two costs nothing measurable", []float64{3000, 1000}, 0.001, 0, 0.01},
	} {
		for seed := range uint64(5) {
			d, err := Fit(load(rand.New(rand.NewPCG(seed, 1)), 288, c.demands, c.noise, c.outliers, false))
			if err != nil || d.Pooled {
				t.Fatalf("%s: %+v %v", c.name, d, err)
			}
			for k, want := range c.demands {
				if math.Abs(d.Micros[k]-want) > c.tolerance*want+3*d.ErrorMicros[k] {
					t.Errorf("%s, seed %d, class %d: %.0f +- %.0f µs, want %.0f", c.name, seed, k, d.Micros[k], d.ErrorMicros[k], want)
				}
			}
		}
	}
}

// TestErrorsAreHonest counts how often the truth lies within one standard error.
func TestErrorsAreHonest(t *testing.T) {
	within, all := 0, 0
	for seed := range uint64(300) {
		samples := load(rand.New(rand.NewPCG(seed, 2)), 100, []float64{2000}, 0, 0, false)
		r := rand.New(rand.NewPCG(seed, 3))
		for i := range samples {
			samples[i].CPUMilli += 20 * r.NormFloat64()
		}
		d, err := Fit(samples)
		if err != nil {
			t.Fatal(err)
		}
		all++
		if math.Abs(d.Micros[0]-2000) <= d.ErrorMicros[0] {
			within++
		}
	}
	if share := float64(within) / float64(all); share < 0.58 || share > 0.78 {
		t.Errorf("the truth is within a standard error in %.2f of fits, want about 0.68", share)
	}
}

func TestRobustBeatsLeastSquares(t *testing.T) {
	samples := load(rand.New(rand.NewPCG(4, 4)), 288, []float64{2000}, 0.02, 0.2, false)
	d, err := Fit(samples)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(d.Micros[0]-2000) > 100 {
		t.Errorf("%.0f µs with a fifth of outliers, want 2000 within 5 %%", d.Micros[0])
	}
}

func TestClassesThatMoveTogetherArePooled(t *testing.T) {
	d, err := Fit(load(rand.New(rand.NewPCG(1, 1)), 288, []float64{1000, 4000}, 0.02, 0, true))
	if err != nil || !d.Pooled {
		t.Fatalf("%+v %v", d, err)
	}
	// A third of the calls are of the first class.
	if want := 3000.0; math.Abs(d.Micros[0]-want) > 0.05*want || d.Micros[0] != d.Micros[1] {
		t.Errorf("pooled %v, want %.0f", d.Micros, want)
	}
}

func TestNothingIsNegative(t *testing.T) {
	samples := load(rand.New(rand.NewPCG(1, 1)), 100, []float64{2000}, 0.01, 0, false)
	for i := range samples {
		samples[i].CPUMilli = max(0, 500-samples[i].CPUMilli)
	}
	d, err := Fit(samples)
	if err != nil {
		t.Fatal(err)
	}
	if d.Micros[0] < 0 || d.BaseMilli < 0 {
		t.Errorf("%+v", d)
	}
}

func TestTooFew(t *testing.T) {
	flat := make([]Sample, 100)
	for i := range flat {
		flat[i] = Sample{CallsPerSecond: []float64{10}, CPUMilli: 100}
	}
	bad := make([]Sample, 100)
	for i := range bad {
		bad[i] = Sample{CallsPerSecond: []float64{math.NaN()}, CPUMilli: float64(i)}
	}
	for name, samples := range map[string][]Sample{"none": nil, "few": flat[:3], "a rate that never changes": flat, "not numbers": bad,
		"no class": make([]Sample, 100)} {
		if d, err := Fit(samples); !errors.Is(err, ErrTooFew) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}
