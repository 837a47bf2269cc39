// Package effects learns what calendar events do to a series before, during
// and after themselves, per kind, so that histories can be read without them
// and forecasts be made with them.
//
// Effects are additive, on logarithms where a series spans more than three
// times its low end. Overlapping events add up: all effects of a series come
// from one ridge regression of what stands above the series without events.
// Each is then drawn to nothing by how uncertain it is (James & Stein 1961).
package effects

import (
	"math"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
)

// Event is one event of a calendar.
type Event struct {
	Name       string
	Start, End model.Instant // End is exclusive
	Series     string        // empty: all
}

// Kind is what effects are learned by: the name without a trailing year or
// number, so that "Sale 2025" teaches "Sale 2026".
func (e *Event) Kind() string {
	kind := strings.TrimRight(e.Name, "0123456789 -_/#")
	if kind == "" {
		return e.Name
	}
	return strings.ToLower(kind)
}

// Parts of an event that have effects of their own.
const (
	duringParts = 4 // at most: a short event has one a step
	afterParts  = 3
	parts       = 1 + duringParts + afterParts
)

// Grid is the time axis of a series.
type Grid struct {
	Start  model.Instant
	Step   time.Duration
	Season int // shortest season in steps
}

// At returns the start of step i.
func (g Grid) At(i int) model.Instant {
	return g.Start + model.Instant(int64(i)*g.Step.Milliseconds())
}

// around is how many steps one part before or after an event is long: a day,
// or the event's own length where that is shorter.
func (g Grid) around(e *Event) int {
	length := int((int64(e.End-e.Start) + g.Step.Milliseconds() - 1) / g.Step.Milliseconds())
	day := max(1, int(24*time.Hour/g.Step))
	return max(1, min(length, day))
}

// place returns the first step of an event and its length in steps.
func (g Grid) place(e *Event) (first, length int) {
	step := g.Step.Milliseconds()
	first = int(floorDiv(int64(e.Start-g.Start), step))
	last := int(floorDiv(int64(e.End-g.Start)-1, step))
	return first, max(1, last-first+1)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// part returns which part of an event a step is in; ok is false outside.
func (g Grid) part(e *Event, i int) (part int, ok bool) {
	first, length := g.place(e)
	around := g.around(e)
	switch x := i - first; {
	case x < -around || x >= length+afterParts*around:
		return 0, false
	case x < 0:
		return 0, true
	case x < length:
		return 1 + x*min(duringParts, length)/length, true
	default:
		return 1 + duringParts + (x-length)/around, true
	}
}

// Span returns the first step that an event may act on and the one after the
// last.
func (g Grid) Span(e *Event) (from, to int) {
	first, length := g.place(e)
	around := g.around(e)
	return first - around, first + length + afterParts*around
}

// Learned is what the events of one series were found to do.
type Learned struct {
	grid   Grid
	events []Event
	kinds  []string
	log    bool
	coef   []float64 // by kind and part
	doubt  []float64 // standard deviation of one occurrence's effect
	left   float64   // squares that the effects leave
	flat   bool      // effects are measured from the mean over a season
}

// Touched marks the steps of [0,n) that some event may act on.
func Touched(g Grid, events []Event, n int) []bool {
	out := make([]bool, n)
	for i := range events {
		from, to := g.Span(&events[i])
		for j := max(0, from); j < min(n, to); j++ {
			out[j] = true
		}
	}
	return out
}

// Learn compares values (NaN: missing) with quiet, which is the same series as
// it would have been without events. Effects are measured from quiet itself or
// from its mean over a season around each step, whichever explains past events
// better: a match day is what it is on a Saturday or a Sunday, but a sale's
// hours still have day and night.
func Learn(g Grid, events []Event, values, quiet []float64) *Learned {
	shaped := learn(g, events, values, quiet)
	flat := learn(g, events, values, Smooth(quiet, g.Season))
	if flat.left < shaped.left {
		flat.flat = true
		return flat
	}
	return shaped
}

func learn(g Grid, events []Event, values, quiet []float64) *Learned {
	l := &Learned{grid: g, events: events, log: spans(values)}
	for i := range events {
		if k := events[i].Kind(); !slices.Contains(l.kinds, k) {
			l.kinds = append(l.kinds, k)
		}
	}
	size := len(l.kinds) * parts
	l.doubt = make([]float64, size)
	a, count := make([][]float64, size), make([]float64, size)
	for i := range a {
		a[i] = make([]float64, size+1)
	}
	l.visit(len(values), func(i int, columns []int) {
		r := l.view(values[i]) - l.view(quiet[i])
		if math.IsNaN(r) || math.IsInf(r, 0) {
			return
		}
		for _, c := range columns {
			count[c]++
			a[c][size] += r
			for _, d := range columns {
				a[c][d]++
			}
		}
	})
	l.coef = solve(a, 0.02)
	l.shrink(values, quiet, count)
	return l
}

// Smooth returns the mean over a season around each value.
func Smooth(x []float64, season int) []float64 {
	if season < 2 {
		return x
	}
	sum := make([]float64, len(x)+1)
	for i, v := range x {
		sum[i+1] = sum[i] + v
	}
	out := make([]float64, len(x))
	for i := range x {
		from := max(0, min(i-season/2, len(x)-season))
		to := min(len(x), from+season)
		out[i] = (sum[to] - sum[from]) / float64(to-from)
	}
	return out
}

// visit calls f for every step of [0,n) that events act on, with the columns
// of their effects.
func (l *Learned) visit(n int, f func(i int, columns []int)) {
	touched := Touched(l.grid, l.events, n)
	for i, yes := range touched {
		if yes {
			f(i, l.columns(i))
		}
	}
}

func (l *Learned) columns(i int) []int {
	var out []int
	for e := range l.events {
		part, ok := l.grid.part(&l.events[e], i)
		if !ok {
			continue
		}
		c := slices.Index(l.kinds, l.events[e].Kind())*parts + part
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// doubtShare is how much of the variance of an effect is held against it:
// events stand in a calendar because somebody expects them to matter.
const doubtShare = 0.3

// shrink draws effects to nothing by the share of their square that chance
// explains, and notes how far single occurrences lay from them.
func (l *Learned) shrink(values, quiet, count []float64) {
	square := make([]float64, len(l.coef))
	n := 0.0
	l.visit(len(values), func(i int, columns []int) {
		r := l.view(values[i]) - l.view(quiet[i])
		for _, c := range columns {
			r -= l.coef[c]
		}
		if math.IsNaN(r) || math.IsInf(r, 0) {
			return
		}
		l.left, n = l.left+r*r, n+1
		for _, c := range columns {
			square[c] += r * r
		}
	})
	for c := range l.coef {
		if count[c] == 0 {
			continue
		}
		variance := (square[c] + 2*l.left/n) / (count[c] + 2)
		l.doubt[c] = math.Sqrt(variance * (1 + 1/count[c]))
		if l.coef[c] != 0 {
			l.coef[c] *= max(0, 1-doubtShare*variance/count[c]/(l.coef[c]*l.coef[c]))
		}
	}
}

// Apply adds the events' effects to a forecast that begins at step n of the
// grid, in place, and returns the standard deviation of what was added to each
// step, in the series' unit. known is the history without events.
func (l *Learned) Apply(known, forecast []float64) (doubt []float64) {
	n := len(known)
	doubt = make([]float64, len(forecast))
	base := forecast
	if l.flat {
		tail := min(n, l.grid.Season)
		joined := append(append([]float64(nil), known[n-tail:]...), forecast...)
		base = Smooth(joined, l.grid.Season)[tail:]
	}
	for h := range forecast {
		sum, variance := 0.0, 0.0
		for _, c := range l.columns(n + h) {
			sum += l.coef[c]
			variance = max(variance, l.doubt[c]*l.doubt[c])
		}
		switch {
		case sum == 0 && variance == 0:
		case l.log && base[h] > 0:
			forecast[h] = base[h] * math.Exp(min(max(sum, -5), 5))
			doubt[h] = forecast[h] * min(math.Sqrt(variance), 2)
		default:
			forecast[h] = base[h] + sum
			doubt[h] = math.Sqrt(variance)
		}
	}
	return doubt
}

func (l *Learned) view(v float64) float64 {
	if l.log {
		return math.Log(v)
	}
	return v
}

// spans tells whether a positive series reaches over three times its low end.
func spans(values []float64) bool {
	var v []float64
	for _, x := range values {
		if x <= 0 {
			return false
		}
		if !math.IsNaN(x) {
			v = append(v, x)
		}
	}
	slices.Sort(v)
	return len(v) > 20 && v[len(v)*19/20] > 3*v[len(v)/20]
}

// solve solves symmetric equations with a ridge; rows without any observation
// give zero.
func solve(a [][]float64, ridge float64) []float64 {
	n := len(a)
	for i := range n {
		a[i][i] += ridge
	}
	for i := range n {
		for r := i + 1; r < n; r++ {
			m := a[r][i] / a[i][i]
			if m == 0 {
				continue
			}
			for c := i; c <= n; c++ {
				a[r][c] -= float64(m * a[i][c])
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = a[i][n]
		for c := i + 1; c < n; c++ {
			x[i] -= float64(a[i][c] * x[c])
		}
		x[i] /= a[i][i]
	}
	return x
}
