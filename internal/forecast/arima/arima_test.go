package arima

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drover/internal/forecast/panel"
)

// simulated is a seasonal walk whose differences follow an autoregression, and
// a column that lifts it by ten where it is one.
func simulated(rng *rand.Rand, n int) (z, column []float64) {
	z, column = make([]float64, n), make([]float64, n)
	base, w := make([]float64, n), 0.0
	for t := range z {
		w = 0.7*w + rng.NormFloat64()
		base[t] = w
		if t >= 12 {
			base[t] += base[t-12]
		}
		if t%29 == 0 {
			column[t] = 1
		}
		z[t] = base[t] + 10*column[t]
	}
	return z, column
}

func TestSelectFindsTheCoefficients(t *testing.T) {
	z, column := simulated(rand.New(rand.NewPCG(1, 1)), 1500)
	f := Select(z, 12, 0, [][]float64{column})
	if f == nil {
		t.Fatal("nothing fitted")
	}
	if effect := f.coef[len(f.coef)-1]; math.Abs(effect-10) > 0.7 {
		t.Errorf("the exogenous term is %.2f, want 10", effect)
	}
	ahead := append(slices.Clone(column), 1, 0, 0)
	with := f.Forecast(z, 1, [][]float64{ahead})
	ahead[len(z)] = 0
	without := f.Forecast(z, 1, [][]float64{ahead})
	if d := with[0] - without[0]; math.Abs(d-10) > 0.7 {
		t.Errorf("a future exogenous value moves the forecast by %.2f", d)
	}
}

func TestExpand(t *testing.T) {
	got := expand(2, 1, 12, 84)
	if want := []int{1, 2, 12, 13, 14, 84, 85}; !slices.Equal(got, want) {
		t.Errorf("lags %v, want %v", got, want)
	}
}

func TestTooShortRepeatsTheSeason(t *testing.T) {
	x := []float64{1, 2, 3, 1, 2, 3}
	task := &panel.Task{Histories: [][]float64{x}, Offsets: []int64{0}, Seasons: []int{3}, Horizon: 4}
	if got := (Model{}).Fit(task).Forecast(0, x, 4); !slices.Equal(got, []float64{1, 2, 3, 1}) {
		t.Errorf("forecast %v", got)
	}
}

func TestForecastStaysFinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for _, f := range []func(int) float64{
		func(int) float64 { return 3 },
		func(i int) float64 { return float64(i) },
		func(i int) float64 { return math.Exp(10 * rng.NormFloat64()) },
		func(i int) float64 { return float64(i % 2) },
	} {
		x := make([]float64, 400)
		for i := range x {
			x[i] = f(i)
		}
		task := &panel.Task{Histories: [][]float64{x}, Offsets: []int64{0}, Seasons: []int{24, 168}, Horizon: 48}
		for _, v := range (Model{}).Fit(task).Forecast(0, x, 48) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("forecast %v", v)
			}
		}
	}
}
