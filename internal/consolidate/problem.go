package consolidate

import (
	"cmp"
	"slices"
)

// prepare states this tick's problem: what every VM is expected to ask for,
// what moving it costs, and where it is.
func (p *Policy) prepare() *searcher {
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
	p.expectDemand(s.placement)
	s.seat(p.at)
	return s
}

// expectDemand sets every VM's load and fee.
func (p *Policy) expectDemand(s *placement) {
	t := &p.cfg.Tuning
	sum := 0.0
	for v := range p.vms {
		sum += float64(p.cfg.VMs[v].SizeMIPS * p.vms[v].mean)
	}
	scale := p.trend.scale(sum, t)
	for v := range s.vms {
		size := p.cfg.VMs[v].SizeMIPS
		mean, variance, third := p.vms[v].moments(&t.Demand)
		s.vms[v] = load{float64(size * p.last[v]), float64(size * mean * scale), float64(size * size * variance), float64(size * size * size * third)}
		loss := float64(migrationLoss * s.vms[v].now * p.cfg.VMs[v].MigrationSeconds / p.cfg.StepSeconds)
		s.fee[v] = t.MoveWattTicks + float64(s.price*loss)
	}
}

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
