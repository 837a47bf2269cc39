package queueing

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// MaxUtilisation is where this package stops answering: beyond it a small
// error in the load is a large one in the response time.
const MaxUtilisation = 0.95

// Sharing is the response law of a server whose cores are shared equally by
// the requests present, at most one core for each (M/G/c-PS), all with one
// service law. For each size of a request the law is its size plus a delay that
// is zero with the probability of never meeting a full server, and otherwise
// gamma distributed with the right mean and variance:
//
//   - mean: E[R|x] = x E[N]/a, exact and insensitive (Kleinrock II, 1976, ch. 4;
//     Cohen, The multiple phase service network with generalized processor
//     sharing, 1979);
//   - variance, one core: Var[R|x] = 2/(1-rho)^2 Int_0^x (x-y)(1-W(y)) dy with W
//     the waiting time law of M/G/1 first come first served, exact (Ott, The
//     sojourn-time distribution in the M/G/1 queue with processor sharing, 1984;
//     Zwart and Boxma, Sojourn time asymptotics in the M/G/1 processor sharing
//     queue, 2000). With more cores the same correlation in attained service is
//     taken with the variance of the slowdown that an arrival meets.
//
// The gamma form is an approximation; scenario/desim bounds its error.
type Sharing struct {
	points []conditional
	mean   float64
}

// conditional is the law of the delay of requests of one size.
type conditional struct {
	size, share  float64
	low, high    float64 // the sizes that the point stands for
	none         float64 // probability of no delay
	shape, scale float64
}

// NewSharing returns the law for a service law, cores and utilisation
// (lambda E[S] / c). ok is false at or above MaxUtilisation.
func NewSharing(s Service, cores int, utilisation float64) (q Sharing, ok bool) {
	if cores < 1 || utilisation < 0 || utilisation >= MaxUtilisation || math.IsNaN(utilisation) || len(s.Size) == 0 {
		return Sharing{}, false
	}
	mean := s.Mean()
	slow := newSlowdown(cores, utilisation)
	area := integrateWait(s, utilisation)
	rate := slow.meetRate / mean // per attained second, of an undisturbed request
	for i, x := range s.Size {
		low, high := s.cell(i)
		c := conditional{size: x, share: s.Share[i], low: low, high: high, none: slow.free * math.Exp(-rate*x)}
		delay := x * (slow.mean - 1)
		variance := slow.variance * area(x)
		q.points = append(q.points, c.fit(delay, variance))
		q.mean += s.Share[i] * x * slow.mean
	}
	return q, true
}

// fit sets the gamma law of a delay that has an atom at zero.
func (c conditional) fit(mean, variance float64) conditional {
	if mean <= 1e-12*c.size {
		c.none = 1
		return c
	}
	second := variance + mean*mean
	// The atom can't be so large that no law has both moments.
	c.none = min(c.none, 1-mean*mean/second)
	m1, m2 := mean/(1-c.none), second/(1-c.none)
	spread := max(m2-m1*m1, 1e-6*m1*m1)
	c.shape, c.scale = m1*m1/spread, spread/m1
	return c
}

// Mean returns the mean response time.
func (q Sharing) Mean() float64 { return q.mean }

// Tail returns P(R > t).
func (q Sharing) Tail(t float64) float64 {
	sum := 0.0
	for _, c := range q.points {
		switch {
		case t < c.low:
			sum += c.share
		case t < c.high:
			// Sizes are spread evenly over the cell: those above t are not done, the
			// others have been delayed.
			above := (c.high - t) / (c.high - c.low)
			sum += c.share * (above + (1-above)*c.delayed((t-c.low)/2))
		default:
			sum += c.share * c.delayed(t-c.size)
		}
	}
	return sum
}

// delayed returns the probability of a delay above d.
func (c conditional) delayed(d float64) float64 {
	const never = 700 // in scales of the gamma law
	if c.none >= 1 || d >= never*c.scale {
		return 0
	}
	return (1 - c.none) * mathext.GammaIncRegComp(c.shape, max(0, d)/c.scale)
}

// Quantile returns the time within which a share p of the requests is answered.
func (q Sharing) Quantile(p float64) float64 {
	lo, hi := 0.0, q.mean
	for q.Tail(hi) > 1-p {
		hi *= 2
	}
	for range 60 {
		if mid := (lo + hi) / 2; q.Tail(mid) > 1-p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// end returns a time that all but about one in ten thousand keep.
func (q Sharing) end() float64 {
	end := q.mean
	for q.Tail(end) > 1e-4 {
		end *= 1.3
	}
	return end
}

// slowdown is what an arrival meets in M/M/c (the number present is the same
// for every service law under sharing): it takes max(1, (n+1)/c) times as long.
type slowdown struct {
	mean, variance float64
	free           float64 // probability that fewer than c are present
	// meetRate is how often, per mean service time, an undisturbed request sees
	// the server fill up.
	meetRate float64
}

func newSlowdown(cores int, rho float64) slowdown {
	a := rho * float64(cores)
	// p[n], n < c, relative to p[c-1]; from c on it falls geometrically by rho.
	below := make([]float64, cores)
	below[cores-1] = 1
	for n := cores - 1; n > 0; n-- {
		below[n-1] = below[n] * float64(n) / max(a, 1e-300)
		if below[n-1] > 1e200 {
			below[n-1] = 1e200
		}
	}
	sumBelow := 0.0
	for _, p := range below {
		sumBelow += p
	}
	total := sumBelow + rho/(1-rho)
	var out slowdown
	out.free = sumBelow / total
	out.meetRate = a / sumBelow
	// E and E2 of the slowdown (k+c)/c ... with k = n-c+1 >= 1 and p ~ rho^k.
	c := float64(cores)
	tail := rho / (1 - rho) / total
	m1 := 1 / (1 - rho)                       // E[k | k >= 1]
	m2 := (1 + rho) / ((1 - rho) * (1 - rho)) // E[k^2 | k >= 1]
	first := out.free + tail*(1+m1/c)
	second := out.free + tail*(1+2*m1/c+m2/(c*c))
	out.mean, out.variance = first, second-first*first
	return out
}
