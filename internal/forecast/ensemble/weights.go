package ensemble

import "math"

// shares are a model's weights: of the whole panel and of each series.
type shares struct {
	fleet  []float64
	series [][]float64
}

const (
	rounds = 20  // of the selection
	shrink = 3.0 // origins' worth of the fleet's errors in each series' own
)

// weigh learns the weights from the errors at the rolling origins. The fleet's
// come from greedy selection with replacement (Caruana et al., ICML 2004),
// which leaves out what does not help; a series' own tilt them by how each
// model did there, drawn to how it did everywhere.
func weigh(t *trial, rows []series) shares {
	s := shares{fleet: make([]float64, len(t.forecasts)), series: make([][]float64, len(rows))}
	if len(t.forecasts) == 1 || len(t.came.actual) == 0 {
		for m := range s.fleet {
			s.fleet[m] = 1 / float64(len(s.fleet))
		}
	} else {
		s.fleet = greedy(t)
	}
	errors, mean := t.errors()
	for i := range rows {
		s.series[i] = tilt(s.fleet, errors[i], mean)
	}
	return s
}

// greedy adds, round by round, the model that lowers the panel's error most
// when it joins the mean of those already chosen.
func greedy(t *trial) []float64 {
	count := make([]float64, len(t.forecasts))
	sum := make([]float64, len(t.came.actual))
	for n := range rounds {
		best, least := 0, math.Inf(1)
		for m := range t.forecasts {
			if e := t.lossWith(sum, m, float64(n)+1, least); e < least {
				best, least = m, e
			}
		}
		count[best]++
		for p, f := range t.came.forecasts[best] {
			sum[p] += f
		}
	}
	for m := range count {
		count[m] /= rounds
	}
	return count
}

// lossWith is the panel's loss of the mean of sum and one more model, each
// point weighed so that scaled and relative errors count alike; it is infinite
// where it is found not to be below least.
func (t *trial) lossWith(sum []float64, m int, n, least float64) float64 {
	const stretch = 1024 // between two looks at least
	loss, c := 0.0, &t.came
	for from := 0; from < len(sum); from += stretch {
		to := min(from+stretch, len(sum))
		sums, forecasts := sum[from:to], c.forecasts[m][from:to]
		actual, size, weight := c.actual[from:to], c.size[from:to], c.weight[from:to]
		for p, s := range sums {
			f := (s + forecasts[p]) / n
			e := math.Abs(actual[p] - f)
			loss += e * weight[p]
			if d := size[p] + math.Abs(f); d > 0 {
				loss += t.relative * e / d
			}
		}
		if loss >= least {
			return math.Inf(1)
		}
	}
	return loss
}

// tilt multiplies the fleet's weights by the inverse square of a series' own
// errors, relative to the fleet's.
func tilt(fleet, own, mean []float64) []float64 {
	w := make([]float64, len(fleet))
	total, all := 0.0, 0.0
	for m := range fleet {
		all += fleet[m] * own[m]
	}
	for m := range fleet {
		w[m] = fleet[m]
		if mean[m] > 0 && all > 0 {
			r := (own[m] + shrink*mean[m]) / ((1 + shrink) * mean[m])
			w[m] /= r * r
		}
		total += w[m]
	}
	for m := range w {
		w[m] /= total
	}
	return w
}
