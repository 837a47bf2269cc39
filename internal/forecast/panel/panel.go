// Package panel holds series on a regular grid and what every model of files
// of series has in common: the contract of a model, filling of gaps, scaling.
//
// It knows no file format and no model.
package panel

import (
	"math"
	"sync"
	"time"

	"drover/internal/model"
)

// Series is one series on a grid. Values[i] belongs to Start+i*Step of its
// panel; NaN is a missing value. The first and the last value are present.
type Series struct {
	ID     string
	Start  model.Instant
	Values []float64
}

// Panel is a set of series with one step and common seasons.
type Panel struct {
	Step time.Duration
	// Seasons are season lengths in steps, shortest first; none means no season.
	Seasons []int
	Series  []Series
}

// Season returns the shortest season in steps, 1 where there is none.
func (p *Panel) Season() int {
	if len(p.Seasons) == 0 {
		return 1
	}
	return p.Seasons[0]
}

// Cut returns the panel as it was a number of steps before each series' end:
// nothing after that is reachable from it. Series that would be left with less
// than keep values are left whole where keep is negative, and dropped otherwise;
// index tells where each remaining series stood.
func (p *Panel) Cut(back, keep int) (cut *Panel, index []int) {
	cut = &Panel{Step: p.Step, Seasons: p.Seasons}
	for i, s := range p.Series {
		n := len(s.Values) - back
		if n < max(1, keep) {
			continue
		}
		for n > 1 && math.IsNaN(s.Values[n-1]) {
			n--
		}
		cut.Series = append(cut.Series, Series{ID: s.ID, Start: s.Start, Values: s.Values[:n:n]})
		index = append(index, i)
	}
	return cut, index
}

// Task is what a model is fitted to.
type Task struct {
	// Histories are complete: gaps are filled.
	Histories [][]float64
	// Offsets tell how many steps after a common origin of time each history
	// begins, so that phases of seasons agree across series.
	Offsets []int64
	// Seasons are in steps, shortest first.
	Seasons []int
	Horizon int
	Seed    uint64
	// Step is the distance between two values.
	Step time.Duration
	// Quick asks for less work where a model leaves the choice.
	Quick bool
	// Base is what several models start from, where it was fitted for all of
	// them already: a *base.Forecasts. Nil: each model fits its own.
	Base any

	once sync.Once
	logs *Running
}

// Season returns the task's i-th season in steps, or 0.
func (t *Task) Season(i int) int {
	if i < len(t.Seasons) {
		return t.Seasons[i]
	}
	return 0
}

// Model is one way to forecast. Fit must not keep or change the histories, and
// must give the same result for the same task.
type Model interface {
	// Name is the word of --model.
	Name() string
	Fit(t *Task) Fitted
}

// Continuer is a Model that learns on from what it knew before: before is what
// it fitted to an earlier task, or nil.
type Continuer interface {
	Model
	Refit(before Fitted, t *Task) Fitted
}

// Fitted is a model with its parameters. Forecast continues a history of one
// of the task's series, which may be longer than the one fitted to: what it
// returns depends on the parameters and on that history alone.
type Fitted interface {
	Forecast(series int, history []float64, horizon int) []float64
}

// Stepped is a Fitted that forecasts some steps of a horizon as cheaply as they
// are few.
type Stepped interface {
	Fitted
	At(series int, history []float64, steps []int) []float64
}

// Steps lists all steps of a horizon.
func Steps(horizon int) []int {
	steps := make([]int, horizon)
	for h := range steps {
		steps[h] = h
	}
	return steps
}

// Naive repeats the last season; where the history is shorter, the last value.
func Naive(history []float64, season, horizon int) []float64 {
	out := make([]float64, horizon)
	n := len(history)
	if season < 1 || n < season {
		season = 1
	}
	for h := range out {
		out[h] = history[n-season+h%season]
	}
	return out
}

// Scale is the mean absolute seasonal difference of a history (the denominator
// of MASE; Hyndman & Koehler, IJF 2006), or the mean absolute value where that
// is zero or can't be formed, or 1.
func Scale(history []float64, season int) float64 {
	if season < 1 || len(history) <= season {
		season = 1
	}
	sum := 0.0
	for i := season; i < len(history); i++ {
		sum += math.Abs(history[i] - history[i-season])
	}
	if n := len(history) - season; n > 0 && sum > 0 {
		return sum / float64(n)
	}
	sum = 0
	for _, v := range history {
		sum += math.Abs(v)
	}
	if sum > 0 {
		return sum / float64(len(history))
	}
	return 1
}
