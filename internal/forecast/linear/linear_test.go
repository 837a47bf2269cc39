package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drover/internal/forecast/panel"
)

func TestCholeskySolves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 12; n++ {
		a, b := make([]float64, n*n), make([]float64, n)
		for i := range n {
			for j := range i {
				a[i*n+j] = rng.NormFloat64()
				a[j*n+i] = a[i*n+j]
			}
			a[i*n+i] = 3 * float64(n)
		}
		want := make([]float64, n)
		for i := range want {
			want[i] = rng.NormFloat64()
		}
		for i := range n {
			b[i] = dot(a[i*n:i*n+n], want)
		}
		if !cholesky(a, n) {
			t.Fatal("not positive definite")
		}
		forward(a, n, b)
		backward(a, n, b)
		for i := range want {
			if math.Abs(b[i]-want[i]) > 1e-9 {
				t.Fatalf("size %d: %v, want %v", n, b, want)
			}
		}
	}
	if cholesky([]float64{1, 2, 2, 1}, 2) {
		t.Error("an indefinite matrix was factored")
	}
}

// TestProductsMatchTheirDefinition compares the sliding sums with sums taken
// one by one.
func TestProductsMatchTheirDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	w := window{period: 3, lags: 5, horizon: 4}
	x := make([]float64, 60)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	e, unit := w.differences(x, 1e9)
	if math.Abs(e[0]*unit-(x[3]-x[0])) > 1e-12 {
		t.Errorf("difference %v", e[0]*unit)
	}
	g, c := w.normal(w.products(e))
	first, last := w.lags-1, len(e)-1-w.horizon
	if last-first+1 != w.rows(len(x)) {
		t.Errorf("%d origins, rows says %d", last-first+1, w.rows(len(x)))
	}
	for i := range w.lags {
		for j := range w.lags {
			want := 0.0
			for o := first; o <= last; o++ {
				want += e[o-i] * e[o-j]
			}
			if math.Abs(g[i*w.lags+j]-want) > 1e-9 {
				t.Fatalf("G[%d][%d] = %v, want %v", i, j, g[i*w.lags+j], want)
			}
		}
	}
	for h := range w.horizon {
		for j := range w.lags {
			want := 0.0
			for o := first; o <= last; o++ {
				// The target in values: step h less the last known one of its phase.
				to := o + w.period + 1 + h
				want += (x[to] - x[to-(h/w.period+1)*w.period]) / unit * e[o-j]
			}
			if math.Abs(c[h*w.lags+j]-want) > 1e-9 {
				t.Fatalf("C[%d][%d] = %v, want %v", h, j, c[h*w.lags+j], want)
			}
		}
	}
}

// TestRidgeFindsAnAutoregression: differences that follow e[t] = 0.8 e[t-1]
// are forecast to fade at that rate.
func TestRidgeFindsAnAutoregression(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	task := &panel.Task{Seasons: []int{4}, Horizon: 4}
	for range 5 {
		x, e := make([]float64, 600), 0.0
		for i := range x {
			e = 0.8*e + rng.NormFloat64()
			if i >= 4 {
				x[i] = x[i-4] + e
			}
		}
		task.Histories = append(task.Histories, x)
		task.Offsets = append(task.Offsets, 0)
	}
	f := Ridge{Label: "r", Lags: 3, Strength: 100, Penalty: 1e-6}.Fit(task)
	x := task.Histories[0]
	n := len(x)
	last := x[n-1] - x[n-5]
	for h, v := range f.Forecast(0, x, 4) {
		want := math.Pow(0.8, float64(h+1)) * last
		if got := v - x[n-4+h]; math.Abs(got-want) > 0.25*math.Abs(last)+0.3 {
			t.Errorf("step %d moves by %.2f, want %.2f", h, got, want)
		}
	}
}

// TestOriginsInAnyOrder: what is forecast from an origin depends neither on those
// asked about before nor on which steps are asked for, and the unit is that of the
// differences so far.
func TestOriginsInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	x := make([]float64, 400)
	for i := range x {
		x[i] = 5 + float64(i%4) + rng.Float64()
	}
	task := &panel.Task{Histories: [][]float64{x[:300]}, Offsets: []int64{0}, Seasons: []int{4}, Horizon: 6}
	shared := Pooled{Lags: 3, Penalty: 0.01, Log: true}.Stepped(task)
	for _, n := range []int{300, 20, 400, 3, 350, 16} {
		alone := Pooled{Lags: 3, Penalty: 0.01, Log: true}.Fit(task).Forecast(0, slices.Clone(x[:n]), 9)
		if got := shared.Forecast(0, x[:n], 9); !slices.Equal(got, alone) {
			t.Fatalf("from %d values: %v, alone %v", n, got, alone)
		}
		if got, want := shared.At(0, x[:n], []int{5, 0, 8}), []float64{alone[5], alone[0], alone[8]}; !slices.Equal(got, want) {
			t.Fatalf("steps of %d values: %v, want %v", n, got, want)
		}
		f := shared.(*fittedRidge)
		z := f.view(0, x[:n])
		all, unit := f.differences(z, clip)
		got, same := f.recent(0, x[:n], z)
		if got != nil && (unit != same || got[0] != all[len(all)-1] || got[f.lags-1] != all[len(all)-f.lags]) {
			t.Fatalf("%d values: latest differences %v in units of %v, want %v in %v", n, got, same, all, unit)
		}
	}
}

func TestShortHistoriesUseTheFleet(t *testing.T) {
	long := make([]float64, 300)
	for i := range long {
		long[i] = float64(i%4) + 0.01*float64(i)
	}
	task := &panel.Task{Histories: [][]float64{long, long, {1, 2, 3}}, Offsets: []int64{0, 0, 0}, Seasons: []int{4}, Horizon: 5}
	for name, m := range map[string]panel.Model{"ridge": Ridge{Lags: 3, Strength: 10, Penalty: 0.01}, "pooled": Pooled{Lags: 3, Penalty: 0.01}} {
		for _, v := range m.Fit(task).Forecast(2, task.Histories[2], 5) {
			if math.IsNaN(v) || v < 0 || v > 5 {
				t.Errorf("%s: forecast %v of a series of three values", name, v)
			}
		}
	}
}

func BenchmarkRidgeFit(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 1))
	task := &panel.Task{Seasons: []int{24, 168}, Horizon: 48}
	for range 10 {
		x := make([]float64, 900)
		for i := range x {
			x[i] = 100 + 10*math.Sin(float64(i)*math.Pi/12) + rng.NormFloat64()
		}
		task.Histories, task.Offsets = append(task.Histories, x), append(task.Offsets, 0)
	}
	for b.Loop() {
		Ridge{Lags: 8, Strength: 300, Penalty: 0.02, Log: true}.Fit(task)
	}
}
