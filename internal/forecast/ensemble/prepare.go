package ensemble

import (
	"math"
	"slices"

	"drover/internal/forecast/changes"
	"drover/internal/forecast/effects"
	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// series is one prepared series.
type series struct {
	id       string
	start    model.Instant // of values[0]
	values   []float64     // gaps filled, events taken out, at the level of the end
	quiet    []float64     // the same with NaN where a value was filled in; nil: none was
	blind    []blind       // origins that can't be judged
	learned  *effects.Learned
	lower    float64
	upper    float64
	constant bool
	scale    float64 // mean absolute seasonal difference
	level    float64 // mean absolute value
}

// blind is a change of level: what is forecast from before it is known, of steps
// after it, says nothing of how the models do without one.
type blind struct{ at, known int }

// prepare fills gaps and measures each series.
func prepare(p *panel.Panel, o *Options) []series {
	out := make([]series, len(p.Series))
	for i, s := range p.Series {
		_, front := panel.Trim(s.Values)
		kept := s.Values[front:] // a gap at the end stays: the horizon begins after it
		r := &out[i]
		r.id, r.start = s.ID, s.Start+model.Instant(int64(front)*p.Step.Milliseconds())
		r.bound(kept, o)
		r.quieten(kept, p, o)
		r.measure()
		r.scale = panel.Scale(r.values, p.Season())
	}
	believe(out, p.Season())
	return out
}

const (
	fewValues = 24 // with less, a series' scale is drawn to the fleet's
	doubt     = 3  // values' worth of the fleet
	unknown   = 0.33
)

// believe draws the scale of series of a few values to what is usual in the
// fleet, as a share of the level, so that one that has not moved yet is not taken
// for constant.
func believe(rows []series, season int) {
	var shares []float64
	for i := range rows {
		if r := &rows[i]; len(r.values) >= max(2*season, fewValues) && !r.constant && r.level > 0 {
			shares = append(shares, r.scale/r.level)
		}
	}
	usual := unknown
	if slices.Sort(shares); len(shares) > 0 {
		usual = shares[len(shares)/2]
	}
	for i := range rows {
		r := &rows[i]
		if n := float64(len(r.values)); n < fewValues && r.level > 0 {
			own := r.scale
			if r.constant {
				own = 0
			}
			r.scale, r.constant = (n*own+doubt*usual*r.level)/(n+doubt), false
		}
	}
}

// quieten takes events and outliers out, fills gaps and brings what lies before
// a change of level to the level after it.
func (s *series) quieten(kept []float64, p *panel.Panel, o *Options) {
	grid := effects.Grid{Start: s.start, Step: p.Step, Season: p.Season()}
	var own []effects.Event
	for _, e := range o.Events {
		if e.Series == "" || e.Series == s.id {
			own = append(own, e)
		}
	}
	quiet := append([]float64(nil), kept...)
	for i, touched := range effects.Touched(grid, own, len(kept)) {
		if touched {
			quiet[i] = math.NaN()
		}
	}
	if allMissing(quiet) {
		copy(quiet, kept)
	}
	s.values = panel.Fill(quiet, p.Season())
	if far := changes.Outliers(s.values, p.Season()); len(far) > 0 {
		for _, i := range far {
			quiet[i] = math.NaN()
		}
		s.values = panel.Fill(quiet, p.Season())
	}
	if shifts := changes.Restate(s.values, p.Seasons); len(shifts) > 0 {
		kept = append([]float64(nil), kept...)
		for _, shift := range shifts {
			shift.Apply(kept)
			shift.Apply(quiet)
			s.blind = append(s.blind, blind{shift.At, shift.Known})
		}
	}
	if slices.ContainsFunc(quiet, math.IsNaN) {
		s.quiet = quiet
	}
	if len(own) > 0 {
		s.learned = effects.Learn(grid, own, kept, panel.Fill(wide(quiet, grid), p.Season()))
	}
}

// wide opens gaps by a season on either side: an event's neighbourhood is
// lifted as well, and a forecast from afar does not know that.
func wide(quiet []float64, grid effects.Grid) []float64 {
	out := append([]float64(nil), quiet...)
	for i := range quiet {
		if math.IsNaN(quiet[i]) {
			for j := max(0, i-grid.Season); j <= min(len(quiet)-1, i+grid.Season); j++ {
				out[j] = math.NaN()
			}
		}
	}
	return out
}

func allMissing(v []float64) bool {
	for _, x := range v {
		if x == x {
			return false
		}
	}
	return true
}

// known returns the first n values as they were known then: a gap that was
// open at that time is filled from its left side only.
func (s *series) known(n, season int) []float64 {
	if s.quiet == nil {
		return s.values[:n:n]
	}
	return panel.Fill(s.quiet[:n], season)
}

// bound finds out the bounds that the options leave open.
func (s *series) bound(kept []float64, o *Options) {
	s.lower, s.upper = 0, math.Inf(1)
	for _, v := range kept {
		if v < 0 {
			s.lower = math.Inf(-1)
		}
	}
	if !math.IsNaN(o.Lower) {
		s.lower = o.Lower
	}
	if !math.IsNaN(o.Upper) {
		s.upper = o.Upper
	}
}

// measure tells whether the series ever moved, and how large it is.
func (s *series) measure() {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range s.values {
		low, high = min(low, v), max(high, v)
		s.level += math.Abs(v) / float64(len(s.values))
	}
	s.constant = low == high
}

// limits keep a forecast of a point within what the history makes plausible:
// half the range beyond either end, and a strictly positive series stays above
// half of its least value.
type limits struct{ low, high, last float64 }

// limitsOf returns the limits after each series' known values.
func limitsOf(rows []series, known [][]float64) []limits {
	out := make([]limits, len(rows))
	for i, values := range known {
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range values {
			if v < low {
				low = v
			}
			if v > high {
				high = v
			}
		}
		reach := (high - low) / 2
		floor := low - reach
		if low > 0 {
			floor = max(floor, low/2)
		}
		out[i] = limits{max(floor, rows[i].lower), min(high+reach, rows[i].upper), math.NaN()}
		if len(values) > 0 {
			out[i].last = values[len(values)-1]
		}
	}
	return out
}

// clamp sets what is no number to the last value, and the rest within the limits.
func (l limits) clamp(f []float64) {
	for h, v := range f {
		if math.IsNaN(v) {
			v = l.last
		}
		f[h] = min(max(v, l.low), l.high)
	}
}
