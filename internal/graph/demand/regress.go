package demand

import (
	"math"
	"slices"
)

// columnScale returns the largest entry of each column, so that the normal
// equations are well scaled; 0 for a class that was never called or whose rate
// never changes while it is the only one.
func columnScale(rows [][]float64) []float64 {
	columns := len(rows[0])
	scale := make([]float64, columns)
	for k := range columns {
		least := math.Inf(1)
		for _, row := range rows {
			scale[k] = max(scale[k], row[k])
			least = min(least, row[k])
		}
		if k < columns-1 && scale[k]-least < 1e-6*scale[k] {
			scale[k] = 0
		}
	}
	return scale
}

// leastSquares minimises the weighted squares of rows*beta - target with every
// beta at or above zero, and returns the inverse of the normal matrix, of which
// the diagonal holds for the betas above zero alone. Negative ones are set to zero one by one, the most negative first:
// an active-set method, exact for the few unknowns here up to degenerate cases.
func leastSquares(rows [][]float64, target, weights []float64) (beta []float64, inverse [][]float64, ok bool) {
	columns := len(rows[0])
	active := make([]int, columns)
	for k := range active {
		active[k] = k
	}
	for len(active) > 0 {
		matrix, right := normalEquations(rows, target, weights, active)
		inner, ok := invert(matrix)
		if !ok {
			return nil, nil, false
		}
		if inverse == nil {
			// Until they are replaced below, those of the free fit: a beta held at zero
			// is as uncertain as it would be without that bound.
			inverse = inner
		}
		worst, solution := -1, make([]float64, len(active))
		for a := range active {
			for b := range active {
				solution[a] += inner[a][b] * right[b]
			}
			if solution[a] < 0 && (worst < 0 || solution[a] < solution[worst]) {
				worst = a
			}
		}
		if worst >= 0 {
			active = slices.Delete(active, worst, worst+1)
			continue
		}
		beta = make([]float64, columns)
		for a, k := range active {
			beta[k] = solution[a]
			inverse[k][k] = inner[a][a]
		}
		return beta, inverse, true
	}
	return make([]float64, columns), inverse, true
}

// normalEquations returns the matrix and the right side for the active columns.
func normalEquations(rows [][]float64, target, weights []float64, active []int) (matrix [][]float64, right []float64) {
	matrix, right = square(len(active)), make([]float64, len(active))
	for i, row := range rows {
		for a, k := range active {
			right[a] += weights[i] * row[k] * target[i]
			for b, l := range active {
				matrix[a][b] += weights[i] * row[k] * row[l]
			}
		}
	}
	return matrix, right
}

// invert returns the inverse of a symmetric matrix by Gauss and Jordan with
// pivoting; ok is false where it is singular but for rounding.
func invert(matrix [][]float64) (inverse [][]float64, ok bool) {
	n := len(matrix)
	inverse = square(n)
	largest := 0.0
	for k := range n {
		inverse[k][k] = 1
		largest = max(largest, matrix[k][k])
	}
	for k := range n {
		pivot := k
		for i := k; i < n; i++ {
			if math.Abs(matrix[i][k]) > math.Abs(matrix[pivot][k]) {
				pivot = i
			}
		}
		matrix[k], matrix[pivot] = matrix[pivot], matrix[k]
		inverse[k], inverse[pivot] = inverse[pivot], inverse[k]
		p := matrix[k][k]
		if math.Abs(p) < 1e-10*largest || p == 0 {
			return nil, false
		}
		for j := range n {
			matrix[k][j] /= p
			inverse[k][j] /= p
		}
		for i := range n {
			if f := matrix[i][k]; i != k && f != 0 {
				for j := range n {
					matrix[i][j] -= f * matrix[k][j]
					inverse[i][j] -= f * inverse[k][j]
				}
			}
		}
	}
	return inverse, true
}

func square(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

func residualsOf(rows [][]float64, target, beta []float64) []float64 {
	residuals := make([]float64, len(rows))
	for i, row := range rows {
		residuals[i] = target[i]
		for k, x := range row {
			residuals[i] -= x * beta[k]
		}
	}
	return residuals
}

// medianAbsolute returns the median of the absolute values.
func medianAbsolute(values []float64) float64 {
	sorted := make([]float64, len(values))
	for i, v := range values {
		sorted[i] = math.Abs(v)
	}
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// distance returns the largest difference, relative to the largest entry.
func distance(a, b []float64) float64 {
	difference, largest := 0.0, 1e-300
	for k := range a {
		difference = max(difference, math.Abs(a[k]-b[k]))
		largest = max(largest, math.Abs(a[k]))
	}
	return difference / largest
}
