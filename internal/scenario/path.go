package scenario

import (
	"math"
	"math/rand/v2"
)

// Shares of the variance of a sampled path: what the whole fleet shares, what
// applications that call one another share, and what is an application's own.
const (
	fleetShare = 0.2
	chainShare = 0.5
	ownShare   = 0.3
	// pathMemory is the correlation of one period with the next.
	pathMemory = 0.8
)

// samplePath draws a level for every application and period: a Gaussian copula
// with a factor for the fleet, one for each connected part of the call graph
// and one of the application's own, each an autoregression over the periods.
// So applications of one chain rise and fall together.
func (f *fleet) samplePath(seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	part := f.chains()
	periods := f.periods()
	common := walk(rng, periods)
	chains := make([][]float64, len(f.applications))
	out := make([]float64, len(f.applications)*periods)
	for a := range f.applications {
		if chains[part[a]] == nil {
			chains[part[a]] = walk(rng, periods)
		}
		own := walk(rng, periods)
		for t := range periods {
			z := float64(math.Sqrt(fleetShare)*common[t]) + float64(math.Sqrt(chainShare)*chains[part[a]][t]) +
				float64(math.Sqrt(ownShare)*own[t])
			out[a*periods+t] = min(max(0.5*math.Erfc(-z/math.Sqrt2), 1e-4), 1-1e-4)
		}
	}
	return out
}

// walk draws a stationary autoregression of unit variance.
func walk(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for t := range out {
		e := rng.NormFloat64()
		if t == 0 {
			out[t] = e
			continue
		}
		out[t] = float64(pathMemory*out[t-1]) + float64(math.Sqrt(1-pathMemory*pathMemory)*e)
	}
	return out
}

// chains returns, for every application, the least application of its
// connected part of the call graph.
func (f *fleet) chains() []int {
	part := make([]int, len(f.applications))
	for a := range part {
		part[a] = a
	}
	find := func(a int) int {
		for part[a] != a {
			part[a] = part[part[a]]
			a = part[a]
		}
		return a
	}
	for _, c := range f.calls {
		a, b := find(c.caller), find(c.callee)
		part[max(a, b)] = min(a, b)
	}
	for a := range part {
		part[a] = find(a)
	}
	return part
}
