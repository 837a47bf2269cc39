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
// for a, b in [0, H+lags), above its diagonal and on it.
func (w window) products(e []float64) []float64 {
	m := make([]float64, (w.horizon+w.lags)*(w.horizon+w.lags))
	w.addSteps(e, 1, m)
	w.slide(m)
	return m
}

// addSteps adds a history's first row of products, and what every other entry
// differs by from the one up and left of it: it gains the value before and loses
// the last. That is two multiplications an entry, and histories add up before they
// slide. All is multiplied by scale.
func (w window) addSteps(e []float64, scale float64, m []float64) {
	size := w.horizon + w.lags
	first, last := w.lags-1+w.horizon, len(e)-1 // targets of the first and last origin's last step
	top := e[first : last+1]
	for b := range size {
		m[b] += scale * dot(top, e[first-b:last-b+1])
	}
	back := make([]float64, len(e)) // so that columns rise
	for i, v := range e {
		back[len(e)-1-i] = v
	}
	for a := 1; a < size; a++ {
		gained, lost := scale*e[first-a], scale*e[last-a+1]
		row := m[a*size+a : (a+1)*size]
		in, out := back[len(e)-1-first+a:][:len(row)], back[len(e)-2-last+a:][:len(row)]
		for b := range row {
			row[b] += gained*in[b] - lost*out[b]
		}
	}
}

// slide adds up what addSteps wrote along the diagonals.
func (w window) slide(m []float64) {
	size := w.horizon + w.lags
	for a := 1; a < size; a++ {
		row, above := m[a*size+a:(a+1)*size], m[(a-1)*size+a-1:a*size-1]
		for b, v := range above {
			row[b] += v
		}
	}
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
