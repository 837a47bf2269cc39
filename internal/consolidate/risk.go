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

// The coming frame starts at a known sample: points and weights of
// Gauss-Legendre on (0,1).
var nextPoints = [4]struct{ f, weight, inverse float64 }{
	{0.06943184420297371, 0.17392742256872693, 1 / 0.06943184420297371}, {0.33000947820757187, 0.32607257743127307, 1 / 0.33000947820757187},
	{0.6699905217924281, 0.32607257743127307, 1 / 0.6699905217924281}, {0.9305681557970262, 0.17392742256872693, 1 / 0.9305681557970262},
}

// mixedExcess is the mean of E[(Y-z)+] over a frame between two independent
// standardised samples, where Y moves on a line from one to the other.
func mixedExcess(z, skew float64) (sum float64) {
	for _, p := range laterPoints {
		sum += float64(0.5 * p.sd * standardExcess(z/p.sd, skew*p.skew))
	}
	return sum
}

// expected returns the unserved demand in MIPS x ticks over the coming frame
// and the later ones of a host with the given load and capacity.
func (d *deficits) expected(l load, capacity float64) float64 {
	variance := l.variance + float64(d.common*l.mean*l.mean)
	if variance <= 0 {
		return float64((1 + d.later) * max(0, l.mean-capacity))
	}
	sd := math.Sqrt(variance)
	perSD := 1 / sd
	skew := max(0, d.skewBase+float64(d.skewShare*l.third*perSD*perSD*perSD))
	var sum float64
	for i := range nextPoints {
		p := &nextPoints[i]
		z := (float64((capacity-float64((1-p.f)*l.now))*p.inverse) - l.mean) * perSD
		if z < limitMax {
			sum += float64(p.weight * p.f * sd * d.next.at(z, skew))
		}
	}
	if z := (capacity - l.mean) * perSD; z < limitMax {
		sum += float64(d.later * sd * d.mix.at(z, skew))
	}
	return sum
}
