package graph

import (
	"math"

	"drover/internal/model"
)

// rescaleAfter is how many half-lives a reference may be old before the sums
// are moved to a newer one; 2^40 leaves room for large counts in a float32.
const rescaleAfter = 40

// decay is forward decay (Cormode, Shkapenyuk, Srivastava, Xu: Forward decay,
// ICDE 2009): a call at t weighs 2^(t-reference)/halfLife when it is added, and
// sums are divided by the weight of the time they are read at. Late calls need
// no special case, and the order of calls matters only for rounding. References
// are whole half-lives since the epoch, so that moving a sum to a newer one is
// an exact division by a power of two.
type decay struct{ halfLifeMillis float64 }

// reference returns the half-lives from the epoch to t.
func (d decay) reference(t model.Instant) int64 {
	return int64(math.Floor(float64(t) / d.halfLifeMillis))
}

// weight returns the weight of t relative to a reference.
func (d decay) weight(reference int64, t model.Instant) float64 {
	return math.Exp2(float64(t)/d.halfLifeMillis - float64(reference))
}

// perSecond is what a decayed sum is multiplied by to be a rate, when calls have
// been watched for window seconds: the sum of a steady rate of 1 per second is
// halfLife/ln 2 x (1 - 2^(-window/halfLife)).
func (d decay) perSecond(windowSeconds float64) float64 {
	halfLifeSeconds := d.halfLifeMillis / 1000
	return math.Ln2 / halfLifeSeconds / -math.Expm1(-math.Ln2*windowSeconds/halfLifeSeconds)
}

// seconds returns the time from one instant to another; unlike Instant.Sub it
// holds for any two instants.
func seconds(from, to model.Instant) float64 { return (float64(to) - float64(from)) / 1000 }
