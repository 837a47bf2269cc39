package recorded

import (
	"cmp"
	"math"
	"slices"
	"time"

	"drover/internal/model"
)

// holdFor is how long a measurement counts where nothing newer came, and how far
// back one describes the time before it.
const holdFor = 15 * time.Minute

// point is one measurement: the mean of the time before At.
type point struct {
	at    model.Instant
	value float64
}

// series are the measurements of one thing, in the order they came in.
type series struct{ points []point }

func (s *series) add(at model.Instant, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
		return
	}
	s.points = append(s.points, point{at, value})
}

// perMinute returns the series' values for minutes from an instant on; minutes
// that nothing is known of are NaN. Several measurements of a minute are averaged.
func (s *series) perMinute(from model.Instant, minutes int) []float64 {
	out := make([]float64, minutes)
	for i := range out {
		out[i] = math.NaN()
	}
	slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	last, lastValue := -1<<40, 0.0
	for i := 0; i < len(s.points); {
		cell := minuteOf(s.points[i].at, from)
		sum, n := 0.0, 0
		for ; i < len(s.points) && minuteOf(s.points[i].at, from) == cell; i++ {
			sum += s.points[i].value
			n++
		}
		value := sum / float64(n)
		gap := cell - last
		first := cell // the first minute that the value describes
		if gap <= int(holdFor/time.Minute) {
			first = last + 1
		} else {
			fill(out, last+1, min(cell-1, last+int(holdFor/time.Minute)), lastValue)
		}
		fill(out, first, cell, value)
		last, lastValue = cell, value
	}
	fill(out, last+1, last+int(holdFor/time.Minute), lastValue)
	return out
}

// minuteOf returns the minute in which a measurement ends.
func minuteOf(at, from model.Instant) int {
	return int(math.Ceil(float64(at-from)/float64(time.Minute.Milliseconds()))) - 1
}

// fill sets minutes first to last.
func fill(out []float64, first, last int, value float64) {
	for i := max(first, 0); i <= last && i < len(out); i++ {
		out[i] = value
	}
}

// addUp sums series minute by minute: what one doesn't know of a minute counts
// as nothing where another knows something.
func addUp(all [][]float64, minutes int) []float64 {
	out := make([]float64, minutes)
	for i := range out {
		sum, known := 0.0, false
		for _, values := range all {
			if !math.IsNaN(values[i]) {
				sum, known = sum+values[i], true
			}
		}
		if out[i] = sum; !known {
			out[i] = math.NaN()
		}
	}
	return out
}

// closeGaps fills the minutes that nothing is known of with the value before, at the
// beginning with the first, and returns how many. None known at all is -1.
func closeGaps(values []float64) int {
	first := slices.IndexFunc(values, func(v float64) bool { return !math.IsNaN(v) })
	if first < 0 {
		return -1
	}
	filled := 0
	for i := range values {
		if !math.IsNaN(values[i]) {
			continue
		}
		filled++
		if values[i] = values[first]; i > first {
			values[i] = values[i-1]
		}
	}
	return filled
}

// known counts the minutes of which something is known.
func known(values []float64) (n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// scale multiplies every value.
func scale(values []float64, by float64) {
	for i := range values {
		values[i] *= by
	}
}

// meanAndMost returns the mean of values, and their greatest.
func meanAndMost(values []float64) (mean, most float64) {
	for _, v := range values {
		mean += v / float64(len(values))
		most = max(most, v)
	}
	return mean, most
}
