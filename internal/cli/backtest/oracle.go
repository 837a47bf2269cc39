package backtest

import (
	"drover/internal/consolidate"
	"drover/internal/planetlab"
)

// foresightTicks is how far an oracle sees: two hours.
const foresightTicks = 24

// foresee returns the true moments of every VM's next two hours of samples. At
// the end of the day its last sample lasts.
func foresee(day *planetlab.Day) func(tick int) []consolidate.Moments {
	return func(tick int) []consolidate.Moments {
		from := min(tick+1, planetlab.SampleCount-1)
		to := min(from+foresightTicks, planetlab.SampleCount)
		out := make([]consolidate.Moments, len(day.Use))
		for v, use := range day.Use {
			out[v] = momentsOf(use[from:to])
		}
		return out
	}
}

// momentsOf returns mean, variance and third central moment of samples.
func momentsOf(samples []float64) (m consolidate.Moments) {
	n := float64(len(samples))
	for _, x := range samples {
		m.Mean += x / n
	}
	for _, x := range samples {
		e := x - m.Mean
		m.Variance += float64(e * e / n)
		m.Third += float64(e * e * e / n)
	}
	return m
}
