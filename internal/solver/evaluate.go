package solver

import "drover/internal/model"

// Evaluate prices a placement from scratch and lists the hard constraints it
// breaks. It shares no code with the search, so that each checks the other.
// at[i] is the bin of item i or model.Unplaced; the problem must be valid.
func Evaluate(p *model.Problem, at []int) (model.Costs, []model.Violation) {
	e := &evaluation{p: p, at: at, n: len(p.Resources), periods: periods(p)}
	e.sumUse()
	var c model.Costs
	e.loads(&c)
	e.extras(&c)
	e.moves(&c)
	e.traffic(&c)
	e.checkCapacity()
	e.checkItems()
	e.checkGroups()
	e.checkQuotas()
	return c, e.broken
}

// evaluation holds what Evaluate gathers.
type evaluation struct {
	p          *model.Problem
	at         []int
	n, periods int
	use        []int64 // (bin*periods+t)*n+r
	away       []int64 // the same: what is in transit away from the bin
	startUse   []int64
	count      []int // by bin
	broken     []model.Violation
}

// pick returns a vector's value for period t and resource r.
func (e *evaluation) pick(v []int64, t, r int) int64 {
	if len(v) == e.n {
		return v[r]
	}
	return v[t*e.n+r]
}

func (e *evaluation) sumUse() {
	size := len(e.p.Bins) * e.periods * e.n
	e.use, e.away, e.startUse = make([]int64, size), make([]int64, size), make([]int64, size)
	e.count = make([]int, len(e.p.Bins))
	for i, b := range e.at {
		item := &e.p.Items[i]
		if b >= 0 {
			e.count[b]++
		}
		for t := range e.periods {
			for r := range e.n {
				q := e.pick(item.Demand, t, r)
				if b >= 0 {
					e.use[(b*e.periods+t)*e.n+r] += q
				}
				if item.Start >= 0 {
					e.startUse[(item.Start*e.periods+t)*e.n+r] += q
					if b != item.Start {
						e.away[(item.Start*e.periods+t)*e.n+r] += q
					}
				}
			}
		}
	}
}

func (e *evaluation) loads(c *model.Costs) {
	for b := range e.p.Bins {
		bin := &e.p.Bins[b]
		for t := range e.periods {
			use := e.use[(b*e.periods+t)*e.n:][:e.n]
			for r, u := range use {
				safe := e.pick(bin.Capacity, t, r)
				if len(bin.Safety) > 0 {
					safe = e.pick(bin.Safety, t, r)
				}
				c[model.PartLoad] += e.p.Resources[r].LoadWeight * max(0, u-safe)
			}
			for _, l := range e.p.Balances {
				freeA, freeB := e.pick(bin.Capacity, t, l.A)-use[l.A], e.pick(bin.Capacity, t, l.B)-use[l.B]
				c[model.PartBalance] += l.Weight * max(0, l.Target*freeA-freeB)
			}
		}
	}
}

func (e *evaluation) extras(c *model.Costs) {
	w := e.p.Weights
	for b := range e.p.Bins {
		if e.count[b] == 0 {
			continue
		}
		bin := &e.p.Bins[b]
		c[model.PartMoney] += w.Money * bin.Money
		if bin.Asleep {
			c[model.PartWake] += w.Wake * bin.WakeCost
		}
		if len(bin.Power) == 0 || w.Power == 0 || e.n == 0 {
			continue
		}
		r := e.p.PowerResource
		line := newCurve(bin.Power, e.pick(bin.Capacity, 0, r), w.Power)
		for t := range e.periods {
			c[model.PartPower] += line.at(e.use[(b*e.periods+t)*e.n+r])
		}
	}
}

func (e *evaluation) moves(c *model.Costs) {
	w := e.p.Weights
	moved := make([]int64, len(e.p.Groups))
	for i, b := range e.at {
		item := &e.p.Items[i]
		if item.Start < 0 || b < 0 || b == item.Start {
			continue
		}
		moved[item.Group]++
		c[model.PartItemMove] += w.ItemMove * item.MoveCost
		switch {
		case len(e.p.MoveDistance) > 0:
			c[model.PartBinMove] += w.BinMove * int64(e.p.MoveDistance[item.Start][b])
		case len(e.p.ZoneMoveDistance) > 0:
			c[model.PartBinMove] += w.BinMove * int64(e.p.ZoneMoveDistance[e.p.Bins[item.Start].Zone][e.p.Bins[b].Zone])
		}
	}
	var most int64
	for _, m := range moved {
		most = max(most, m)
	}
	c[model.PartGroupMove] = w.GroupMove * most
}

func (e *evaluation) traffic(c *model.Costs) {
	p := e.p
	if len(p.Distance) == 0 || p.Weights.Traffic == 0 {
		return
	}
	zoneOf := func(i int) int { return p.Bins[e.at[i]].Zone }
	byGroup := make([][]int64, len(p.Groups)) // items by zone
	for i, b := range e.at {
		g := p.Items[i].Group
		if byGroup[g] == nil {
			byGroup[g] = make([]int64, len(p.Distance))
		}
		if b >= 0 {
			byGroup[g][zoneOf(i)]++
		}
	}
	var sum int64
	for _, f := range p.GroupFlows {
		if f.A == f.B {
			continue
		}
		for za, na := range byGroup[f.A] {
			if na == 0 {
				continue
			}
			for zb, nb := range byGroup[f.B] {
				sum += f.Rate * na * nb * p.Distance[za][zb]
			}
		}
	}
	for _, f := range p.ItemFlows {
		if f.A != f.B && e.at[f.A] >= 0 && e.at[f.B] >= 0 {
			sum += f.Rate * p.Distance[zoneOf(f.A)][zoneOf(f.B)]
		}
	}
	c[model.PartTraffic] = p.Weights.Traffic * sum
}
