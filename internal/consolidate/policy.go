package consolidate

import (
	"fmt"
	"math"
	"slices"
)

// Move is a command to migrate a VM to a host; at tick 0 it places the VM.
type Move struct{ VM, Host int }

// Policy decides where VMs run, tick by tick. It is not safe for concurrent use.
type Policy struct {
	cfg       Config
	next, mix *excessTable
	order     []int // hosts, the most efficient first
	search    *searcher

	// State: all that Step has been fed, condensed.
	tick   int
	vms    []demand
	at     []int     // host of each VM after the last step, or -1
	before []int     // the same before the last step
	last   []float64 // samples of the last step
	budget budget
	trend  trend
}

// New returns a policy that has seen nothing yet.
func New(cfg Config) (*Policy, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("consolidate: %w", err)
	}
	n := len(cfg.VMs)
	p := &Policy{cfg: cfg, next: tabulate(standardExcess), mix: tabulate(mixedExcess), tick: -1, vms: make([]demand, n), at: make([]int, n), before: make([]int, n), last: make([]float64, n)}
	for v := range p.at {
		p.at[v], p.before[v] = -1, -1
	}
	for h := range cfg.Hosts {
		p.order = append(p.order, h)
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		x, y := cfg.Hosts[a].wattsPerMIPS(), cfg.Hosts[b].wattsPerMIPS()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return p, nil
}

func (h *Host) wattsPerMIPS() float64 { return h.Watts[len(h.Watts)-1] / h.CapacityMIPS }

// Step takes the utilisation of every VM at a tick, shares of their sizes, and
// returns what to do: at the first step a host for every VM, later the
// migrations, in order of VMs. Ticks must follow one another. A sample that is
// not a number counts as the last one seen.
func (p *Policy) Step(tick int, samples []float64) ([]Move, error) {
	if len(samples) != len(p.vms) {
		return nil, fmt.Errorf("consolidate: %d samples, the fleet has %d VMs", len(samples), len(p.vms))
	}
	if p.tick >= 0 && tick != p.tick+1 {
		return nil, fmt.Errorf("consolidate: tick %d after tick %d; every tick must be fed, in order", tick, p.tick)
	}
	first := p.tick < 0
	p.tick = tick
	d := p.cfg.Tuning.Demand.decay()
	seen := make([]float64, len(samples))
	for v, x := range samples {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = p.last[v]
		}
		seen[v] = min(max(x, 0), 1)
		p.vms[v].observe(&p.cfg.Tuning.Demand, d, seen[v])
	}
	total := 0.0
	for v, x := range seen {
		total += float64(p.cfg.VMs[v].SizeMIPS * x)
	}
	p.trend.observe(total, p.cfg.Tuning.TrendTicks)
	if !first {
		p.budget.play(p, seen)
	}
	p.budget.roll(p.cfg.PeriodTicks)
	copy(p.last, seen)
	copy(p.before, p.at)
	s := p.prepare()
	if first {
		s.placeAll(p.order)
	}
	s.optimise(p.order, first)
	var moves []Move
	for v, h := range s.at {
		if h != p.at[v] {
			moves = append(moves, Move{v, h})
		}
	}
	copy(p.at, s.at)
	return moves, nil
}

// prepare states this tick's problem.
func (p *Policy) prepare() *searcher {
	t := &p.cfg.Tuning
	nv, nh := len(p.vms), len(p.cfg.Hosts)
	if p.search == nil {
		p.search = newSearcher(&placement{hosts: p.cfg.Hosts, vms: make([]load, nv), fee: make([]float64, nv), origin: make([]int, nv), at: make([]int, nv),
			members: make([][]int, nh), load: make([]load, nh), cost: make([]float64, nh), risk: make([]float64, nh), changed: make([]int, nh), stirred: make([]bool, nh)})
	}
	s := p.search
	s.deficit = deficits{next: p.next, mix: p.mix, common: float64(t.CommonShare * t.CommonShare), later: t.HoldTicks - 1, skewBase: t.SkewBase, skewShare: t.SkewShare}
	s.hold = t.HoldTicks
	s.price = p.budget.price(&p.cfg, p.tick)
	s.leastFee = t.MoveWattTicks
	if p.tick == 0 {
		s.leastFee = 0
	}
	clear(s.stirred)
	for h := range s.members {
		s.members[h] = s.members[h][:0]
	}
	sum := 0.0
	for v := range p.vms {
		sum += float64(p.cfg.VMs[v].SizeMIPS * p.vms[v].mean)
	}
	scale := p.trend.scale(sum, t)
	for v := range s.vms {
		size := p.cfg.VMs[v].SizeMIPS
		mean, variance, third := p.vms[v].moments(&t.Demand)
		s.vms[v] = load{float64(size * p.last[v]), float64(size * mean * scale), float64(size * size * variance), float64(size * size * size * third)}
		loss := 0.1 * s.vms[v].now * p.cfg.VMs[v].MigrationSeconds / p.cfg.StepSeconds
		s.fee[v] = t.MoveWattTicks + float64(s.price*loss)
		s.origin[v], s.at[v] = p.at[v], p.at[v]
		if p.at[v] >= 0 {
			s.members[p.at[v]] = append(s.members[p.at[v]], v)
		}
	}
	for h := range s.members {
		s.settle(h)
	}
	return s
}

// placeAll gives every VM its first host: the most volatile first, where it
// costs least, a fresh host counting with its idle power.
func (s *searcher) placeAll(order []int) {
	list := make([]int, len(s.vms))
	for v := range list {
		list[v] = v
	}
	slices.SortStableFunc(list, func(a, b int) int {
		switch {
		case s.vms[a].variance > s.vms[b].variance:
			return -1
		case s.vms[a].variance < s.vms[b].variance:
			return 1
		}
		return 0
	})
	opened := 0
	for _, v := range list {
		s.listOn()
		to, added := s.bestHost(v, -1)
		if opened < len(order) && s.costWith(order[opened], v) < added {
			to = order[opened]
			opened++
		}
		s.put(v, to)
	}
}

func (s *searcher) optimise(order []int, first bool) {
	s.improve()
	for range 20 {
		if !s.evacuate() && !s.open(order) {
			return
		}
		s.improve()
	}
}
