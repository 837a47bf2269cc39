// Package base holds the plain forecasts that the global models start from:
// regressions on seasonal differences, one set of coefficients for all series,
// at both seasons, and smoothing. They remember more than a window holds, and a
// forest or a network has only what they leave to learn.
package base

import (
	"math"

	"drover/internal/forecast/linear"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/smoothing"
)

// Most is how many forecasts there are at most.
const Most = 3

// Forecasts are fitted to one task.
type Forecasts struct{ fitted []panel.Fitted }

// Of returns the forecasts that a task brings, or fits them to it. A panel
// whose models share one Task pays for them once.
func Of(t *panel.Task) *Forecasts {
	if f, ok := t.Base.(*Forecasts); ok {
		return f
	}
	f := &Forecasts{}
	for s := range min(2, len(t.Seasons)) {
		f.fitted = append(f.fitted, linear.Pooled{Season: s, Lags: 8, Penalty: 0.02, Log: true}.Fit(t))
	}
	f.fitted = append(f.fitted, smoothing.Double{}.Fit(t))
	return f
}

// Count is how many forecasts there are.
func (f *Forecasts) Count() int { return len(f.fitted) }

// At returns every forecast after a history, as logarithms where log says so.
func (f *Forecasts) At(series int, history []float64, log bool, horizon int) [][]float64 {
	out := make([][]float64, len(f.fitted))
	for e, m := range f.fitted {
		out[e] = m.Forecast(series, history, horizon)
		if !log {
			continue
		}
		for h, y := range out[e] {
			out[e][h] = math.Log(max(y, 1e-300))
		}
	}
	return out
}
