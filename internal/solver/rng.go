package solver

import (
	"math"
	"math/bits"
)

// rng is a small fast generator (wyrand by Wang Yi: a Weyl sequence folded by
// a 128-bit product). It is owned by one lane and seeded by the caller.
type rng struct{ state uint64 }

func newRNG(seed uint64) *rng {
	r := &rng{state: seed ^ 0x9e3779b97f4a7c15}
	r.next()
	r.next()
	return r
}

func (r *rng) next() uint64 {
	r.state += 0xa0761d6478bd642f
	hi, lo := bits.Mul64(r.state, r.state^0xe7037ed1a0b428db)
	return hi ^ lo
}

// below returns a number in [0, n) for 0 < n < 2^31, with a bias below n/2^32.
func (r *rng) below(n int) int {
	return int((r.next() >> 32) * uint64(n) >> 32)
}

// unit returns a number in [0, 1).
func (r *rng) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// exponentialBits is the size of the table of exponential deviates.
const exponentialBits = 12

// exponentials holds -ln((k+0.5)/n): quantiles of the exponential distribution,
// so that a Metropolis threshold costs one table look-up and one product.
var exponentials = func() (t [1 << exponentialBits]float64) {
	for k := range t {
		t[k] = -math.Log((float64(k) + 0.5) / float64(len(t)))
	}
	return t
}()

// exponential returns an exponential deviate of mean 1.
func (r *rng) exponential() float64 { return exponentials[r.next()>>(64-exponentialBits)] }
