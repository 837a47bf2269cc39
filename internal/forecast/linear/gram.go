package linear

import "math"

// window describes what a regression sees: differences at one season, lags of
// them as regressors, and steps ahead as targets.
type window struct {
	period, lags, horizon int
}

// rows is how many origins a history of n values has with regressors and targets.
func (w window) rows(n int) int { return n - w.period - w.lags - w.horizon + 1 }

// differences returns the seasonal differences of a history, in units of their
// mean absolute value and clipped at limit of them, and that unit.
func (w window) differences(x []float64, limit float64) (e []float64, unit float64) {
	if len(x) <= w.period {
		return nil, 1
	}
	e = make([]float64, len(x)-w.period)
	for i := range e {
		e[i] = x[i+w.period] - x[i]
		unit += math.Abs(e[i])
	}
	unit /= float64(len(e))
	if !(unit > 0) {
		unit = 1
	}
	for i := range e {
		e[i] = min(max(e[i]/unit, -limit), limit)
	}
	return e, unit
}

// products returns the matrix of sums over all origins t of e[t+H-a]*e[t+H-b]
// for a, b in [0, H+lags). Sliding one step changes a sum by its two ends, so
// that all but the first row cost two multiplications an entry.
// m is filled above its diagonal and on it, and returned; nil: a new one is made.
func (w window) products(e, m []float64) []float64 {
	size := w.horizon + w.lags
	if m == nil {
		m = make([]float64, size*size)
	}
	first, last := w.lags-1, len(e)-1-w.horizon // origins
	top := e[first+w.horizon : last+w.horizon+1]
	for b := range size {
		m[b] = dot(top, e[first+w.horizon-b:last+w.horizon-b+1])
	}
	for a := 1; a < size; a++ {
		// Row a-1 shifted back by one: it gains the value before and loses the last.
		gained, lost := e[first+w.horizon-a], e[last+w.horizon-a+1]
		row, above := m[a*size:(a+1)*size], m[(a-1)*size:a*size]
		in, out := first+w.horizon, last+w.horizon+1
		for b := a; b < size; b++ {
			row[b] = above[b-1] + gained*e[in-b] - lost*e[out-b]
		}
	}
	return m
}

// normal splits the products into the regressors' matrix G (lags x lags) and
// the right-hand sides C (horizon x lags): the target of step h is the sum of
// the differences that lead from the last known value of its phase to it.
func (w window) normal(m []float64) (g, c []float64) {
	size := w.horizon + w.lags
	g = make([]float64, w.lags*w.lags)
	c = make([]float64, w.horizon*w.lags)
	for i := range w.lags {
		for j := i; j < w.lags; j++ {
			v := m[(w.horizon+i)*size+w.horizon+j]
			g[i*w.lags+j], g[j*w.lags+i] = v, v
		}
	}
	for h := range w.horizon {
		row := c[h*w.lags : (h+1)*w.lags]
		for back := h; back >= 0; back -= w.period {
			a := w.horizon - 1 - back
			for j := range row {
				row[j] += m[a*size+w.horizon+j]
			}
		}
	}
	return g, c
}
