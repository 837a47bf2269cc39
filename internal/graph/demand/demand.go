// Package demand estimates how much CPU time one call costs an application, from
// what it used and how often it was called: by the utilisation law (Denning and
// Buzen 1978) U = base + sum over callers of X S, where X is the call rate and S
// the service demand. The planner's queueing model needs S.
//
// The fit is robust: Huber's M-estimator (1964) by iteratively reweighted least
// squares, started from least absolute deviations and scaled by the median
// absolute deviation, with demands and base kept at or above zero. A minute of garbage
// collection, a lost scrape or a faulty host does not move it much. The package
// is a core: it keeps samples that it is given and nothing else.
package demand

import (
	"errors"
	"math"
	"slices"
)

// Sample is one interval of an application: calls per second by class (usually
// one class for each caller; always the same number) and the millicores used.
type Sample struct {
	CallsPerSecond []float64
	CPUMilli       float64
}

// Demand is the outcome of a fit.
type Demand struct {
	// Micros of CPU time for each call, by class, and their standard errors.
	Micros, ErrorMicros []float64
	// Pooled is set where the classes could not be told apart, since their rates
	// move together: all have the demand of the mean call then.
	Pooled bool
	// BaseMilli is what the application uses without calls, in millicores.
	BaseMilli float64
	// ScatterMilli is the robust standard deviation around the fit.
	ScatterMilli float64
	Samples      int
}

const (
	// leastSamples beyond the number of unknowns.
	leastSamples = 8
	// huber is the distance in standard deviations from where on a residual's pull
	// no longer grows; at 1.345 the fit has 95 % of the efficiency of least squares
	// under normal errors.
	huber = 1.345
	// rounds of reweighting.
	rounds = 30
	// vague is the standard error, as a share of the mean call's demand, above
	// which classes are pooled.
	vague = 0.5
)

// ErrTooFew says that there are not enough samples, or that the call rates never
// change, so that demand and base can't be told apart.
var ErrTooFew = errors.New("demand: too few different samples")

// Fit estimates the demands. Samples that are not finite, negative or of another
// number of classes than the first are left out.
func Fit(samples []Sample) (Demand, error) {
	rows, usage, classes := tidy(samples)
	if classes == 0 {
		return Demand{}, ErrTooFew
	}
	d, err := fit(rows, usage, classes)
	if classes == 1 {
		return d, err
	}
	sums := make([][]float64, len(rows))
	for i, row := range rows {
		total := 0.0
		for _, x := range row[:classes] {
			total += x
		}
		sums[i] = []float64{total, 1}
	}
	pooled, pooledErr := fit(sums, usage, 1)
	if pooledErr != nil {
		return d, err
	}
	if err == nil && slices.Max(d.ErrorMicros) <= vague*pooled.Micros[0] {
		return d, nil
	}
	pooled.Pooled = true
	pooled.Micros = slices.Repeat(pooled.Micros, classes)
	pooled.ErrorMicros = slices.Repeat(pooled.ErrorMicros, classes)
	return pooled, nil
}

// tidy returns the rows of the regression, a 1 for the base at the end of each,
// with the usage, both of the usable samples.
func tidy(samples []Sample) (rows [][]float64, usage []float64, classes int) {
	usable := func(v float64) bool { return v >= 0 && v <= 1e15 }
	for _, s := range samples {
		if classes == 0 {
			classes = len(s.CallsPerSecond)
		}
		if len(s.CallsPerSecond) != classes || !usable(s.CPUMilli) || slices.ContainsFunc(s.CallsPerSecond, func(v float64) bool { return !usable(v) }) {
			continue
		}
		rows = append(rows, append(slices.Clone(s.CallsPerSecond), 1))
		usage = append(usage, s.CPUMilli)
	}
	return rows, usage, classes
}

// fit runs the reweighted regression for rows of classes and a base.
func fit(rows [][]float64, usage []float64, classes int) (Demand, error) {
	if len(rows) < classes+1+leastSamples {
		return Demand{}, ErrTooFew
	}
	scale := columnScale(rows)
	if slices.Contains(scale[:classes], 0) {
		return Demand{}, ErrTooFew
	}
	scaled := make([][]float64, len(rows))
	for i, row := range rows {
		scaled[i] = make([]float64, len(row))
		for k, x := range row {
			scaled[i][k] = x / scale[k]
		}
	}
	weights := slices.Repeat([]float64{1}, len(rows))
	var beta, residuals []float64
	var covariance [][]float64
	sigma := 0.0
	for round := range rounds {
		next, inverse, ok := leastSquares(scaled, usage, weights)
		if !ok {
			return Demand{}, ErrTooFew
		}
		residuals = residualsOf(scaled, usage, next)
		sigma = medianAbsolute(residuals) * 1.4826
		settled := beta != nil && distance(beta, next) < 1e-9
		beta, covariance = next, inverse
		if settled && round > rounds/2 || sigma == 0 {
			break
		}
		reweigh(weights, residuals, sigma, round < rounds/2)
	}
	d := Demand{BaseMilli: beta[classes] / scale[classes], ScatterMilli: sigma, Samples: len(rows)}
	for k := range classes {
		// A millicore is a thousand microseconds of CPU time each second.
		d.Micros = append(d.Micros, 1000*beta[k]/scale[k])
		d.ErrorMicros = append(d.ErrorMicros, 1000*sigma*math.Sqrt(max(covariance[k][k], 0))/scale[k])
	}
	return d, nil
}

// reweigh sets the weights of the next round: at first those of least absolute
// deviations, to get near in spite of gross errors, then Huber's.
func reweigh(weights, residuals []float64, sigma float64, absolute bool) {
	for i, r := range residuals {
		switch u := math.Abs(r) / sigma; {
		case absolute:
			weights[i] = 1 / max(u, 0.1)
		case u > huber:
			weights[i] = huber / u
		default:
			weights[i] = 1
		}
	}
}
