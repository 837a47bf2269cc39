// Package ensemble forecasts a panel: it fits every model, measures them at
// rolling origins inside the history, joins them with weights from those
// errors, calibrates quantiles on what the joined forecast got wrong there, and
// then forecasts from the end.
//
// Nothing of a series after an origin is reachable from what is forecast at
// it. The result depends on the panel, the options and the seed alone, however
// the work is spread (see Options.Each).
package ensemble

import (
	"fmt"
	"math"
	"strings"

	"drover/internal/forecast/effects"
	"drover/internal/forecast/wallclock"
)

// Auto is the ensemble of all models that fit the panel.
const Auto = "auto"

// Options say what to forecast.
type Options struct {
	Horizon int
	// Levels are the quantiles, rising within (0,1).
	Levels []float64
	// Model is Auto or one of Names.
	Model string
	Seed  uint64
	// Effort is how much work the models do.
	Effort Effort
	// Warm is what the network knew after an earlier run (Joined.Warm); it goes on
	// from there. Nil: it begins anew.
	Warm []byte
	// Events act on the series; past ones are learned from.
	Events []effects.Event
	// Zone is the wall clock that seasons go by; nil: UTC.
	Zone *wallclock.Zone
	// Lower and Upper bound every series; NaN means that it is found out: a
	// series that was never negative stays so.
	Lower, Upper float64
	// Each calls f(0) to f(n-1), in any order or at the same time, and returns
	// when all are done. Nil runs them one after the other.
	Each func(n int, f func(i int))
}

func (o *Options) each(n int, f func(i int)) {
	if o.Each != nil {
		o.Each(n, f)
		return
	}
	for i := range n {
		f(i)
	}
}

// Check says what is wrong with the options, and what is right.
func (o *Options) Check() error {
	if o.Horizon < 1 || o.Horizon > 100_000 {
		return fmt.Errorf("horizon %d: want 1 to 100,000 steps", o.Horizon)
	}
	if len(o.Levels) == 0 {
		return fmt.Errorf("no quantile levels: want at least one in (0,1)")
	}
	for l, p := range o.Levels {
		if !(p > 0 && p < 1) || l > 0 && p <= o.Levels[l-1] {
			return fmt.Errorf("quantile level %v at place %d: levels rise within (0,1)", p, l+1)
		}
	}
	if o.Model != Auto && !known(o.Model) {
		return fmt.Errorf("model %q: want %s or %s", o.Model, Auto, strings.Join(Names(), ", "))
	}
	if o.Upper < o.Lower {
		return fmt.Errorf("bounds %v to %v: the upper one is the smaller", o.Lower, o.Upper)
	}
	return nil
}

// Unbounded returns the bounds that stand for "found out".
func Unbounded() (lower, upper float64) { return math.NaN(), math.NaN() }

// models returns one model, or all that the ensemble joins.
