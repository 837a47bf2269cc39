// Package smoothing holds the models that keep a level and seasonal profiles:
// seasonal naive, seasonal mean, and Holt-Winters with two seasons.
package smoothing

import (
	"math"

	"drover/internal/forecast/panel"
)

// Double is additive exponential smoothing with up to two seasons and an
// autoregressive correction of the first order (Taylor, "Short-term electricity
// demand forecasting using double seasonal exponential smoothing", JORS 2003),
// on logarithms where a history is positive. There is no trend: a trend of
// machine load extrapolated over days does harm.
type Double struct {
	// Coarse searches fewer parameters, once.
	Coarse bool
}

// Name implements panel.Model.
func (Double) Name() string { return "holt-winters" }

// gains are the smoothing parameters, each in [0,1).
type gains [4]float64

const (
	gainLevel = iota
	gainDay
	gainWeek
	carry // share of the last error that the next step keeps
)

// coarse holds the values tried of each parameter where time is short.
var coarse = [4][]float64{{0, 0.02, 0.1}, {0.05, 0.1, 0.2, 0.35}, {0.05, 0.1, 0.2, 0.35}, {0.3, 0.6, 0.8, 0.9}}

// grid holds the values tried of each parameter.
var grid = [4][]float64{
	{0, 0.005, 0.02, 0.05, 0.1, 0.3},
	{0.02, 0.05, 0.1, 0.2, 0.35, 0.5},
	{0, 0.05, 0.1, 0.2, 0.35, 0.5},
	{0, 0.3, 0.6, 0.8, 0.9, 0.96},
}

type fittedDouble struct {
	day, week int
	log       []bool
	gains     []gains
}

// Fit implements panel.Model: a search along one parameter after the other for
// the least mean absolute one-step error.
func (d Double) Fit(t *panel.Task) panel.Fitted {
	f := &fittedDouble{day: max(1, t.Season(0)), week: t.Season(1)}
	for _, x := range t.Histories {
		log := true
		for _, v := range x {
			log = log && v > 0
		}
		f.log = append(f.log, log)
		best := gains{0.02, 0.1, 0.1, 0.8}
		z := transform(x, log)
		least := newState(z, f.day, f.week).run(z, best)
		tried, passes := &grid, 2
		if d.Coarse {
			tried, passes = &coarse, 1
		}
		for range passes {
			for p := range tried {
				for _, g := range tried[p] {
					try := best
					if try[p] = g; try == best {
						continue
					}
					if e := newState(z, f.day, f.week).run(z, try); e < least {
						least, best = e, try
					}
				}
			}
		}
		f.gains = append(f.gains, best)
	}
	return f
}

func transform(x []float64, log bool) []float64 {
	if !log {
		return x
	}
	z := make([]float64, len(x))
	for i, v := range x {
		z[i] = math.Log(max(v, 1e-300))
	}
	return z
}

// state is the level and both profiles; last is the latest one-step error.
type state struct {
	level     float64
	day, week []float64
	last      float64
}

// newState starts the profiles from the means of the first two weeks, or of
// what there is.
func newState(z []float64, day, week int) *state {
	s := &state{day: make([]float64, day)}
	span := min(len(z), 2*max(day, week))
	span -= span % day
	if span == 0 {
		span = len(z)
	}
	for _, v := range z[:span] {
		s.level += v / float64(span)
	}
	if len(z) >= 2*day {
		for i, v := range z[:span] {
			s.day[i%day] += (v - s.level) * float64(day) / float64(span)
		}
	}
	if week > day && len(z) >= 2*week {
		s.week = make([]float64, week)
		for i, v := range z[:2*week] {
			s.week[i%week] += (v - s.level - s.day[i%day]) / 2 * 0.7
		}
	}
	return s
}

// run passes over a history and returns the mean absolute one-step error after
// the start-up.
func (s *state) run(z []float64, g gains) float64 {
	sum, from := 0.0, min(len(z)/2, 2*max(len(s.day), len(s.week)))
	d, w := 0, 0
	for i, v := range z {
		fit := s.level + s.day[d]
		if s.week != nil {
			fit += s.week[w]
		}
		e := v - fit - float64(g[carry]*s.last)
		if i >= from {
			sum += math.Abs(e)
		}
		s.level += float64(g[gainLevel] * e)
		s.day[d] += float64(g[gainDay] * e)
		if s.week != nil {
			s.week[w] += float64(g[gainWeek] * e)
			if w++; w == len(s.week) {
				w = 0
			}
		}
		s.last = v - fit
		if d++; d == len(s.day) {
			d = 0
		}
	}
	return sum / float64(max(1, len(z)-from))
}

// Forecast implements panel.Fitted.
func (f *fittedDouble) Forecast(series int, history []float64, horizon int) []float64 {
	z := transform(history, f.log[series])
	s := newState(z, f.day, f.week)
	s.run(z, f.gains[series])
	out := make([]float64, horizon)
	keep := s.last
	for h := range out {
		i := len(z) + h
		keep *= f.gains[series][carry]
		out[h] = s.level + s.day[i%f.day] + keep
		if s.week != nil {
			out[h] += s.week[i%f.week]
		}
		if f.log[series] {
			out[h] = math.Exp(min(out[h], 700))
		}
	}
	return out
}
