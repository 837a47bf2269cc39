// Package base holds the plain forecasts that the global models start from:
// regressions on seasonal differences, one set of coefficients for all series,
// at both seasons, and smoothing. They remember more than a window holds, and a
// forest or a network has only what they leave to learn.
package base

import (
	"math"
	"slices"
	"sync"

	"drover/internal/forecast/linear"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/smoothing"
)

// Most is how many forecasts there are at most.
const Most = 3

// Forecasts are fitted to one task.
type Forecasts struct {
	labels []string
	fitted []panel.Stepped

	mu    sync.Mutex
	known map[key][][]float64
}

// key names what was forecast: histories of one series differ in their length.
type key struct{ series, length, horizon int }

// Of returns the forecasts that a task brings, or fits them to it. A panel
// whose models share one Task pays for them once.
func Of(t *panel.Task) *Forecasts {
	if f, ok := t.Base.(*Forecasts); ok {
		return f
	}
	f := &Forecasts{known: map[key][][]float64{}}
	for s, label := range []string{"ar-ridge", "ar-ridge-long"}[:min(2, len(t.Seasons))] {
		f.labels = append(f.labels, label)
		f.fitted = append(f.fitted, linear.Pooled{Season: s, Lags: 8, Penalty: 0.02, Log: true}.Stepped(t))
	}
	f.labels = append(f.labels, "holt-winters")
	f.fitted = append(f.fitted, smoothing.Double{Coarse: t.Quick}.Stepped(t))
	return f
}

// Each returns every forecast after a history, at some steps.
func (f *Forecasts) Each(series int, history []float64, steps []int) [][]float64 {
	out := make([][]float64, len(f.fitted))
	for e, m := range f.fitted {
		out[e] = m.At(series, history, steps)
	}
	return out
}

// Kept is Each for the histories that several models are asked about: the
// second asks in vain for work. The result must not be changed.
func (f *Forecasts) Kept(series int, history []float64, horizon int) [][]float64 {
	k := key{series, len(history), horizon}
	f.mu.Lock()
	out, ok := f.known[k]
	f.mu.Unlock()
	if !ok {
		out = f.Each(series, history, panel.Steps(horizon))
		f.mu.Lock()
		f.known[k] = out
		f.mu.Unlock()
	}
	return out
}

// Logs returns forecasts as logarithms.
func Logs(each [][]float64) [][]float64 {
	out := make([][]float64, len(each))
	for e, one := range each {
		out[e] = make([]float64, len(one))
		for h, y := range one {
			out[e][h] = math.Log(max(y, 1e-300))
		}
	}
	return out
}

// Model is one of the forecasts as a model of its own.
type Model struct{ Label string }

// Name implements panel.Model.
func (m Model) Name() string { return m.Label }

// Fit implements panel.Model.
func (m Model) Fit(t *panel.Task) panel.Fitted {
	f := Of(t)
	return fitted{f, slices.Index(f.labels, m.Label)}
}

type fitted struct {
	*Forecasts
	place int
}

// Forecast implements panel.Fitted; without a season there is no regression at
// it, and the smoothing stands in.
func (f fitted) Forecast(series int, history []float64, horizon int) []float64 {
	place := f.place
	if place < 0 {
		place = len(f.fitted) - 1
	}
	return slices.Clone(f.Kept(series, history, horizon)[place])
}
