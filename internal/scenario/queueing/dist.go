package queueing

import "math"

// bins is the resolution of a Dist: enough for percentiles within one per cent.
const bins = 192

// Dist is a law of a time on a lattice: Mass[i] is the probability of i x Step
// seconds. Masses sum to 1. The zero Dist is a time of zero.
type Dist struct {
	Step float64
	Mass []float64
}

// Constant is a time that does not vary.
func Constant(seconds float64) Dist {
	if seconds <= 0 {
		return Dist{Step: 1, Mass: []float64{1}}
	}
	return Dist{Step: seconds, Mass: []float64{0, 1}}
}

// Points is a time that takes each of some values with equal probability, on a
// coarse lattice that keeps the mean.
func Points(times []float64) Dist {
	const cells = 24
	end := 0.0
	for _, t := range times {
		end = max(end, t)
	}
	if end <= 0 {
		return Constant(0)
	}
	d := Dist{Step: end / cells, Mass: make([]float64, cells+2)}
	for _, t := range times {
		at := max(0, t) / d.Step
		i := int(at)
		w := at - float64(i)
		d.Mass[i] += (1 - w) / float64(len(times))
		d.Mass[i+1] += w / float64(len(times))
	}
	return d.trim()
}

// FromTail puts a law, given by its tail P(T > t), its mean and an upper end
// that holds nearly all of it, on a lattice that keeps the mean.
func FromTail(tail func(float64) float64, mean, end float64) Dist {
	if end <= 0 {
		return Constant(0)
	}
	d := Dist{Step: end / (bins - 1), Mass: make([]float64, bins)}
	// Tails are dear: beyond the first half, where laws are smooth, every second
	// one is interpolated. The mass of (i, i+1) steps is split between its ends.
	level := make([]float64, bins)
	level[0] = 1
	for i := 1; i < bins-1; i++ {
		if i < bins/2 || i%2 == 0 {
			level[i] = max(0, tail(float64(i)*d.Step))
		}
	}
	for i := bins/2 | 1; i < bins-1; i += 2 {
		level[i] = (level[i-1] + level[i+1]) / 2
	}
	for i := 1; i < bins; i++ {
		level[i] = min(level[i], level[i-1])
		half := (level[i-1] - level[i]) / 2
		d.Mass[i-1] += half
		d.Mass[i] += half
	}
	if got := d.Mean(); got > 0 && mean > 0 {
		d.Step *= mean / got
	}
	return d
}

// Mean returns the mean.
func (d Dist) Mean() float64 {
	sum := 0.0
	for i, m := range d.Mass {
		sum += float64(i) * m
	}
	return sum * d.Step
}

// Quantile returns the time that is kept with probability p, linear between the
// points of the lattice.
func (d Dist) Quantile(p float64) float64 {
	sum := 0.0
	for i, m := range d.Mass {
		if sum+m >= p {
			// The mass of a point stands for half a step on either side of it.
			at := float64(i)
			if m > 0 && len(d.Mass) > 2 {
				at += (p-sum)/m - 0.5
			}
			return max(0, at) * d.Step
		}
		sum += m
	}
	return float64(len(d.Mass)-1) * d.Step
}

// end is the greatest time of the lattice.
func (d Dist) end() float64 { return float64(len(d.Mass)-1) * d.Step }

// onto moves the law to another step; each mass is split between the two
// nearest points so that the mean stays.
func (d Dist) onto(step float64) []float64 {
	n := int(math.Ceil(d.end()/step-1e-9)) + 1
	out := make([]float64, max(1, n))
	for i, m := range d.Mass {
		if m == 0 {
			continue
		}
		at := float64(i) * d.Step / step
		k := min(int(at), len(out)-1)
		w := at - float64(k)
		if k+1 >= len(out) {
			out[k] += m
			continue
		}
		out[k] += m * (1 - w)
		out[k+1] += m * w
	}
	return out
}

// Plus returns the law of the sum of two independent times.
func (d Dist) Plus(e Dist) Dist {
	switch {
	case len(d.Mass) <= 1:
		return e
	case len(e.Mass) <= 1:
		return d
	}
	step := (d.end() + e.end()) / (bins - 1)
	a, b := d.onto(step), e.onto(step)
	out := Dist{Step: step, Mass: make([]float64, len(a)+len(b)-1)}
	for i, x := range a {
		if x == 0 {
			continue
		}
		for j, y := range b {
			out.Mass[i+j] += x * y
		}
	}
	return out.trim()
}

// trim cuts off a far tail of no weight, keeping its mass in the last point.
func (d Dist) trim() Dist {
	const negligible = 1e-6
	rest := 0.0
	for n := len(d.Mass); n > 1; n-- {
		if rest += d.Mass[n-1]; rest > negligible {
			d.Mass = d.Mass[:n]
			d.Mass[n-1] = rest
			return d
		}
	}
	return d
}

// Times returns the law of the sum of n independent times; the fraction of n is
// the probability of one more.
func (d Dist) Times(n float64) Dist {
	if n <= 0 || len(d.Mass) <= 1 {
		return Constant(0)
	}
	whole := int(min(n, 1<<20))
	out, power := Constant(0), d
	for k := whole; k > 0; k >>= 1 {
		if k&1 == 1 {
			out = out.Plus(power)
		}
		if k > 1 {
			power = power.Plus(power)
		}
	}
	if rest := n - float64(whole); rest > 1e-9 {
		out = out.Plus(Mix([]Dist{Constant(0), d}, []float64{1 - rest, rest}))
	}
	return out
}

// Mix returns the law of a time that follows laws[i] with probability
// shares[i]; shares are scaled to sum to 1.
func Mix(laws []Dist, shares []float64) Dist {
	end, total := 0.0, 0.0
	for i, d := range laws {
		end = max(end, d.end())
		total += shares[i]
	}
	if end <= 0 || total <= 0 {
		return Constant(0)
	}
	out := Dist{Step: end / (bins - 1), Mass: make([]float64, bins+1)}
	for i, d := range laws {
		for k, m := range d.onto(out.Step) {
			out.Mass[min(k, bins)] += m * shares[i] / total
		}
	}
	return out.trim()
}

// Longest returns the law of the longest of independent times: parallel calls.
func Longest(laws ...Dist) Dist {
	end := 0.0
	for _, d := range laws {
		end = max(end, d.end())
	}
	if end <= 0 {
		return Constant(0)
	}
	out := Dist{Step: end / (bins - 1), Mass: make([]float64, bins+1)}
	below := make([]float64, bins+1)
	for i := range below {
		below[i] = 1
	}
	for _, d := range laws {
		sum, mass := 0.0, d.onto(out.Step)
		for i := range below {
			if i < len(mass) {
				sum += mass[i]
			}
			below[i] *= min(1, sum)
		}
	}
	last := 0.0
	for i, b := range below {
		out.Mass[i] = b - last
		last = b
	}
	out.Mass[bins] += 1 - last
	return out.trim()
}
