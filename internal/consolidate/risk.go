package consolidate

import "math"

// load is the demand on a host: what is asked now and the moments of a coming
// sample, all in MIPS (to the power 1, 1, 2 and 3).
type load struct{ now, mean, variance, third float64 }

func (l load) plus(o load) load {
	return load{l.now + o.now, l.mean + o.mean, l.variance + o.variance, l.third + o.third}
}

func (l load) minus(o load) load {
	return load{l.now - o.now, l.mean - o.mean, l.variance - o.variance, l.third - o.third}
}

// deficits computes expected unserved demand.
type deficits struct {
	next, mix *excessTable // at a sample, and averaged over a frame between two
	frame     [4]framePoint
	// common is the squared relative deviation common to all demand.
	common float64
	// later is how many ticks after the coming one are weighed with it.
	later float64
	// skewBase and skewShare correct the skewness of a host's load: VMs that
	// move together leave it more skewed than independent ones would.
	skewBase, skewShare float64
}

// Demand moves on a line between two samples. The frame after the coming one
// runs between two unknown samples: the quadrature points of Gauss-Legendre on
// the half frame, whose mirror image is the other half, with the factors by
// which the variance and the third moment of a mix shrink.
var laterPoints = [2]struct{ sd, skew float64 }{mixPoint(0.5 * 0.21132486540518713), mixPoint(0.5 * 0.7886751345948129)}

func mixPoint(f float64) struct{ sd, skew float64 } {
	g := 1 - f
	v := float64(f*f) + float64(g*g)
	return struct{ sd, skew float64 }{math.Sqrt(v), (float64(f*f*f) + float64(g*g*g)) / (v * math.Sqrt(v))}
}

// framePoint is a quadrature point of the coming frame: how far demand has gone
// from the known sample to the next, the weight and the inverse of that.
type framePoint struct{ at, weight, inverse float64 }

// comingFrame returns the points of Gauss-Legendre on (delay, 1). Before a
// migration can have ended nothing that is decided now changes anything.
func comingFrame(delay float64) (points [4]framePoint) {
	for i, p := range [4][2]float64{
		{0.06943184420297371, 0.17392742256872693}, {0.33000947820757187, 0.32607257743127307},
		{0.6699905217924281, 0.32607257743127307}, {0.9305681557970262, 0.17392742256872693},
	} {
		at := delay + float64((1-delay)*p[0])
		points[i] = framePoint{at, (1 - delay) * p[1], 1 / at}
	}
	return points
}

// mixedExcess is the mean of E[(Y-z)+] over a frame between two independent
// standardised samples, where Y moves on a line from one to the other.
func mixedExcess(z, skew float64) (sum float64) {
	for _, p := range laterPoints {
		sum += float64(0.5 * p.sd * standardExcess(z/p.sd, skew*p.skew))
	}
	return sum
}

// spread is a host's standard deviation, its inverse, and its skewness.
func (d *deficits) spread(l load) (sd, inverse, skew float64) {
	sd = math.Sqrt(l.variance + float64(d.common*l.mean*l.mean))
	inverse = 1 / sd
	return sd, inverse, max(0, d.skewBase+float64(d.skewShare*l.third*inverse*inverse*inverse))
}

// expected returns the unserved demand in MIPS x ticks over the coming frame
// and the later ones of a host with the given load and capacity.
func (d *deficits) expected(l load, capacity float64) float64 {
	if l.variance <= 0 {
		return float64((1 + d.later) * max(0, l.mean-capacity))
	}
	sd, inverse, skew := d.spread(l)
	var sum float64
	for i := range d.frame {
		p := &d.frame[i]
		z := (float64((capacity-float64((1-p.at)*l.now))*p.inverse) - l.mean) * inverse
		if z < limitMax {
			sum += float64(p.weight * p.at * sd * d.next.at(z, skew))
		}
	}
	if z := (capacity - l.mean) * inverse; z < limitMax {
		sum += float64(d.later * sd * d.mix.at(z, skew))
	}
	return sum
}
