// Package linear holds the autoregressive ridge: every step of the horizon is
// a linear function of the latest seasonal differences, learned per series and
// drawn to what all series have in common, and its recursive form for streams.
package linear

import "math"

// dot is the inner product; four sums keep the processor busy.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// cholesky replaces the lower triangle of the n x n matrix a (row by row) by
// its Cholesky factor. It returns false where a is not positive definite.
func cholesky(a []float64, n int) bool {
	for i := range n {
		ri := a[i*n : i*n+n]
		for j := range i {
			rj := a[j*n : j*n+n]
			ri[j] = (ri[j] - dot(ri[:j], rj[:j])) / rj[j]
		}
		d := ri[i] - dot(ri[:i], ri[:i])
		if !(d > 0) || math.IsInf(d, 0) {
			return false
		}
		ri[i] = math.Sqrt(d)
	}
	return true
}

// backward solves L' x = z in place: b holds z and then x.
func backward(l []float64, n int, b []float64) {
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		v, row := b[i], l[i*n:i*n+i]
		for j, c := range row {
			b[j] -= v * c
		}
	}
}

// forward solves L z = b in place.
func forward(l []float64, n int, b []float64) {
	for i := range n {
		row := l[i*n : i*n+i]
		b[i] = (b[i] - dot(row, b[:i])) / l[i*n+i]
	}
}
