package model

import (
	"fmt"
	"math"
	"time"
)

// Quantiles is a probabilistic forecast of one quantity over a horizon.
type Quantiles struct {
	// Levels rise strictly within (0,1).
	Levels []float64
	// Values[h][l] is the value at step h (0 is the first step after the origin)
	// for Levels[l]; within a step they never fall.
	Values [][]float64
	// Mean[h] is the expected value at step h.
	Mean []float64
}

// Validate checks the promises that Quantiles makes.
func (q Quantiles) Validate() error {
	for l, p := range q.Levels {
		if !(p > 0 && p < 1) || l > 0 && p <= q.Levels[l-1] {
			return fmt.Errorf("quantile levels: %v at place %d must rise within (0,1)", p, l)
		}
	}
	if len(q.Mean) != len(q.Values) {
		return fmt.Errorf("quantiles: %d means for %d steps", len(q.Mean), len(q.Values))
	}
	for h, row := range q.Values {
		if len(row) != len(q.Levels) {
			return fmt.Errorf("quantiles: step %d has %d values for %d levels", h, len(row), len(q.Levels))
		}
		for l, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) || l > 0 && v < row[l-1] {
				return fmt.Errorf("quantiles: step %d level %v has value %v", h, q.Levels[l], v)
			}
		}
	}
	return nil
}

// At returns the value at step h for level p, linear between the levels and
// flat outside them. It returns NaN for a step that is not there.
func (q Quantiles) At(h int, p float64) float64 {
	if h < 0 || h >= len(q.Values) || len(q.Levels) == 0 {
		return math.NaN()
	}
	row := q.Values[h]
	if p <= q.Levels[0] {
		return row[0]
	}
	for l := 1; l < len(q.Levels); l++ {
		if p <= q.Levels[l] {
			w := (p - q.Levels[l-1]) / (q.Levels[l] - q.Levels[l-1])
			return row[l-1] + float64(w*(row[l]-row[l-1]))
		}
	}
	return row[len(row)-1]
}

// Forecast is what is expected of one resource of one entity.
type Forecast struct {
	Fleet    FleetID
	Entity   EntityID
	Resource Resource
	// Origin is the tick the forecast was made at: it uses nothing later.
	Origin Instant
	// Step is the width of a step; step h covers [Origin+h*Step, Origin+(h+1)*Step).
	Step      time.Duration
	Quantiles Quantiles
	// Observed is the latest value seen, at ObservedAt.
	Observed   float64
	ObservedAt Instant
	// Peak is the greatest value seen in the last week: the fallback where the
	// forecast is not to be trusted.
	Peak float64
	// Trusted is false while the forecast does no better than seasonal naive or
	// has too little history; Note says why.
	Trusted bool
	Model   string
	Note    string
	// MASE, Coverage80 and Samples tell how it did so far; zero: unknown.
	MASE       float64
	Coverage80 float64
	Samples    int64
}
