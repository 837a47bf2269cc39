// Package paths samples joint futures from quantile forecasts: what a planner
// needs to know whether peaks come together.
//
// Each path is a vector of normal values that keep a share of themselves from
// step to step and are correlated across series, turned into values by each
// series' own quantiles (a Gaussian copula; Sklar 1959, Nelsen 2006). The
// margins are the forecasts as they are; only the dependence is added.
package paths

import (
	"fmt"
	"math"
	"math/rand/v2"

	"drover/internal/model"
)

// Dependence says how futures hang together.
type Dependence struct {
	// Carry is the share of a series' normal score that the next step keeps, for
	// each series, in [0,1).
	Carry []float64
	// Correlation is that of the scores across series: resources of one entity,
	// applications that call each other. Symmetric with ones on the diagonal; nil
	// means that the series are independent.
	Correlation [][]float64
}

// Sample draws count paths: out[path][series][step]. All forecasts have the
// same number of steps. The same seed gives the same paths.
func Sample(forecasts []model.Quantiles, d Dependence, count int, seed uint64) ([][][]float64, error) {
	n := len(forecasts)
	if len(d.Carry) != n || d.Correlation != nil && len(d.Correlation) != n {
		return nil, fmt.Errorf("paths: dependence of %d series for %d forecasts", len(d.Carry), n)
	}
	if n == 0 || count < 1 {
		return nil, nil
	}
	steps := len(forecasts[0].Values)
	for i, q := range forecasts {
		if err := q.Validate(); err != nil {
			return nil, fmt.Errorf("paths: series %d: %w", i, err)
		}
		if len(q.Values) != steps {
			return nil, fmt.Errorf("paths: series %d has %d steps, series 0 has %d", i, len(q.Values), steps)
		}
		if !(d.Carry[i] >= 0 && d.Carry[i] < 1) {
			return nil, fmt.Errorf("paths: series %d keeps %v of its score: want [0,1)", i, d.Carry[i])
		}
	}
	root := identity(n)
	if d.Correlation != nil {
		var err error
		if root, err = factor(d.Correlation); err != nil {
			return nil, err
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0x6a09e667f3bcc908))
	out := make([][][]float64, count)
	for p := range out {
		out[p] = one(forecasts, d.Carry, root, steps, rng)
	}
	return out, nil
}

// one draws one path of every series.
func one(forecasts []model.Quantiles, carry []float64, root [][]float64, steps int, rng *rand.Rand) [][]float64 {
	n := len(forecasts)
	path := make([][]float64, n)
	for i := range path {
		path[i] = make([]float64, steps)
	}
	score, shock := make([]float64, n), make([]float64, n)
	for h := range steps {
		for i := range shock {
			shock[i] = rng.NormFloat64()
		}
		for i := range score {
			z := 0.0
			for j := 0; j <= i; j++ {
				z += float64(root[i][j] * shock[j])
			}
			if h == 0 {
				score[i] = z
			} else {
				score[i] = carry[i]*score[i] + float64(math.Sqrt(1-carry[i]*carry[i])*z)
			}
			path[i][h] = forecasts[i].At(h, 0.5*math.Erfc(-score[i]/math.Sqrt2))
		}
	}
	return path
}

func identity(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = 1
	}
	return m
}

// factor returns the lower Cholesky root of a correlation matrix. One that is
// not quite positive definite, as estimated ones are, is drawn to independence
// in steps of a tenth until it is.
func factor(c [][]float64) ([][]float64, error) {
	for i, row := range c {
		if len(row) != len(c) {
			return nil, fmt.Errorf("paths: correlation row %d has %d entries, want %d", i, len(row), len(c))
		}
		for j, v := range row {
			if !(math.Abs(v) <= 1) || v != c[j][i] || i == j && v != 1 {
				return nil, fmt.Errorf("paths: correlation %v of series %d and %d: want symmetric values in [-1,1], 1 with itself", v, i, j)
			}
		}
	}
	for tenth := 0; tenth < 10; tenth++ {
		if l, ok := cholesky(c, 1-float64(tenth)/10); ok {
			return l, nil
		}
	}
	return identity(len(c)), nil
}

// cholesky factors a matrix whose off-diagonal entries are first multiplied.
func cholesky(c [][]float64, times float64) ([][]float64, bool) {
	l := identity(len(c))
	for i := range c {
		for j := 0; j <= i; j++ {
			v := c[i][j]
			if i != j {
				v *= times
			}
			for k := range j {
				v -= float64(l[i][k] * l[j][k])
			}
			if i != j {
				l[i][j] = v / l[j][j]
				continue
			}
			if v < 1e-9 {
				return nil, false
			}
			l[i][i] = math.Sqrt(v)
		}
	}
	return l, true
}

// Correlation estimates the correlation of series from their forecast errors,
// aligned by time and NaN where one is missing, drawn to independence where
// there are few: errors[series][time].
func Correlation(errors [][]float64) [][]float64 {
	c := identity(len(errors))
	for i := range errors {
		for j := range i {
			var xy, xx, yy, n float64
			for t, x := range errors[i] {
				if t >= len(errors[j]) {
					break
				}
				y := errors[j][t]
				if math.IsNaN(x) || math.IsNaN(y) {
					continue
				}
				xy, xx, yy, n = xy+x*y, xx+x*x, yy+y*y, n+1
			}
			if xx > 0 && yy > 0 {
				r := xy / math.Sqrt(xx*yy) * n / (n + 20)
				c[i][j], c[j][i] = r, r
			}
		}
	}
	return c
}
