package gbdt

import (
	"math"

	"drover/internal/forecast/base"
	"drover/internal/forecast/panel"
)

// view is one series as the trees see it: logarithms where all is positive, in
// units of the mean absolute difference at the shortest season.
type view struct {
	day, week int // season lengths; week is 0 where there is none
	offset    int64
	log       bool
	unit      float64
	ratio     float64 // mean absolute difference at the week over that at the day
	noise     float64 // the unit as a share of the level
}

// featureCount is the length of a row.
const featureCount = 46

// newView measures a history of a series.
func newView(logs *panel.Running, series int, x []float64, day, week int, offset int64) view {
	v := view{day: max(1, day), week: week, offset: offset, log: panel.Positive(x)}
	z := panel.View(logs, v.log, series, x)
	v.unit = meanDifference(z, v.day)
	if !(v.unit > 0) {
		v.unit = 1
	}
	if week > 0 && len(x) > week {
		v.ratio = meanDifference(z, week) / v.unit
	}
	level := 0.0
	for _, y := range x {
		level += math.Abs(y) / float64(len(x))
	}
	if level > 0 {
		v.noise = meanDifference(x, v.day) / level
	}
	return v
}

func meanDifference(z []float64, lag int) float64 {
	if len(z) <= lag {
		return 0
	}
	sum := 0.0
	for i := lag; i < len(z); i++ {
		sum += math.Abs(z[i] - z[i-lag])
	}
	return sum / float64(len(z)-lag)
}

// seen returns base forecasts as the trees see them.
func (v *view) seen(each [][]float64) [][]float64 {
	if v.log {
		return base.Logs(each)
	}
	return each
}

// anchor returns what a target at step h after n known values is measured from:
// the last known value of its phase.
func (v *view) anchor(z []float64, n, h int) (value float64, seasons int) {
	seasons = h/v.day + 1
	if i := n + h - seasons*v.day; i >= 0 {
		return z[i], seasons
	}
	return z[n-1], seasons
}

// recent holds what all steps of one origin share.
type recent struct {
	z     []float64 // the known values
	sum   []float64 // sum[i] is the sum of z[:i]
	day   [8]float64
	means [4]float64
	week  [3]float64
	level float64
}

// origin computes what is common to all steps after n known values.
func (v *view) origin(z, sum []float64, n int) recent {
	r := recent{z: z[:n], sum: sum}
	nan := math.NaN()
	difference := func(i, lag int) float64 {
		if i < 0 || i-lag < 0 || lag == 0 {
			return nan
		}
		return z[i] - z[i-lag]
	}
	mean := func(from, to int) float64 {
		if from < 0 || from >= to {
			return nan
		}
		return (sum[to] - sum[from]) / float64(to-from)
	}
	for i := range 4 {
		r.day[i] = difference(n-1-i, v.day)
	}
	if v.week > 0 {
		r.day[4] = difference(n-1-v.week, v.day)
		r.week[0] = difference(n-1, v.week)
		r.week[1] = mean(n-max(1, v.day/4), n) - mean(n-max(1, v.day/4)-v.week, n-v.week)
		r.week[2] = mean(n-v.day, n) - mean(n-v.day-v.week, n-v.week)
	} else {
		r.day[4], r.week[0], r.week[1], r.week[2] = nan, nan, nan, nan
	}
	for i, span := range [4]int{v.day / 8, v.day / 4, v.day, 2 * v.day} {
		span = max(1, span)
		r.means[i] = mean(n-span, n) - mean(n-span-v.day, n-v.day)
	}
	r.level = mean(n-v.day, n)
	r.day[5] = r.level - mean(n-7*v.day, n)
	return r
}

// centre returns what a step's features and target are measured from: the last
// known value of its phase, or the mean of the base forecasts.
func (v *view) centre(r *recent, h int, extra []float64, fromBase bool) float64 {
	if !fromBase || len(extra) == 0 {
		value, _ := v.anchor(r.z, len(r.z), h)
		return value
	}
	sum := 0.0
	for _, x := range extra {
		sum += x / float64(len(extra))
	}
	return sum
}

// row fills the features of one step, measured from anchor. extra are the base
// forecasts of the step, in transformed values.
func (v *view) row(out []float32, r *recent, h int, extra []float64, anchor float64) {
	n, target := len(r.z), len(r.z)+h
	last, seasons := v.anchor(r.z, n, h)
	nan, k := math.NaN(), 0
	at := func(i int) float64 {
		if i < 0 || i >= n {
			return nan
		}
		return r.z[i]
	}
	put := func(x float64) {
		out[k] = float32(x / v.unit)
		k++
	}
	same := target - seasons*v.day
	sum, low, high, count := 0.0, math.Inf(1), math.Inf(-1), 0.0
	for j := 1; j <= 7; j++ {
		x := at(same - j*v.day)
		if j <= 6 {
			put(x - anchor)
		}
		if x == x {
			sum, low, high, count = sum+x, min(low, x), max(high, x), count+1
		}
	}
	put(sum/count - anchor)
	put(low - anchor)
	put(high - anchor)
	for _, d := range [4]int{-2, -1, 1, 2} {
		put(at(same+d) - anchor)
	}
	v.weekly(put, at, anchor, target, seasons)
	for _, x := range r.day[:6] {
		put(x)
	}
	for _, x := range r.means {
		put(x)
	}
	for _, x := range r.week {
		put(x)
	}
	put(anchor - r.level)
	put(last - anchor)
	for _, x := range extra {
		put(x - anchor)
	}
	phase := int64(target) + v.offset
	for _, x := range [...]float64{float64(h), float64(h % v.day), float64(phase % int64(v.day)), float64(phase / int64(v.day) % 7), v.ratio, v.noise} {
		out[k] = float32(x)
		k++
	}
	for ; k < featureCount; k++ {
		out[k] = 0
	}
}

// weekly puts the features at the long season.
func (v *view) weekly(put func(float64), at func(int) float64, anchor float64, target, seasons int) {
	if v.week == 0 {
		for range 9 {
			put(math.NaN())
		}
		return
	}
	one, two := at(target-v.week), at(target-2*v.week)
	put(one - anchor)
	put(two - anchor)
	put(at(target-3*v.week) - anchor)
	put(at(target-v.week-1) - one)
	put(at(target-v.week+1) - one)
	put(one - two)
	put(one - at(target-v.week-seasons*v.day))
	put(two - at(target-2*v.week-seasons*v.day))
	put(at(target-v.week+v.day) - one)
}
