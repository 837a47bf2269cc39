package gbdt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drover/internal/forecast/panel"
)

// table makes rows whose target is a step of the first feature plus noise.
func table(n int) (columns [][]float32, target []float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	columns = make([][]float32, 3)
	for range n {
		x, y := rng.Float32(), rng.Float32()
		columns[0], columns[1] = append(columns[0], x), append(columns[1], y)
		columns[2] = append(columns[2], float32(math.NaN()))
		v := float32(rng.NormFloat64())
		if x > 0.5 {
			v += 10
		}
		target = append(target, v)
	}
	return columns, target
}

func settings(level float64) Options {
	return Options{Trees: 60, Leaves: 8, MinRows: 20, Rate: 0.2, Rows: 0.7, Columns: 0.9, Shrink: 1, Level: level, Seed: 1}
}

func TestBoostLearnsQuantiles(t *testing.T) {
	columns, target := table(4000)
	m := NewMatrix(columns)
	for _, level := range []float64{0.1, 0.5, 0.9} {
		f := Boost(m, target, settings(level))
		below := 0.0
		for i := range target {
			if float64(target[i]) <= f.Predict([]float32{columns[0][i], columns[1][i], columns[2][i]}) {
				below++
			}
		}
		if share := below / float64(len(target)); math.Abs(share-level) > 0.04 {
			t.Errorf("level %v: %.3f of the targets are below", level, share)
		}
		low := f.Predict([]float32{0.2, 0.5, 0})
		high := f.Predict([]float32{0.8, 0.5, 0})
		if high-low < 8 || high-low > 12 {
			t.Errorf("level %v: the step of 10 was learned as %.2f", level, high-low)
		}
	}
}

func TestBoostIsDeterministic(t *testing.T) {
	columns, target := table(1000)
	a := Boost(NewMatrix(columns), target, settings(0.5))
	b := Boost(NewMatrix(columns), target, settings(0.5))
	row := []float32{0.3, 0.7, 1}
	if a.Predict(row) != b.Predict(row) {
		t.Error("the same rows and seed give other forests")
	}
}

// TestBinnedAndPlainTreesAgree: a row falls into the same leaf by its bins and
// by its values.
func TestBinnedAndPlainTreesAgree(t *testing.T) {
	columns, target := table(1500)
	m := NewMatrix(columns)
	f := Boost(m, target, settings(0.5))
	words := make([]uint64, len(f.trees))
	for i := range target {
		f.score.find([]float32{columns[0][i], columns[1][i], columns[2][i]}, words)
		for k, tree := range f.trees {
			if tree.binned(m, i) != f.score.value(k, words[k]) {
				t.Fatalf("row %d falls into two leaves", i)
			}
		}
	}
}

func TestBins(t *testing.T) {
	edges := pad([]float32{1, 2, 3})
	for v, want := range map[float32]uint8{0: 1, 1: 1, 1.5: 2, 3: 3, 4: 4} {
		if got := binOf(&edges, v); got != want {
			t.Errorf("%v is in bin %d, not %d", v, got, want)
		}
	}
	if binOf(&edges, float32(math.NaN())) != 0 {
		t.Error("a missing value is not in bin 0")
	}
}

func TestQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for n := 1; n < 60; n++ {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.IntN(10))
		}
		sorted := slices.Clone(v)
		slices.Sort(sorted)
		for _, level := range []float64{0, 0.1, 0.5, 0.99} {
			k := min(n-1, int(level*float64(n)))
			if got := quantile(slices.Clone(v), level); got != sorted[k] {
				t.Fatalf("quantile %v of %d values: %v, not %v", level, n, got, sorted[k])
			}
		}
	}
}

func TestGlobalWithoutEnoughRowsRepeatsTheSeason(t *testing.T) {
	task := &panel.Task{Histories: [][]float64{{1, 2, 3, 4, 5, 6}}, Offsets: []int64{0}, Seasons: []int{2}, Horizon: 3}
	got := Default().Fit(task).Forecast(0, task.Histories[0], 3)
	if want := []float64{5, 6, 5}; !slices.Equal(got, want) {
		t.Errorf("forecast %v, want %v", got, want)
	}
}

func BenchmarkBoost(b *testing.B) {
	columns, target := table(50_000)
	m := NewMatrix(columns)
	for b.Loop() {
		Boost(m, target, Options{Trees: 10, Leaves: 32, MinRows: 50, Rate: 0.1, Rows: 0.5, Columns: 1, Level: 0.5})
	}
}
