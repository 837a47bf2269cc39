package consolidate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// prepare states this tick's problem: what every VM is expected to ask for,
// what moving it costs, and where it is.
func (p *Policy) prepare() (*searcher, error) {
	if p.search == nil {
		p.search = newSearcher(newPlacement(p.cfg.Hosts, len(p.vms)))
	}
	s, t := p.search, &p.cfg.Tuning
	s.deficit = deficits{next: p.next, mix: p.mix, frame: comingFrame(t.DelayShare),
		common: float64(t.CommonShare * t.CommonShare), later: t.HoldTicks - 1, skewBase: t.SkewBase, skewShare: t.SkewShare}
	s.hold = t.HoldTicks
	s.price = p.budget.price(&p.cfg)
	s.leastFee = t.MoveWattTicks
	if len(p.at) > 0 && p.at[0] < 0 {
		s.leastFee = 0
	}
	if err := p.expectDemand(s.placement); err != nil {
		return nil, err
	}
	s.seat(p.at)
	s.chargeDelays(p)
	return s, nil
}

// expectDemand sets every VM's load and fee.
func (p *Policy) expectDemand(s *placement) error {
	expected, scale, err := p.expected()
	if err != nil {
		return err
	}
	sd := make([]float64, len(expected))
	for v, m := range expected {
		size := p.cfg.VMs[v].SizeMIPS
		s.vms[v] = load{float64(size * p.last[v]), float64(size * m.Mean * scale),
			float64(size * size * m.Variance), float64(size * size * size * m.Third)}
		loss := float64(migrationLoss * s.vms[v].now * p.cfg.VMs[v].MigrationSeconds / p.cfg.StepSeconds)
		sd[v] = size * math.Sqrt(max(m.Variance, 0))
		s.fee[v] = p.cfg.Tuning.MoveWattTicks + float64(s.price*loss)
	}
	p.errors.relate(s.near, sd, &p.cfg.Tuning.Related)
	return nil
}

// expected returns what is to be expected of every VM's coming samples, and the
// factor by which the means are to be corrected.
func (p *Policy) expected() (out []Moments, scale float64, err error) {
	if p.cfg.Foresee != nil {
		out = p.cfg.Foresee(p.tick)
		if len(out) != len(p.vms) {
			return nil, 0, fmt.Errorf("consolidate: tick %d: foreseen are %d VMs, the fleet has %d", p.tick, len(out), len(p.vms))
		}
		return out, 1, nil
	}
	t := &p.cfg.Tuning
	sum := 0.0
	for v := range p.vms {
		sum += float64(p.cfg.VMs[v].SizeMIPS * p.vms[v].mean)
	}
	out = make([]Moments, len(p.vms))
	for v := range out {
		mean, variance, third := p.vms[v].moments(&t.Demand)
		out[v] = Moments{mean, variance, third}
	}
	return out, p.trend.scale(sum, t), nil
}

// chargeDelays corrects the fees of VMs on hosts that are overloaded now: DelayShare
// holds for the usual migration, and one that takes longer relieves its host later.
func (s *searcher) chargeDelays(p *Policy) {
	for h, members := range s.members {
		over := s.load[h].now - s.hosts[h].CapacityMIPS
		if over <= 0 {
			continue
		}
		for _, v := range members {
			late := p.cfg.VMs[v].MigrationSeconds/p.cfg.StepSeconds - p.cfg.Tuning.DelayShare
			s.fee[v] = max(leastMoveFee, s.fee[v]+float64(s.price*min(s.vms[v].now, over)*late))
		}
	}
}

// leastMoveFee is what a migration costs at least, in W x ticks.
const leastMoveFee = 1

// migrationLoss is the share of its demand that a VM goes without while it
// moves; inbound VMs ask for as much on their target.
const migrationLoss = 0.1

// placeAll gives every VM its first host: the most volatile first, where it
// costs least, a fresh host counting with its idle power.
func (s *searcher) placeAll(order []int) {
	list := make([]int, len(s.vms))
	for v := range list {
		list[v] = v
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(s.vms[b].variance, s.vms[a].variance) })
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
