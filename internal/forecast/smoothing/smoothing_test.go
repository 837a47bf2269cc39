package smoothing

import (
	"math"
	"testing"

	"drover/internal/forecast/panel"
)

// seasonal is a day and a week without noise.
func seasonal(n int) []float64 {
	x := make([]float64, n)
	for t := range x {
		x[t] = 20 + 5*math.Sin(2*math.Pi*float64(t)/6) + 2*math.Cos(2*math.Pi*float64(t)/42)
	}
	return x
}

func TestModelsContinueAPureSeason(t *testing.T) {
	full := seasonal(42*8 + 42)
	task := &panel.Task{Histories: [][]float64{full[:42*8]}, Offsets: []int64{0}, Seasons: []int{6, 42}, Horizon: 42}
	for _, c := range []struct {
		model panel.Model
		limit float64
	}{{Double{}, 1.2}, {Mean{HalfLife: 10, WeekHalfLife: 6}, 1.5}, {Naive{}, 4.5}} {
		got := c.model.Fit(task).Forecast(0, full[:42*8], 42)
		for h, v := range got {
			if math.Abs(v-full[42*8+h]) > c.limit {
				t.Errorf("%s: step %d: %.2f for %.2f", c.model.Name(), h, v, full[42*8+h])
				break
			}
		}
	}
}

func TestDoubleFollowsALevel(t *testing.T) {
	x := make([]float64, 400)
	for i := range x {
		x[i] = 10 + float64(i%6)
		if i > 200 {
			x[i] += 30
		}
	}
	task := &panel.Task{Histories: [][]float64{x}, Offsets: []int64{0}, Seasons: []int{6}, Horizon: 6}
	for h, v := range (Double{}).Fit(task).Forecast(0, x, 6) {
		if want := 40 + float64((400+h)%6); math.Abs(v-want) > 2 {
			t.Errorf("step %d: %.1f for %.1f", h, v, want)
		}
	}
}

func TestShortHistories(t *testing.T) {
	for _, m := range []panel.Model{Double{}, Mean{HalfLife: 5, WeekHalfLife: 3}, Naive{}} {
		for n := 1; n < 15; n++ {
			x := seasonal(n)
			task := &panel.Task{Histories: [][]float64{x}, Offsets: []int64{0}, Seasons: []int{6, 42}, Horizon: 9}
			for _, v := range m.Fit(task).Forecast(0, x, 9) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: %d values give %v", m.Name(), n, v)
				}
			}
		}
	}
}

func BenchmarkDoubleStep(b *testing.B) {
	x := seasonal(42 * 100)
	s := newState(x, 6, 42)
	for i := 0; b.Loop(); i += len(x) {
		s.run(x, gains{0.02, 0.1, 0.1, 0.8})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/step")
}
