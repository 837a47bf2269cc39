package panel

import "math"

// Fill returns the values with every gap filled: by the mean of the values one
// season before and after, moved to the level around the gap, else on a
// straight line. values itself is not changed.
func Fill(values []float64, season int) []float64 {
	out := make([]float64, len(values))
	copy(out, values)
	for i := 0; i < len(out); {
		if !math.IsNaN(out[i]) {
			i++
			continue
		}
		end := i
		for end < len(out) && math.IsNaN(values[end]) {
			end++
		}
		fillGap(out, values, i, end, season)
		i = end
	}
	return out
}

// fillGap fills [from,to): out holds filled values before from.
func fillGap(out, values []float64, from, to, season int) {
	left, right := math.NaN(), math.NaN()
	if from > 0 {
		left = out[from-1]
	}
	if to < len(values) {
		right = values[to]
	}
	if math.IsNaN(left) {
		left = right
	}
	if math.IsNaN(right) {
		right = left
	}
	if math.IsNaN(left) {
		left, right = 0, 0
	}
	shape := func(i int) float64 {
		if season > 1 && i-season >= 0 {
			return out[i-season]
		}
		return math.NaN()
	}
	// The last season's shape is bent so that it meets both ends.
	a, b := shape(from-1), shape(to)
	if from == 0 || to >= len(values) && to-season < 0 {
		a = math.NaN()
	}
	if to-season >= 0 && to-season < len(out) && to-from <= season {
		b = out[to-season]
	}
	for i := from; i < to; i++ {
		w := float64(i-from+1) / float64(to-from+1)
		line := left + float64(w*(right-left))
		out[i] = line
		s := shape(i)
		if to-from > 1 && !math.IsNaN(a) && !math.IsNaN(b) && !math.IsNaN(s) {
			out[i] = line + s - (a + float64(w*(b-a)))
		}
	}
}

// Trim returns the values between the first and the last one present, and how
// many were cut off in front.
func Trim(values []float64) (kept []float64, front int) {
	from, to := 0, len(values)
	for from < to && math.IsNaN(values[from]) {
		from++
	}
	for to > from && math.IsNaN(values[to-1]) {
		to--
	}
	return values[from:to], from
}
