// Package smoothing holds the models that keep a level and seasonal profiles:
// seasonal naive, seasonal mean, and Holt-Winters with two seasons.
package smoothing

import (
	"math"
	"sync"

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
	logs      *panel.Running

	mu      sync.Mutex
	reached []reached
}

// reached is how far a series' history was last followed: forecasts from one
// origin after the other need not begin anew.
type reached struct {
	first *float64 // of the history
	n     int      // values taken in
	state *state
}

// Fit implements panel.Model: a search along one parameter after the other for
// the least mean absolute one-step error.
func (d Double) Fit(t *panel.Task) panel.Fitted { return d.Stepped(t) }

// Stepped is Fit by a narrower contract.
func (d Double) Stepped(t *panel.Task) panel.Stepped {
	f := &fittedDouble{day: max(1, t.Season(0)), week: t.Season(1), logs: t.Logs(), reached: make([]reached, len(t.Histories))}
	tried, passes := &grid, 2
	if d.Coarse {
		tried, passes = &coarse, 1
	}
	for i, x := range t.Histories {
		f.log = append(f.log, panel.Positive(x))
		z := panel.View(f.logs, f.log[i], i, x)
		f.gains = append(f.gains, search(z, newState(z, f.day, f.week), tried, passes))
	}
	return f
}

// search tries the values of one parameter after the other.
func search(z []float64, start *state, tried *[4][]float64, passes int) gains {
	best := gains{0.02, 0.1, 0.1, 0.8}
	s := start.clone()
	least := s.run(z, best)
	for range passes {
		for p := range tried {
			for _, g := range tried[p] {
				try := best
				if try[p] = g; try == best {
					continue
				}
				s.set(start)
				if e := s.run(z, try); e < least {
					least, best = e, try
				}
			}
		}
	}
	return best
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

func (s *state) clone() *state {
	c := &state{day: make([]float64, len(s.day))}
	if s.week != nil {
		c.week = make([]float64, len(s.week))
	}
	c.set(s)
	return c
}

// set makes the state what another one of the same seasons is.
func (s *state) set(from *state) {
	s.level, s.last = from.level, from.last
	copy(s.day, from.day)
	copy(s.week, from.week)
}

// run passes over a history and returns the mean absolute one-step error after
// the start-up.
func (s *state) run(z []float64, g gains) float64 {
	from := min(len(z)/2, 2*max(len(s.day), len(s.week)))
	return s.follow(z, 0, from, g) / float64(max(1, len(z)-from))
}

// follow takes in a history from its done-th value on, and returns the sum of
// the absolute one-step errors from another one on.
func (s *state) follow(z []float64, done, from int, g gains) float64 {
	sum := 0.0
	d, w := done%len(s.day), 0
	if s.week != nil {
		w = done % len(s.week)
	}
	for i := done; i < len(z); i++ {
		v := z[i]
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
	return sum
}

// after returns the state after a history, which z is as the model sees it.
func (f *fittedDouble) after(series int, history, z []float64) *state {
	whole := 2 * max(f.day, f.week) // the start depends on no more
	f.mu.Lock()
	at := f.reached[series]
	f.mu.Unlock()
	if len(history) == 0 || at.first != &history[0] || at.n > len(z) || at.n < whole {
		at = reached{state: newState(z, f.day, f.week)}
	} else {
		at.state = at.state.clone()
	}
	at.state.follow(z, at.n, 0, f.gains[series])
	if len(history) > 0 {
		at.first, at.n = &history[0], len(z)
		f.mu.Lock()
		f.reached[series] = at
		f.mu.Unlock()
	}
	return at.state
}

// Forecast implements panel.Fitted.
func (f *fittedDouble) Forecast(series int, history []float64, horizon int) []float64 {
	return f.At(series, history, panel.Steps(horizon))
}

// At implements panel.Stepped.
func (f *fittedDouble) At(series int, history []float64, steps []int) []float64 {
	z := panel.View(f.logs, f.log[series], series, history)
	s := f.after(series, history, z)
	out := make([]float64, len(steps))
	keep, carried := s.last, 0
	for k, h := range steps {
		if h < carried {
			keep, carried = s.last, 0
		}
		for ; carried <= h; carried++ {
			keep *= f.gains[series][carry]
		}
		i := len(z) + h
		out[k] = s.level + s.day[i%f.day] + keep
		if s.week != nil {
			out[k] += s.week[i%f.week]
		}
		if f.log[series] {
			out[k] = math.Exp(min(out[k], 700))
		}
	}
	return out
}
