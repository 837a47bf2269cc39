package arima

import (
	"math"
	"slices"
)

// table holds the regressors of all orders that are compared, over the same rows,
// and the sums of their products: an order's normal equations are a part of them.
type table struct {
	w, noise   []float64
	from       int
	ar, ma     []int
	regressors [][]float64 // lags of w, lags of the noise, exogenous columns
	target     []float64
	products   [][]float64 // above the diagonal and on it; the last column is the target's
}

// newTable makes the table of some orders for the rows from one on. noise may be
// nil where no order has moving-average terms.
func newTable(w, noise []float64, orders []Order, columns [][]float64, from int) *table {
	t := &table{w: w, noise: noise, from: from, target: w[from:]}
	for _, o := range orders {
		ar, ma := o.lags()
		t.ar, t.ma = union(t.ar, ar), union(t.ma, ma)
	}
	t.regressors = append(lagged(w, t.ar, from), lagged(noise, t.ma, from)...)
	for _, c := range columns {
		t.regressors = append(t.regressors, c[from:len(w)])
	}
	t.products = make([][]float64, len(t.regressors))
	for i, x := range t.regressors {
		t.products[i] = make([]float64, len(t.regressors)+1)
		against(x, append(slices.Clone(t.regressors[i:]), t.target), t.products[i][i:])
	}
	return t
}

func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// lagged returns the values so many steps before each row, 0 before the first.
func lagged(v []float64, lags []int, from int) [][]float64 {
	if len(lags) == 0 {
		return nil
	}
	front := max(0, slices.Max(lags)-from)
	padded := append(make([]float64, front, front+len(v)), v...)
	var out [][]float64
	for _, lag := range lags {
		out = append(out, padded[front+from-lag:len(padded)-lag])
	}
	return out
}

// against sums the products of a column with others; four at a time keep the
// processor busy, each in the order of the rows.
func against(x []float64, others [][]float64, sums []float64) {
	for len(others) >= 4 {
		a, b, c, d := others[0][:len(x)], others[1][:len(x)], others[2][:len(x)], others[3][:len(x)]
		var sa, sb, sc, sd float64
		for t, v := range x {
			sa += v * a[t]
			sb += v * b[t]
			sc += v * c[t]
			sd += v * d[t]
		}
		sums[0], sums[1], sums[2], sums[3] = sa, sb, sc, sd
		others, sums = others[4:], sums[4:]
	}
	for k, y := range others {
		y, sum := y[:len(x)], 0.0
		for t, v := range x {
			sum += v * y[t]
		}
		sums[k] = sum
	}
}

// places lists where an order's regressors stand in the table.
func (t *table) places(f *Fit) []int {
	var at []int
	for _, lag := range f.ar {
		at = append(at, slices.Index(t.ar, lag))
	}
	for _, lag := range f.ma {
		at = append(at, len(t.ar)+slices.Index(t.ma, lag))
	}
	for c := len(t.ar) + len(t.ma); c < len(t.regressors); c++ {
		at = append(at, c)
	}
	return at
}

// estimate regresses the target on an order's regressors; nil where there are too
// few rows, or no useful model comes out.
func (t *table) estimate(o Order) *Fit {
	f := &Fit{Order: o}
	f.ar, f.ma = o.lags()
	at, rows := t.places(f), len(t.target)
	k := len(at)
	if rows < 2*k+8 {
		return nil
	}
	a := make([][]float64, k)
	for i := range a {
		a[i] = make([]float64, k+1)
		for j := i; j < k; j++ {
			a[i][j] = t.products[min(at[i], at[j])][max(at[i], at[j])]
		}
		a[i][k] = t.products[at[i]][len(t.regressors)]
	}
	f.coef = solve(a, 1e-4*float64(rows))
	if f.coef == nil || !f.invertible() {
		return nil
	}
	rss := 0.0
	for r, y := range t.fitted(at, f.coef) {
		e := t.target[r] - y
		rss += e * e
	}
	n, p := float64(rows), float64(k+1)
	f.AICc = n*math.Log(max(rss/n, 1e-300)) + 2*p + 2*p*(p+1)/(n-p-1)
	return f
}

// fitted returns what the regressors at some places say of every row.
func (t *table) fitted(at []int, coef []float64) []float64 {
	out := make([]float64, len(t.target))
	for len(at) >= 4 {
		a, b := t.regressors[at[0]][:len(out)], t.regressors[at[1]][:len(out)]
		c, d := t.regressors[at[2]][:len(out)], t.regressors[at[3]][:len(out)]
		p, q, r, s := coef[0], coef[1], coef[2], coef[3]
		for i, y := range out {
			y += float64(p * a[i])
			y += float64(q * b[i])
			y += float64(r * c[i])
			out[i] = y + float64(s*d[i])
		}
		at, coef = at[4:], coef[4:]
	}
	for k, place := range at {
		x, c := t.regressors[place][:len(out)], coef[k]
		for i := range out {
			out[i] += float64(c * x[i])
		}
	}
	return out
}

// invertible tells whether the moving-average part surely forgets its start:
// coefficients that add up to less than one would do, and half keeps it from
// cancelling a root of the autoregressive part, which forecasts badly.
func (f *Fit) invertible() bool {
	sum := 0.0
	for i := range f.ma {
		sum += math.Abs(f.coef[len(f.ar)+i])
	}
	return sum < 0.5
}

// solve solves the normal equations with a small ridge, in units of each
// column; nil where they are singular.
func solve(a [][]float64, ridge float64) []float64 {
	k := len(a)
	mean := 0.0
	for i := range k {
		mean += a[i][i] / float64(k)
	}
	if !(mean > 0) {
		return make([]float64, k)
	}
	for i := range k {
		for j := range i {
			a[i][j] = a[j][i]
		}
		a[i][i] += 1e-6*mean + a[i][i]*ridge*1e-4
	}
	for i := range k {
		if !(a[i][i] > 1e-12*mean) {
			return nil
		}
		for r := i + 1; r < k; r++ {
			m := a[r][i] / a[i][i]
			for c := i; c <= k; c++ {
				a[r][c] -= float64(m * a[i][c])
			}
		}
	}
	x := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		x[i] = a[i][k]
		for c := i + 1; c < k; c++ {
			x[i] -= float64(a[i][c] * x[c])
		}
		x[i] /= a[i][i]
	}
	return x
}
