// Package arima holds seasonal ARIMA with exogenous terms.
//
// The differenced series is regressed on its own lags, on lags of the
// innovations and on exogenous columns; innovations come from a long
// autoregression first and from the model itself in a second pass (Hannan &
// Rissanen, Biometrika 1982): conditional least squares. Orders are chosen by
// the corrected information criterion (Hurvich & Tsai, Biometrika 1989).
package arima

import (
	"math"
	"slices"
)

// Order says which terms a model has. Seasonal terms multiply out as in Box &
// Jenkins: the lags of both polynomials and of their products.
type Order struct {
	Period int // of the seasonal difference, in steps
	P, Q   int // autoregressive and moving-average terms
	SP, SQ int // seasonal ones
	// Long adds the autoregressive term at the second season and its neighbours.
	Long int
}

// lags returns the autoregressive and the moving-average lags.
func (o Order) lags() (ar, ma []int) {
	return expand(o.P, o.SP, o.Period, o.Long), expand(o.Q, o.SQ, o.Period, 0)
}

func expand(short, seasonal, period, long int) []int {
	var lags []int
	for i := 1; i <= short; i++ {
		lags = append(lags, i)
	}
	if period > short+1 {
		for s := 1; s <= seasonal; s++ {
			for i := 0; i <= short; i++ {
				lags = append(lags, s*period+i)
			}
		}
	}
	if long > (seasonal+1)*period {
		lags = append(lags, long, long+1)
	}
	return lags
}

// Fit is one fitted series.
type Fit struct {
	Order  Order
	AICc   float64
	ar, ma []int
	coef   []float64 // autoregressive, moving-average, exogenous
}

// candidates are the orders that are compared.
func candidates(day, week int) []Order {
	var out []Order
	for _, p := range [...]int{1, 2, 3} {
		for _, q := range [...]int{0, 1} {
			for _, seasonal := range [...][2]int{{1, 0}, {2, 0}, {3, 0}} {
				out = append(out, Order{Period: day, P: p, Q: q, SP: seasonal[0], SQ: seasonal[1], Long: week})
			}
		}
	}
	return out
}

// Select fits every candidate order to a history and returns the one with the
// least AICc. exogenous columns have the history's length; none is fine.
func Select(z []float64, day, week int, exogenous [][]float64) *Fit {
	return choose(z, day, week, exogenous, candidates(max(1, day), week))
}

func choose(z []float64, day, week int, exogenous [][]float64, orders []Order) *Fit {
	period := max(1, day)
	w := difference(z, period)
	columns := make([][]float64, len(exogenous))
	for i, c := range exogenous {
		columns[i] = difference(c, period)
	}
	longest := 2*period + 4
	if week > 0 && len(w) > week+longest+64 {
		longest = week + 2
	} else {
		week = 0
	}
	if len(w) < longest+32 {
		return nil
	}
	var noise []float64
	if slices.ContainsFunc(orders, func(o Order) bool { return o.Q > 0 }) {
		noise = innovations(w, min(period+3, len(w)/6))
	}
	orders = slices.Clone(orders)
	for i := range orders {
		orders[i].Long = week
	}
	var best *Fit
	compared := newTable(w, noise, orders, columns, longest)
	for _, o := range orders {
		if f := compared.estimate(o); f != nil && (best == nil || f.AICc < best.AICc) {
			best = f
		}
	}
	if best == nil {
		return nil
	}
	if best.Order.Q == 0 {
		return best
	}
	own := newTable(w, best.residuals(w, columns), []Order{best.Order}, columns, longest)
	if again := own.estimate(best.Order); again != nil && again.AICc < best.AICc {
		best = again
	}
	return best
}

func difference(z []float64, period int) []float64 {
	if len(z) <= period {
		return nil
	}
	w := make([]float64, len(z)-period)
	for i := range w {
		w[i] = z[i+period] - z[i]
	}
	return w
}

// innovations are the residuals of a long autoregression.
func innovations(w []float64, order int) []float64 {
	long := Order{P: max(1, order)}
	f := newTable(w, nil, []Order{long}, nil, long.P).estimate(long)
	if f == nil {
		return make([]float64, len(w))
	}
	return f.residuals(w, nil)
}

// row fills the regressors of one instant.
func (f *Fit) row(x, w, noise []float64, columns [][]float64, t int) {
	k := 0
	for _, lag := range f.ar {
		x[k] = before(w, t-lag)
		k++
	}
	for _, lag := range f.ma {
		x[k] = before(noise, t-lag)
		k++
	}
	for _, c := range columns {
		x[k] = before(c, t)
		k++
	}
}

func before(v []float64, i int) float64 {
	if i < 0 || i >= len(v) {
		return 0
	}
	return v[i]
}

func inner(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// residuals filters a differenced history into innovations.
func (f *Fit) residuals(w []float64, columns [][]float64) []float64 {
	noise := make([]float64, len(w))
	x := make([]float64, len(f.coef)+1)
	scale := 0.0
	for _, v := range w {
		scale += math.Abs(v) / float64(len(w))
	}
	for t := range w {
		f.row(x, w, noise, columns, t)
		noise[t] = min(max(w[t]-inner(f.coef, x), -20*scale), 20*scale)
	}
	return noise
}

// Forecast continues a history. exogenous columns reach over the horizon.
func (f *Fit) Forecast(z []float64, horizon int, exogenous [][]float64) []float64 {
	period := max(1, f.Order.Period)
	w := difference(z, period)
	columns := make([][]float64, len(exogenous))
	for i, c := range exogenous {
		columns[i] = difference(c, period)
	}
	noise := make([]float64, len(w))
	if len(f.ma) > 0 {
		noise = f.residuals(w, columns)
	}
	limit := 0.0
	for _, v := range w {
		limit = max(limit, math.Abs(v))
	}
	out := make([]float64, horizon)
	x := make([]float64, len(f.coef)+1)
	n := len(z)
	for h := range out {
		f.row(x, w, noise, columns, len(w))
		w = append(w, min(max(inner(f.coef, x), -limit), limit))
		noise = append(noise, 0)
		prior := z[n-period+h%period]
		if h >= period {
			prior = out[h-period]
		}
		out[h] = prior + w[len(w)-1]
	}
	return out
}
