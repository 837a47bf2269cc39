package score

import "math"

// Naive2 is M4's reference: the last value after classical multiplicative
// deseasonalisation where the history is seasonal (Makridakis, Spiliotis &
// Assimakopoulos, IJF 2020). Histories that hold gaps or values that can't be
// divided by repeat the last value.
func Naive2(history []float64, horizon, season int) []float64 {
	n := len(history)
	out := make([]float64, horizon)
	index := make([]float64, max(1, season))
	for i := range index {
		index[i] = 1
	}
	if season > 1 && seasonal(history, season) {
		index = indices(history, season)
	}
	last := history[n-1] / index[(n-1)%len(index)]
	for h := range out {
		out[h] = last * index[(n+h)%len(index)]
		if math.IsNaN(out[h]) || math.IsInf(out[h], 0) {
			out[h] = history[n-1]
		}
	}
	return out
}

// seasonal is M4's 90 % test on the autocorrelation at one season.
func seasonal(x []float64, season int) bool {
	n := len(x)
	if n < 3*season {
		return false
	}
	level := 0.0
	for _, v := range x {
		level += v / float64(n)
	}
	power := 0.0
	for _, v := range x {
		power += (v - level) * (v - level)
	}
	if !(power > 0) {
		return false
	}
	sum, last := 0.0, 0.0
	for lag := 1; lag <= season; lag++ {
		last = 0
		for i := lag; i < n; i++ {
			last += (x[i] - level) * (x[i-lag] - level)
		}
		last /= power
		if lag < season {
			sum += last * last
		}
	}
	return math.Abs(last) > 1.645*math.Sqrt((1+2*sum)/float64(n))
}

// indices is the classical multiplicative decomposition with a centred
// 2 x season moving average.
func indices(x []float64, season int) []float64 {
	half := season / 2
	sum, count := make([]float64, season), make([]float64, season)
	window := x[0] / 2
	for _, v := range x[1 : 2*half] {
		window += v
	}
	window += x[2*half] / 2
	for t := half; t < len(x)-half; t++ {
		trend := window / float64(season)
		sum[t%season] += x[t] / trend
		count[t%season]++
		if t+half+1 < len(x) {
			window += (x[t+half]+x[t+half+1])/2 - (x[t-half]+x[t-half+1])/2
		}
	}
	mean := 0.0
	for i := range sum {
		sum[i] /= count[i]
		mean += sum[i] / float64(season)
	}
	for i := range sum {
		sum[i] /= mean
	}
	return sum
}
