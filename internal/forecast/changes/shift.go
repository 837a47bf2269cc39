package changes

import (
	"math"
	"slices"

	"drover/internal/forecast/panel"
)

// Shift is a lasting change of level: a value v before At is worth
// v*Factor+Add after it.
type Shift struct {
	At          int // index of the first value at the new level
	Known       int // how many values it took to be sure
	Factor, Add float64
}

const (
	mostShifts = 4
	loud       = 6.0 // a shift is so many usual differences high
	louder     = 2.0 // and so many of the greatest one in twenty or a hundred
	consistent = 0.9 // share of the values after it that must agree
	extreme    = 10. // what lies so many rare differences off belongs to nothing
)

// patience is how many values after a change of level must agree before it is
// believed: a twelfth of a season, at least three.
func patience(season int) int { return max(3, season/12) }

// Restate finds lasting changes of level, oldest first, and brings what lies
// before each to the level after it, in place. values has no gaps; seasons are
// in steps, shortest first. A history without a season, or of less than two,
// is left alone.
func Restate(values []float64, seasons []int) []Shift {
	if len(seasons) == 0 || seasons[0] < 2 {
		return nil
	}
	var found []Shift
	for range mostShifts {
		s, ok := strongest(values, seasons)
		if !ok {
			break
		}
		s.Apply(values)
		found = append(found, s)
	}
	slices.SortFunc(found, func(a, b Shift) int { return a.At - b.At })
	return found
}

// Apply restates what lies before the shift.
func (s Shift) Apply(values []float64) {
	for i := range values[:min(s.At, len(values))] {
		values[i] = float64(values[i]*s.Factor) + s.Add
	}
}

// strongest returns the shift that stands out most, if it is one.
func strongest(x []float64, seasons []int) (Shift, bool) {
	season, wait := seasons[0], patience(seasons[0])
	if len(x) < 2*season+wait {
		return Shift{}, false
	}
	r := residuals(x, seasons)
	at, height := steepest(r, season, wait)
	if at < 0 {
		return Shift{}, false
	}
	end := min(len(x), at+season)
	steps, agree := above(x, at, end, seasons)
	if !agree {
		return Shift{}, false
	}
	height = middle(steps)
	if !sudden(x, at, height, seasons) {
		return Shift{}, false // it drifted there
	}
	var usual []float64 // differences outside the shift's reach
	for i, v := range r {
		if v == v && (i < at || i >= at+2*season) {
			usual = append(usual, math.Abs(v))
		}
	}
	if len(usual) < season || math.Abs(height) < 2*drift(x, at, season) {
		return Shift{}, false
	}
	level := 0.95
	if len(x)-at < season { // it may be a burst that has not ended yet
		level = 0.99
	}
	rare := panel.Nth(usual, rank(len(usual), level))
	if math.Abs(height) < max(loud*panel.Nth(usual, rank(len(usual), 0.5)), louder*rare) {
		return Shift{}, false
	}
	if len(seasons) > 1 && at < seasons[1] && math.Abs(height) < reach(x[:at]) {
		return Shift{}, false // a weekend in the first week looks like it
	}
	s := relate(x, steps, at)
	s.Known = at + wait
	return s, true
}

// residuals is how far each value lies from the median of its phase in up to
// three seasons before, or from its phase of the second season where that is
// nearer; NaN in the first season.
func residuals(x []float64, seasons []int) []float64 {
	season, r := seasons[0], make([]float64, len(x))
	for i := range r {
		if i < season {
			r[i] = math.NaN()
			continue
		}
		r[i] = x[i] - before(x, i, season)
		if len(seasons) < 2 {
			continue
		}
		for _, j := range [...]int{i - seasons[1], i - 2*seasons[1], i + seasons[1]} {
			if j < 0 || j >= len(x) || j > i && i >= seasons[1] {
				continue
			}
			if d := x[i] - x[j]; math.Abs(d) < math.Abs(r[i]) {
				r[i] = d
			}
		}
	}
	return r
}

// before is the median of a phase in up to three seasons before.
func before(x []float64, i, season int) float64 {
	a := x[i-season]
	if i < 3*season {
		if i < 2*season {
			return a
		}
		return (a + x[i-2*season]) / 2
	}
	b, c := x[i-2*season], x[i-3*season]
	return max(min(a, b), min(max(a, b), c))
}

// steepest returns where the smallest of the next residuals, all of one sign, is
// greatest and those before are small beside it; -1: nowhere.
func steepest(r []float64, season, wait int) (at int, height float64) {
	at = -1
	for i := season; i+wait <= len(r); i++ {
		least := r[i]
		for _, v := range r[i+1 : i+wait] {
			switch {
			case v*least <= 0:
				least = 0
			case math.Abs(v) < math.Abs(least):
				least = v
			}
		}
		if math.Abs(least) <= math.Abs(height) || i > season && math.Abs(r[i-1]) > math.Abs(least)/2 {
			continue
		}
		at, height = i, least
	}
	return at, height
}

// above is how far the values from a shift on lie above their phase before it, in
// the second season where it reaches back so far, and whether they agree on that.
// In the first season they must at least lie on the same side then.
func above(x []float64, at, end int, seasons []int) (steps []float64, agree bool) {
	steps = make([]float64, end-at)
	for i := range steps {
		steps[i] = x[at+i] - before(x, at+i, seasons[0])
	}
	if len(seasons) < 2 || at < seasons[1] || seasons[1] < end-at {
		return steps, agreeing(steps, x[at:])
	}
	long, same := make([]float64, len(steps)), 0.0
	for i := range long {
		if long[i] = x[at+i] - x[at+i-seasons[1]]; long[i]*steps[i] > 0 {
			same++
		}
	}
	return long, agreeing(long, x[at:]) && same >= consistent*float64(len(long))
}

// sudden tells whether a good part of a height came with one value, beyond what
// the season always does there.
func sudden(x []float64, at int, height float64, seasons []int) bool {
	if (x[at]-before(x, at, seasons[0])-x[at-1]+before(x, at-1, min(seasons[0], at-1)))/height < 0.3 {
		return false
	}
	for _, s := range seasons {
		if at > s && (x[at]-x[at-s]-x[at-1]+x[at-1-s])/height < 0.3 {
			return false
		}
	}
	return true
}

// agreeing tells whether nearly all steps that led to the values are of one sign
// and beyond half of the middle one, as they are or as shares of what was.
func agreeing(steps, values []float64) bool {
	shares := make([]float64, 0, len(steps))
	for i, v := range steps {
		if was := values[i] - v; was > 0 {
			shares = append(shares, v/was)
		}
	}
	return alike(steps) || len(shares) == len(steps) && alike(shares)
}

func alike(steps []float64) bool {
	height, n := middle(steps), 0.0
	for _, v := range steps {
		if v/height > 0.5 {
			n++
		}
	}
	return n >= consistent*float64(len(steps))
}

// drift is the mean difference between seasons outside the reach of a shift.
func drift(x []float64, at, season int) float64 {
	sum, n := 0.0, 0.0
	for i := season; i < len(x); i++ {
		if i < at || i >= at+season {
			sum, n = sum+math.Abs(x[i]-x[i-season]), n+1
		}
	}
	return sum / max(1, n)
}

// reach is the distance between the tenth and the ninetieth percentile.
func reach(x []float64) float64 {
	s := slices.Clone(x)
	return panel.Nth(s, rank(len(s), 0.9)) - panel.Nth(s, rank(len(s), 0.1))
}

// relate says how values before a shift compare with those after it: by a
// factor where that explains them clearly better, else by a sum.
func relate(x, steps []float64, at int) Shift {
	s := Shift{At: at, Factor: 1, Add: middle(steps)}
	ratios := make([]float64, 0, len(steps))
	for i, step := range steps {
		if was := x[at+i] - step; was > 0 {
			ratios = append(ratios, x[at+i]/was)
		}
	}
	if len(ratios) < len(steps) || slices.Min(x) < 0 {
		return s
	}
	factor, bySum, byFactor := middle(ratios), 0.0, 0.0
	for i, step := range steps {
		was := x[at+i] - step
		bySum += math.Abs(step - s.Add)
		byFactor += math.Abs(x[at+i] - was*factor)
	}
	if factor > 0 && (byFactor < 0.7*bySum || slices.Min(x[:at])+s.Add < 0) {
		return Shift{At: at, Factor: factor}
	}
	return s
}

func middle(v []float64) float64 {
	s := slices.Clone(v)
	return (panel.Nth(s, len(s)/2) + panel.Nth(s, (len(s)-1)/2)) / 2
}

// rank is where a quantile of n sorted values stands.
func rank(n int, p float64) int { return min(n-1, int(p*float64(n))) }
