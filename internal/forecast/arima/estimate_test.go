package arima

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTableHoldsTheProductsOfEveryOrder compares the normal equations with sums
// taken one by one, where lags reach before the beginning as well.
func TestTableHoldsTheProductsOfEveryOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w, noise, column := make([]float64, 90), make([]float64, 90), make([]float64, 90)
	for i := range w {
		w[i], noise[i], column[i] = rng.NormFloat64(), rng.NormFloat64(), float64(i%3)
	}
	orders := candidates(12, 0)
	const from = 20 // three seasons are 36
	compared := newTable(w, noise, orders, [][]float64{column}, from)
	for _, o := range orders {
		f := &Fit{Order: o}
		f.ar, f.ma = o.lags()
		at := compared.places(f)
		f.coef = make([]float64, len(at))
		for i := range f.coef {
			f.coef[i] = rng.NormFloat64()
		}
		x, fitted := make([]float64, len(at)+1), compared.fitted(at, f.coef)
		sums := make([][]float64, len(at))
		for i := range sums {
			sums[i] = make([]float64, len(at)+1)
		}
		for n := from; n < len(w); n++ {
			f.row(x, w, noise, [][]float64{column}, n)
			x[len(at)] = w[n]
			if got, want := fitted[n-from], inner(f.coef, x); math.Abs(got-want) > 1e-12 {
				t.Fatalf("%+v: row %d is fitted as %v, want %v", o, n, got, want)
			}
			for i := range at {
				for j := range x {
					sums[i][j] += x[i] * x[j]
				}
			}
		}
		for i := range at {
			for j := i; j <= len(at); j++ {
				got := compared.products[at[i]][len(compared.regressors)]
				if j < len(at) {
					got = compared.products[min(at[i], at[j])][max(at[i], at[j])]
				}
				if math.Abs(got-sums[i][j]) > 1e-9 {
					t.Fatalf("%+v: products of %d and %d: %v, want %v", o, i, j, got, sums[i][j])
				}
			}
		}
	}
}

func TestUnion(t *testing.T) {
	if got := union([]int{1, 2, 24}, []int{48, 2, 1}); !slices.Equal(got, []int{1, 2, 24, 48}) {
		t.Errorf("union %v", got)
	}
}
