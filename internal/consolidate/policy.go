package consolidate

import (
	"cmp"
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
	errors *errorHistory
}

// New returns a policy that has seen nothing yet.
func New(cfg Config) (*Policy, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("consolidate: %w", err)
	}
	n := len(cfg.VMs)
	p := &Policy{cfg: cfg, next: tabulate(standardExcess), mix: tabulate(mixedExcess), tick: -1, errors: newErrorHistory(n), vms: make([]demand, n), at: make([]int, n), before: make([]int, n), last: make([]float64, n)}
	for v := range p.at {
		p.at[v], p.before[v] = -1, -1
	}
	for h := range cfg.Hosts {
		p.order = append(p.order, h)
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		return cmp.Compare(cfg.Hosts[a].wattsPerMIPS(), cfg.Hosts[b].wattsPerMIPS())
	})
	return p, nil
}

func (h *Host) wattsPerMIPS() float64 { return h.Watts[len(h.Watts)-1] / h.CapacityMIPS }

// Step takes the utilisation of every VM at a tick, shares of their sizes, and
// returns what to do: at the first step a host for every VM, later the
// migrations, in order of VMs. Ticks must follow one another. A sample that is
// not a number counts as the last one seen; one outside 0..1 as the nearest.
func (p *Policy) Step(tick int, samples []float64) ([]Move, error) {
	if len(samples) != len(p.vms) {
		return nil, fmt.Errorf("consolidate: %d samples, the fleet has %d VMs", len(samples), len(p.vms))
	}
	if p.tick >= 0 && tick != p.tick+1 {
		return nil, fmt.Errorf("consolidate: tick %d after tick %d; every tick must be fed, in order", tick, p.tick)
	}
	first := p.tick < 0
	p.tick = tick
	p.observe(samples, first)
	s, err := p.prepare()
	if err != nil {
		return nil, err
	}
	if first {
		s.placeAll(p.order)
	}
	s.optimise(p.order)
	copy(p.before, p.at)
	copy(p.at, s.at)
	var moves []Move
	for v, h := range p.at {
		if h != p.before[v] {
			moves = append(moves, Move{v, h})
		}
	}
	return moves, nil
}

// observe takes a tick's samples into the state.
func (p *Policy) observe(samples []float64, first bool) {
	d := p.cfg.Tuning.Demand.decay()
	seen := make([]float64, len(samples))
	errors := make([]float64, len(samples))
	total := 0.0
	for v, x := range samples {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = p.last[v]
		}
		seen[v] = min(max(x, 0), 1)
		errors[v] = seen[v] - p.vms[v].mean
		p.vms[v].observe(&p.cfg.Tuning.Demand, d, seen[v])
		total += float64(p.cfg.VMs[v].SizeMIPS * seen[v])
	}
	p.trend.observe(total, p.cfg.Tuning.TrendTicks)
	if !first {
		p.errors.add(errors)
		p.budget.play(p, seen)
	}
	p.budget.roll(p.cfg.PeriodTicks)
	copy(p.last, seen)
}
