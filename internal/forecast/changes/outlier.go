package changes

import (
	"math"
	"slices"

	"drover/internal/forecast/panel"
)

// leastForOutliers is how many values it takes to say what is rare.
const leastForOutliers = 24

// Outliers returns the places, in rising order, of values that lie far from
// their neighbours on either side and from their phase in the seasons around:
// ten times as far as all but one value in a hundred do. Several in a row are
// found where values came back to where they were; a row that reaches the end may
// be a change of level. values has no gaps. Spikes that come back, and series
// that hardly ever move, have none.
func Outliers(values []float64, season int) []int {
	if len(values) < leastForOutliers {
		return nil
	}
	out := beyond(values, season, 0)
	for _, i := range beyond(values, season, patience(season)+1) {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// beyond finds outliers by neighbours that many values away.
func beyond(values []float64, season, gap int) []int {
	far := make([]float64, len(values))
	most := 0.0
	for i := range far {
		far[i] = distance(values, i, season, gap)
		most = max(most, far[i])
	}
	level, times := 0.99, 1.0
	if len(values) < 200 { // one in a hundred is the value itself
		level, times = 0.9, 2
	}
	rare := times * panel.Nth(slices.Clone(far), rank(len(far), level))
	if rare <= 0 || most <= extreme*rare {
		return nil
	}
	var out []int
	for i, d := range far {
		if d > extreme*rare {
			out = append(out, i)
		}
	}
	return out
}

// distance is how far a value lies from the nearest of what it may belong to; 0
// where a row of outliers could not be told from a change of level.
func distance(x []float64, i, season, gap int) float64 {
	d := math.Inf(1)
	left, right := i-gap, i+gap
	if gap > 0 && right+2 >= len(x) {
		return 0
	}
	if left >= 2 {
		d = min(d, math.Abs(x[i]-(x[left-1]+x[left-2])/2))
	}
	if right+2 < len(x) {
		d = min(d, math.Abs(x[i]-(x[right+1]+x[right+2])/2))
	}
	if season < 2 {
		return d
	}
	for _, j := range [...]int{i - season, i - 2*season, i + season, i + 2*season} {
		if j >= 0 && j < len(x) {
			d = min(d, math.Abs(x[i]-x[j]))
		}
	}
	return d
}
