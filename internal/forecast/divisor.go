package forecast

// divisor divides by the same number again and again, in a third of the time that
// the processor takes: a product with the inverse is a guess, which is then set
// right.
type divisor struct {
	n       int64
	inverse float64
}

func divisorOf(n int64) divisor { return divisor{n, 1 / float64(n)} }

// split returns the greatest whole q with q*n <= a, and what is left, which is
// never negative.
func (d *divisor) split(a int64) (q, r int64) {
	const exact = 1 << 52 // beyond it the guess may be far off
	if a > exact || a < -exact {
		q = floorDiv(a, d.n)
		return q, a - q*d.n
	}
	q = int64(float64(a) * d.inverse)
	r = a - q*d.n
	for ; r < 0; r += d.n {
		q--
	}
	for ; r >= d.n; r -= d.n {
		q++
	}
	return q, r
}
