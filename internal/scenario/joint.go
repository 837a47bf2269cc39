package scenario

import (
	"math"
	"slices"

	"drover/internal/model"
)

// commonShare is the share of the variance of forecast errors that all
// applications of a fleet have in common.
const commonShare = 0.05

// shareRisk turns CPU demands that were read high one by one into such that the
// sum on a server is high: what lies above the mean rarely comes to all of a
// server's replicas at once. e being a replica's distance from its mean, the
// distance of a server's sum is z times the root of
//
//	V = (1-common) x the sum over call chains of (sum of e)^2 + common x (sum of all e)^2,
//
// replicas of one chain rising together. The search needs demands that add up,
// so the root is replaced by its tangent at the V = S^2 of the median server, which
// lies above it: root(V) <= S/2 + V/2S. The replicas' parts of V/2S are their demands,
// and S/2 is kept free on every server (the return value, by period).
//
// Where that would ask for more than every forecast at its own level, they are
// left there. What is no error but a surprise (see surprise), and distances of forecasts
// that are not trusted, are not shared.
func (f *fleet) shareRisk(demand []model.Vector, high, server float64) []int64 {
	periods, z := f.periods(), normal(server)/normal(high)
	kept, roots := make([]int64, periods), f.chainRoots()
	sure, apart := make([]float64, len(f.replicas)), make([]float64, len(f.replicas))
	for t := range periods {
		for i := range f.replicas {
			cpu := float64(demand[i*periods+t][model.CPU])
			sure[i] = min(cpu, f.sure(i, t))
			apart[i] = cpu - sure[i]
		}
		parts, usual := f.variances(apart, roots)
		if !f.gains(apart, parts, usual, z) {
			continue
		}
		for i := range f.replicas {
			demand[i*periods+t][model.CPU] = amount(sure[i] + above(apart[i], parts[i], usual, z))
		}
		kept[t] = amount(z * usual / 2)
	}
	return kept
}

// above is what a replica may need above its mean, as its part of a server's sum:
// never more than its own forecast says. Where one replica is most of V, the sum
// is at the level high, no longer at the server's.
func above(apart, part, usual, z float64) float64 { return min(apart, z*part/(2*usual)) }

// gains tells whether sharing asks for less than every forecast at its own level:
// a few replicas that nobody can foretell make the median server's V so large that
// it would not.
func (f *fleet) gains(apart, parts []float64, usual, z float64) bool {
	if usual <= 0 {
		return false
	}
	each, shared := 0.0, 0.0
	used := make([]bool, len(f.servers))
	for i, s := range f.start {
		each += apart[i]
		shared += above(apart[i], parts[i], usual, z)
		if !used[s] {
			used[s] = true
			shared += z * usual / 2
		}
	}
	return shared < each
}

// sure is the CPU of a replica that does not vary independently of the others.
func (f *fleet) sure(i, t int) float64 {
	r := &f.replicas[i]
	fc := r.series[model.CPU]
	if fc == nil || !fc.Trusted {
		return math.Inf(1)
	}
	mean := f.value(fc, t, 0)
	if from, _ := f.period(t); from.Sub(fc.Origin) < surpriseLasts {
		mean += surprise(fc)
	}
	return mean * r.share
}

// variances parts V (see shareRisk) of every server, as replicas are placed now,
// among them, and returns the root of V on the median of the servers in use.
func (f *fleet) variances(apart []float64, roots []int) (parts []float64, usual float64) {
	on := make([][]int, len(f.servers))
	for i, s := range f.start {
		on[s] = append(on[s], i)
	}
	parts = make([]float64, len(apart))
	ofChain, sums := make([]float64, len(f.applications)), make([]float64, len(f.servers))
	for s, list := range on {
		for _, i := range list {
			ofChain[roots[f.replicas[i].app]] += apart[i]
			sums[s] += apart[i]
		}
		for _, i := range list {
			parts[i] = (1 - commonShare) * float64(apart[i]*ofChain[roots[f.replicas[i].app]])
		}
		for _, i := range list {
			ofChain[roots[f.replicas[i].app]] = 0
		}
	}
	// A replica shares the common part with what is on its server, or on the usual
	// one where it may go.
	usualSum, spreads := median(sums), make([]float64, len(f.servers))
	for s, list := range on {
		for _, i := range list {
			parts[i] += float64(commonShare * max(sums[s], usualSum) * apart[i])
			spreads[s] += parts[i]
		}
		spreads[s] = math.Sqrt(spreads[s])
	}
	return parts, median(spreads)
}

// median returns that of the positive values, 0 where there are none.
func median(values []float64) float64 {
	positive := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !(v > 0) })
	if len(positive) == 0 {
		return 0
	}
	slices.Sort(positive)
	return positive[len(positive)/2]
}

// chainRoots returns, for every application, where most of its requests come
// from in the end: the caller that makes more than half of its calls, that one's,
// and so on. Applications of one root rise and fall together; a service that many
// share is its own.
func (f *fleet) chainRoots() []int {
	calls, most, from := make([]float64, len(f.applications)), make([]float64, len(f.applications)), make([]int, len(f.applications))
	for a := range from {
		from[a] = a
	}
	for _, c := range f.calls {
		calls[c.callee] += c.callsPerSecond
		if c.callsPerSecond > most[c.callee] {
			most[c.callee], from[c.callee] = c.callsPerSecond, c.caller
		}
	}
	roots := make([]int, len(f.applications))
	for a := range roots {
		roots[a] = a
		for range f.applications { // at most: calls may run in a circle
			b := roots[a]
			if from[b] == b || most[b] <= calls[b]/2 {
				break
			}
			roots[a] = from[b]
		}
	}
	return roots
}

// normal returns the quantile of the standard normal law.
func normal(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
