package conformal

import (
	"math"
	"math/rand/v2"
	"testing"
)

var levels = []float64{0.05, 0.1, 0.5, 0.9, 0.95, 0.99}

// drawn returns series whose errors are normal with a spread of their own that
// grows over the horizon.
func drawn(rng *rand.Rand, count, origins, horizon int) []Errors {
	out := make([]Errors, count)
	for i := range out {
		spread := math.Exp(rng.NormFloat64())
		out[i].Scale = spread * math.Exp(0.3*rng.NormFloat64())
		for range origins {
			out[i].Residuals = append(out[i].Residuals, draw(rng, spread, horizon))
			shape := make([]float64, horizon)
			for h := range shape {
				shape[h] = 1
			}
			out[i].Shape = append(out[i].Shape, shape)
		}
	}
	return out
}

func draw(rng *rand.Rand, spread float64, horizon int) []float64 {
	r := make([]float64, horizon)
	for h := range r {
		r[h] = spread * (1 + float64(h)/float64(horizon)) * rng.NormFloat64()
	}
	return r
}

func TestCoverageOfNewErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const horizon = 24
	series := drawn(rng, 60, 4, horizon)
	b := Calibrate(series, horizon, levels)
	inside, below99, n := 0.0, 0.0, 0.0
	out := make([]float64, len(levels))
	for i := range series {
		// The last origin's spread, recovered from the drawing's own scale, is not
		// known here: the first origin's errors are drawn again by their size.
		for range 20 {
			size := 0.0
			for _, k := range series[i].Residuals {
				for h, r := range k {
					size += math.Abs(r) / (1 + float64(h)/horizon) / 0.798 / (4 * horizon)
				}
			}
			for h, r := range draw(rng, size, horizon) {
				b.Offsets(i, h, 1, out)
				n++
				if r >= out[1] && r <= out[3] {
					inside++
				}
				if r <= out[5] {
					below99++
				}
			}
		}
	}
	if c := inside / n; c < 0.78 || c > 0.84 {
		t.Errorf("80 %% interval covers %.3f", c)
	}
	if c := below99 / n; c < 0.98 {
		t.Errorf("0.99 quantile covers %.3f", c)
	}
}

func TestOffsetsRiseAndScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	b := Calibrate(drawn(rng, 5, 3, 12), 12, levels)
	one, two := make([]float64, len(levels)), make([]float64, len(levels))
	b.Offsets(0, 3, 1, one)
	b.Offsets(0, 3, 2, two)
	for l := range one {
		if l > 0 && one[l] < one[l-1] {
			t.Fatalf("offsets %v cross", one)
		}
		if math.Abs(two[l]-2*one[l]) > 1e-9*math.Abs(one[l]) {
			t.Errorf("level %v: twice the shape gives %v for %v", levels[l], two[l], one[l])
		}
	}
	if math.Abs(one[2]) > 1e-12 {
		t.Errorf("the median moves by %v", one[2])
	}
}

func TestWithoutErrorsTheGuessIsUsed(t *testing.T) {
	b := Calibrate([]Errors{{Scale: 2}}, 6, levels)
	out := make([]float64, len(levels))
	b.Offsets(0, 0, 1, out)
	if want := 2 * caution * math.Log(5); math.Abs(out[3]-want) > 1e-9 {
		t.Errorf("0.9 quantile %v, want %v of a Laplace distribution", out[3], want)
	}
}

func TestQuantilesInterpolate(t *testing.T) {
	got := quantiles([]float64{1, 2, 3}, []float64{0.25, 0.5, 0.6, 0.99})
	for i, want := range []float64{1, 2, 2.4, 3} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("quantile %d: %v, want %v", i, got[i], want)
		}
	}
}
