package demand

import "math"

// Running is the fit of one class, U = base + X S, over an endless row of
// samples in constant space: Fit over the first ones, then the sums of weighted
// least squares, faded with time. A sample's weight is Huber's, by its distance
// from the fit so far. Its fields are exported so that it can be written as JSON.
type Running struct {
	// First holds the samples until there are enough of them to begin with.
	First           []Sample `json:",omitempty"`
	N, X, XX, Y, XY float64
	// Scale is the robust standard deviation of the residuals.
	Scale float64
	// Count is how many samples there were.
	Count int
}

const (
	// begin is how many samples the first fit is made of.
	begin = 32
	// rise is how far one residual moves the scale.
	rise = 1. / 24
)

// Add fades what is known and takes a sample of calls per second and millicores.
func (r *Running) Add(x, y, fade float64) {
	r.Count++
	if r.N == 0 {
		r.start(Sample{CallsPerSecond: []float64{x}, CPUMilli: y})
		return
	}
	slope, base, ok := r.line()
	residual := math.Abs(y - base - slope*x)
	if !ok {
		residual = 0
	}
	r.take(x, y, r.weight(residual), fade)
	// Half of the residuals of a normal law lie within 0.6745 standard deviations:
	// the scale climbs or falls towards that, a step at a time, however gross the
	// error.
	if residual > 0.6745*r.Scale {
		r.Scale *= 1 + rise
	} else {
		r.Scale /= 1 + rise
	}
}

// start keeps a sample until the first ones can be fitted together.
func (r *Running) start(s Sample) {
	r.First = append(r.First, s)
	if len(r.First) < begin {
		return
	}
	d, err := Fit(r.First)
	if err != nil { // the rate has never changed: wait until it does
		r.First = r.First[1:]
		return
	}
	r.Scale = max(d.ScatterMilli, 1e-9*(1+d.BaseMilli))
	for _, one := range r.First {
		x := one.CallsPerSecond[0]
		r.take(x, one.CPUMilli, r.weight(math.Abs(one.CPUMilli-d.BaseMilli-d.Micros[0]/1000*x)), 1)
	}
	r.First = nil
}

// weight is Huber's for a residual.
func (r *Running) weight(residual float64) float64 {
	if limit := huber * r.Scale; residual > limit {
		return limit / residual
	}
	return 1
}

func (r *Running) take(x, y, weight, fade float64) {
	r.N, r.X, r.XX = r.N*fade+weight, r.X*fade+weight*x, r.XX*fade+weight*x*x
	r.Y, r.XY = r.Y*fade+weight*y, r.XY*fade+weight*x*y
}

// line returns the fit, both parts at or above zero.
func (r *Running) line() (slope, base float64, ok bool) {
	if r.N == 0 {
		return 0, 0, false
	}
	spread := r.spread()
	if spread <= 1e-9*r.XX {
		return 0, 0, false
	}
	slope = (r.XY - r.X*r.Y/r.N) / spread
	base = (r.Y - slope*r.X) / r.N
	if base < 0 {
		slope, base = r.XY/r.XX, 0
	}
	if slope < 0 {
		slope, base = 0, r.Y/r.N
	}
	return slope, base, true
}

// spread is the weighted sum of squares of x around its mean.
func (r *Running) spread() float64 { return r.XX - r.X*r.X/r.N }

// Demand returns the fit. correlation is how far a sample repeats the one before
// it (0 to below 1), which makes the error larger.
func (r *Running) Demand(correlation float64) (Demand, error) {
	// Both x and the residuals follow themselves: their product's correlation
	// decides how many independent samples there are.
	inflation := (1 + correlation*correlation) / (1 - correlation*correlation)
	if r.N == 0 {
		d, err := Fit(r.First)
		for i := range d.ErrorMicros {
			d.ErrorMicros[i] *= math.Sqrt(inflation)
		}
		return d, err
	}
	slope, base, ok := r.line()
	if !ok {
		return Demand{}, ErrTooFew
	}
	return Demand{Micros: []float64{1000 * slope}, ErrorMicros: []float64{1000 * r.Scale * math.Sqrt(inflation/r.spread())},
		BaseMilli: base, ScatterMilli: r.Scale, Samples: r.Count}, nil
}
