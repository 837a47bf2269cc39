package queueing

import "math"

// Growth is the moment generating function of a time, E[exp(theta T)], with
// theta per second. Of a sum of independent times it is the product, which
// bounds the sum's tail without a convolution (Chernoff 1952):
// P(T > t) <= exp(-theta t) E[exp(theta T)] for every theta > 0.
func (d Dist) Growth(theta float64) float64 {
	if len(d.Mass) <= 1 {
		return 1
	}
	z, sum := math.Exp(theta*d.Step), 0.0
	for i := len(d.Mass) - 1; i >= 0; i-- {
		sum = sum*z + d.Mass[i]
	}
	return sum
}

// GrowthOfTimes is the growth of the sum of n independent times of a growth
// each; the fraction of n is the probability of one more (see Dist.Times).
func GrowthOfTimes(growth, n float64) float64 {
	if n <= 0 {
		return 1
	}
	whole := math.Floor(n)
	return math.Pow(growth, whole) * (1 + (n-whole)*(growth-1))
}
