package scenario

import (
	"math"

	"drover/internal/model"
	"drover/internal/scenario/queueing"
)

// bound tells cheaply that response times are surely short enough, so that only
// doubtful ones are convolved. It takes every application on the busiest of its
// servers and every call over the slowest way of the fleet, and bounds the tail
// of the sum by Chernoff's inequality (queueing.Dist.Growth).
type bound struct {
	q       *responses
	in      *situation
	busiest []float64 // utilisation, by application; NaN: not known yet
	slowest float64   // factor on the way of every call
	memo    []growth  // by application
	round   int       // of memo
}

// growth is an application's for one theta.
type growth struct {
	round int
	open  bool
	value float64
}

// Exponents that are tried: theta times the limit.
var boundExponents = [...]float64{9, 6, 13}

// boundSafety is the share of a limit that the bound has to keep: quantiles are
// read from a lattice and may lie a step (half a per cent of the longest time)
// above those of the exact law.
const boundSafety = 0.97

func newBound(q *responses, in *situation, slow []SlowLink) *bound {
	b := &bound{q: q, in: in, slowest: 1, busiest: make([]float64, len(q.f.applications)), memo: make([]growth, len(q.f.applications))}
	for a := range b.busiest {
		b.busiest[a] = math.NaN()
	}
	for _, l := range slow {
		b.slowest *= max(1, float64(l.FactorPPM)/1e6)
	}
	return b
}

// within tells whether an application surely answers within some seconds with
// probability p. False says nothing.
func (b *bound) within(a int, seconds, p float64) bool {
	if !(seconds > 0) {
		return false
	}
	for _, exponent := range boundExponents {
		b.round++
		if math.Exp(-exponent)*b.of(a, exponent/(seconds*boundSafety)) <= 1-p {
			return true
		}
	}
	return false
}

// wider tells whether an application's margin is surely wider than some ppm.
func (b *bound) wider(a int, ppm int64) bool {
	if ppm >= 1_000_000 {
		return false
	}
	slo := &b.q.f.applications[a].SLO
	limit := float64(slo.ResponseMicros)/1e6*(1-float64(ppm)/1e6) - 2e-6 // margins are of rounded micros
	return b.within(a, limit, float64(slo.ResponseQuantilePPM)/1e6)
}

// of bounds the growth of an application's response; +Inf where it has none or
// depends on itself.
func (b *bound) of(a int, theta float64) float64 {
	m := &b.memo[a]
	if m.round == b.round {
		if m.open {
			return math.Inf(1)
		}
		return m.value
	}
	*m = growth{round: b.round, open: true}
	value := b.own(a, theta)
	for _, c := range b.q.perCall[a] {
		if math.IsInf(value, 1) {
			break
		}
		if len(b.q.f.members[c.callee]) > 0 {
			call := b.of(c.callee, theta) * math.Exp(theta*b.q.longestWay(c.bytes, b.slowest))
			value *= queueing.GrowthOfTimes(call, c.times)
		}
	}
	*m = growth{round: b.round, value: value}
	return value
}

// own bounds the growth of the time on an application's own servers.
func (b *bound) own(a int, theta float64) float64 {
	q, f := b.q, b.q.f
	if q.service[a] <= 0 {
		return math.Inf(1)
	}
	slowest, fewest := math.Inf(1), math.MaxInt
	if math.IsNaN(b.busiest[a]) {
		b.busiest[a] = -1
		for _, r := range f.members[a] {
			if b.in.alive(r) {
				b.busiest[a] = max(b.busiest[a], b.in.utilisation[b.in.place[r]])
			}
		}
	}
	if b.busiest[a] < 0 {
		return math.Inf(1) // nobody is left
	}
	for _, r := range f.members[a] {
		server := &f.servers[b.in.place[r]]
		slowest = min(slowest, coreSpeed(server))
		fewest = min(fewest, int(server.Capacity[model.CPU]/1000))
	}
	law, ok := q.shapes.Shared(q.service[a]/slowest, q.variation(a), fewest, b.busiest[a])
	if !ok {
		return math.Inf(1)
	}
	return law.Growth(theta)
}
