package smoothing

import (
	"math"

	"drover/internal/forecast/panel"
)

// Naive repeats the last season.
type Naive struct{}

// Name implements panel.Model.
func (Naive) Name() string { return "seasonal-naive" }

// Fit implements panel.Model.
func (Naive) Fit(t *panel.Task) panel.Fitted { return fittedNaive{max(1, t.Season(0))} }

type fittedNaive struct{ season int }

// Forecast implements panel.Fitted.
func (f fittedNaive) Forecast(_ int, history []float64, horizon int) []float64 {
	return panel.Naive(history, f.season, horizon)
}

// Mean is the seasonal mean: the mean of the same phase of the shortest season
// with a half-life, and what the same phase of the second season differs by,
// with one of its own.
type Mean struct {
	// HalfLife and WeekHalfLife are in seasons.
	HalfLife, WeekHalfLife float64
}

// Name implements panel.Model.
func (Mean) Name() string { return "seasonal-mean" }

// Fit implements panel.Model.
func (m Mean) Fit(t *panel.Task) panel.Fitted {
	return fittedMean{m, max(1, t.Season(0)), t.Season(1)}
}

type fittedMean struct {
	Mean
	day, week int
}

// Forecast implements panel.Fitted.
func (f fittedMean) Forecast(_ int, history []float64, horizon int) []float64 {
	out := make([]float64, horizon)
	n := len(history)
	daily := means(history, f.day, f.HalfLife)
	var weekly []float64
	if f.week > f.day && n >= f.week+f.day {
		rest := make([]float64, n)
		for i, v := range history {
			rest[i] = v - daily[(n-1-i)%f.day]
		}
		weekly = means(rest, f.week, f.WeekHalfLife)
	}
	for h := range out {
		out[h] = daily[f.day-1-h%f.day]
		if weekly != nil {
			// One or two weeks say little: half of what they say is noise.
			weeks := float64(n) / float64(f.week)
			out[h] += weekly[f.week-1-h%f.week] * weeks / (weeks + 2)
		}
	}
	return out
}

// means returns the weighted mean of each phase counted back from the last
// value: entry b is the phase of the value b steps before the end.
func means(x []float64, season int, halfLife float64) []float64 {
	out := make([]float64, season)
	n := len(x)
	for b := range out {
		sum, weight, w := 0.0, 0.0, 1.0
		keep := math.Exp2(-1 / halfLife)
		for i := n - 1 - b; i >= 0; i -= season {
			sum += w * x[i]
			weight += w
			w *= keep
		}
		out[b] = x[max(0, n-1)]
		if weight > 0 {
			out[b] = sum / weight
		}
	}
	return out
}
