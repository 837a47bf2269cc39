package consolidate

import (
	"cmp"
	"math"
	"slices"
)

// minGain is the least improvement worth a step, in W x ticks; it also ends
// cycles of rounding noise.
const minGain = 3.0

// searcher improves a placement by steepest descent on pairs of hosts.
type searcher struct {
	*placement
	on        []int     // hosts in use, ascending
	seen      []int     // per pair of hosts, the clock when it was last looked at
	derived   []int     // per host, the change for which the slopes hold
	growth    []load    // slope of the logarithm of the risk
	drawSlope []float64 // slope of the power's cost per MIPS
	factorOwn []float64 // per VM, by what it multiplies its own host's risk
	factor    [4][]float64
	hopes     [4]step
	undo      undo
}

// riskFloor keeps logarithms of risks finite, in W x ticks.
const riskFloor = 1e-3

func newSearcher(p *placement) *searcher {
	n := len(p.hosts)
	return &searcher{placement: p, seen: make([]int, n*n), derived: make([]int, n), growth: make([]load, n), drawSlope: make([]float64, n),
		factorOwn: make([]float64, len(p.vms))}
}

func (s *searcher) listOn() {
	s.on = s.on[:0]
	for h := range s.members {
		if len(s.members[h]) > 0 {
			s.on = append(s.on, h)
		}
	}
}

// derive keeps how a host's cost answers to a change of its load.
func (s *searcher) derive(h int) {
	if s.derived[h] == s.changed[h] {
		return
	}
	s.derived[h] = s.changed[h]
	l, n := s.load[h], float64(len(s.members[h]))
	d := load{l.now/n + 1, l.mean/n + 1, l.variance/n + 1, l.third/n + 1}
	base := math.Log(s.risk[h] + riskFloor)
	slope := func(by load, size float64) float64 {
		_, risk := s.evaluate(h, l.plus(by))
		return (math.Log(risk+riskFloor) - base) / size
	}
	s.growth[h] = load{slope(load{now: d.now}, d.now), slope(load{mean: d.mean}, d.mean),
		slope(load{variance: d.variance}, d.variance), slope(load{third: d.third}, d.third)}
	for _, v := range s.members[h] {
		s.factorOwn[v] = s.factorOf(h, v)
	}
	s.drawSlope[h] = float64(s.hold * (s.hosts[h].power(l.mean+d.mean) - s.hosts[h].power(l.mean)) / d.mean)
}

func (l load) dot(o load) float64 {
	return float64(l.now*o.now) + float64(l.mean*o.mean) + float64(l.variance*o.variance) + float64(l.third*o.third)
}

// factorOf is by how much VM v would multiply host h's risk.
func (s *searcher) factorOf(h, v int) float64 {
	return math.Exp(min(s.growth[h].dot(s.share(v, h)), 20))
}

func (s *searcher) factors(to []float64, h int, list []int) []float64 {
	to = to[:0]
	for _, v := range list {
		to = append(to, s.factorOf(h, v))
	}
	return to
}

// step is a move of a VM, or a swap of two.
type step struct {
	gain     float64
	v, w     int // w < 0: v alone moves
	from, to int
}

// improve descends until no move or swap helps.
func (s *searcher) improve() {
	for {
		s.listOn()
		order := slices.Clone(s.on)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.risk[b], s.risk[a]) })
		progress := false
		for i, a := range order {
			for _, b := range order[i+1:] {
				if best := s.look(a, b); best.gain > minGain {
					progress = true
					s.apply(best)
				}
			}
		}
		if !progress {
			return
		}
	}
}

func (s *searcher) apply(t step) {
	s.put(t.v, t.to)
	if t.w >= 0 {
		s.put(t.w, t.from)
	}
}

// look finds the best step between two hosts, unless neither has changed since
// the last look without success.
func (s *searcher) look(a, b int) step {
	none := step{gain: minGain}
	pair := &s.seen[min(a, b)*len(s.hosts)+max(a, b)]
	if *pair >= max(s.changed[a], s.changed[b]) {
		return none
	}
	// Without a VM that could go back for nothing, a step must earn its fee
	// from the risk of the two hosts.
	if !s.stirred[a] && !s.stirred[b] && s.risk[a]+s.risk[b] <= s.leastFee {
		return none
	}
	s.derive(a)
	s.derive(b)
	s.screen(a, b)
	best := none
	for _, c := range s.hopes {
		if c.v < 0 {
			continue
		}
		if g := s.exactGain(c); g > best.gain {
			best = c
			best.gain = g
		}
	}
	if best.gain <= minGain {
		*pair = s.clock
	}
	return best
}

func (s *searcher) exactGain(c step) float64 {
	out, in := s.share(c.v, c.from), s.share(c.v, c.to)
	fee := s.feeFor(c.v, c.to) - s.feeFor(c.v, c.from)
	var left float64
	if c.w >= 0 {
		out, in = out.minus(s.share(c.w, c.from)), in.minus(s.share(c.w, c.to))
		both := float64(2 * s.between(c.v, c.w)) // they never meet
		out.variance += both
		in.variance -= both
		fee += s.feeFor(c.w, c.from) - s.feeFor(c.w, c.to)
	}
	if c.w >= 0 || len(s.members[c.from]) > 1 {
		left, _ = s.evaluate(c.from, s.load[c.from].minus(out))
	}
	with, _ := s.evaluate(c.to, s.load[c.to].plus(in))
	return s.cost[c.from] + s.cost[c.to] - left - with - fee
}

// screen keeps the most promising steps between two hosts. The logarithm of a
// tail's expected excess is nearly linear in the load, so that every VM
// multiplies a host's risk by a factor of its own.
func (s *searcher) screen(a, b int) {
	for i := range s.hopes {
		s.hopes[i] = step{gain: 0, v: -1}
	}
	f := &s.factor
	f[0] = s.factors(f[0], a, s.members[b])
	f[1] = s.factors(f[1], b, s.members[a])
	own := s.factorOwn
	riskA, riskB := s.risk[a]+riskFloor, s.risk[b]+riskFloor
	sum, draw := riskA+riskB, s.drawSlope[a]-s.drawSlope[b]
	inA, outB, rest := f[0], f[2][:0], f[3][:0]
	for j, w := range s.members[b] {
		outB = append(outB, 1/own[w])
		rest = append(rest, float64(draw*s.vms[w].mean)+s.feeFor(w, a)-s.feeFor(w, b))
		s.hope(step{sum - float64(riskA*inA[j]) - float64(riskB*outB[j]) - rest[j], w, -1, b, a})
	}
	f[2], f[3] = outB, rest
	outB, rest = outB[:len(inA)], rest[:len(inA)]
	for i, v := range s.members[a] {
		base := sum + float64(draw*s.vms[v].mean) - s.feeFor(v, b) + s.feeFor(v, a)
		ra, rb := riskA/own[v], float64(riskB*f[1][i])
		s.hope(step{base - ra - rb, v, -1, a, b})
		base -= s.hopes[len(s.hopes)-1].gain
		for j, in := range inA {
			if g := base - float64(ra*in) - float64(rb*outB[j]) - rest[j]; g > 0 {
				least := s.hopes[len(s.hopes)-1].gain
				s.hope(step{g + least, v, s.members[b][j], a, b})
				base += least - s.hopes[len(s.hopes)-1].gain
			}
		}
	}
}

// hope enters a step into the short list, best first.
func (s *searcher) hope(c step) {
	i := len(s.hopes) - 1
	if c.gain <= s.hopes[i].gain {
		return
	}
	for ; i > 0 && s.hopes[i-1].gain < c.gain; i-- {
		s.hopes[i] = s.hopes[i-1]
	}
	s.hopes[i] = c
}
