package desim

import (
	"math"
	"math/rand/v2"
)

// Deterministic draws always the mean.
func Deterministic(mean float64) func(*rand.Rand) float64 {
	return func(*rand.Rand) float64 { return mean }
}

// Exponential draws service times with a coefficient of variation of 1.
func Exponential(mean float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return r.ExpFloat64() * mean }
}

// HyperExponential draws from two exponentials with balanced means, for a
// coefficient of variation above 1 (Allen, Probability, Statistics and Queueing
// Theory, 1990).
func HyperExponential(mean, cv float64) func(*rand.Rand) float64 {
	p := 0.5 * (1 + math.Sqrt((cv*cv-1)/(cv*cv+1)))
	return func(r *rand.Rand) float64 {
		if r.Float64() < p {
			return r.ExpFloat64() * mean / (2 * p)
		}
		return r.ExpFloat64() * mean / (2 * (1 - p))
	}
}
