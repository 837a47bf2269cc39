package smoothing

import (
	"math"
	"slices"
	"testing"

	"drover/internal/forecast/panel"
)

// TestOriginsInAnyOrder: what is forecast from an origin does not depend on those
// asked about before, nor on which steps are asked for.
func TestOriginsInAnyOrder(t *testing.T) {
	x := seasonal(42 * 6)
	for i := range x {
		x[i] += math.Mod(float64(i*i), 7) / 5
	}
	task := &panel.Task{Histories: [][]float64{x[:200]}, Offsets: []int64{0}, Seasons: []int{6, 42}, Horizon: 9}
	shared := Double{Coarse: true}.Stepped(task)
	for _, n := range []int{200, 120, 60, 84, 90, 252, 251, 5, 252} {
		alone := Double{Coarse: true}.Fit(task).Forecast(0, slices.Clone(x[:n]), 9)
		if got := shared.Forecast(0, x[:n], 9); !slices.Equal(got, alone) {
			t.Fatalf("from %d values: %v, alone %v", n, got, alone)
		}
		if got, want := shared.At(0, x[:n], []int{7, 2, 2, 8}), []float64{alone[7], alone[2], alone[2], alone[8]}; !slices.Equal(got, want) {
			t.Fatalf("steps of %d values: %v, want %v", n, got, want)
		}
	}
}
