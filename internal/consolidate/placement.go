package consolidate

import "slices"

// placement is a tentative assignment of VMs to hosts, with what it costs: per
// host the power over the holding time and the price of the expected deficit,
// per VM the price of having moved. Costs are in W x ticks.
type placement struct {
	hosts    []Host
	deficit  deficits
	hold     float64 // ticks
	price    float64 // of 1 MIPS x tick unserved
	vms      []load
	fee      []float64 // price of a move of each VM
	origin   []int     // where each VM was when the tick began, or -1
	at       []int
	members  [][]int // per host, in order of arrival
	load     []load
	cost     []float64
	risk     []float64 // the deficit's part of cost
	changed  []int     // when the host changed last, in steps of clock
	clock    int
	stirred  []bool // per host, whether a VM has come or left this tick
	leastFee float64
	near     [][]related // per VM, those its demand moves with or against
}

func newPlacement(hosts []Host, vms int) *placement {
	n := len(hosts)
	return &placement{hosts: hosts, vms: make([]load, vms), near: make([][]related, vms), fee: make([]float64, vms), origin: make([]int, vms), at: make([]int, vms),
		members: make([][]int, n), load: make([]load, n), cost: make([]float64, n), risk: make([]float64, n),
		changed: make([]int, n), stirred: make([]bool, n)}
}

// seat puts every VM where it is when the tick begins; -1 is nowhere yet.
func (p *placement) seat(at []int) {
	clear(p.stirred)
	for h := range p.members {
		p.members[h] = p.members[h][:0]
	}
	for v, h := range at {
		p.origin[v], p.at[v] = h, h
		if h >= 0 {
			p.members[h] = append(p.members[h], v)
		}
	}
	for h := range p.members {
		p.settle(h)
	}
}

// power returns a host's draw at a mean demand, linear between curve points.
func (h *Host) power(mips float64) float64 {
	n := len(h.Watts) - 1
	x := float64(n) * min(mips/h.CapacityMIPS, 1)
	i := min(int(x), n-1)
	return h.Watts[i] + float64((x-float64(i))*(h.Watts[i+1]-h.Watts[i]))
}

// price a host's load: the total and the deficit's part of it.
func (p *placement) evaluate(h int, l load) (cost, risk float64) {
	risk = float64(p.price * p.deficit.expected(l, p.hosts[h].CapacityMIPS))
	return risk + float64(p.hold*p.hosts[h].power(l.mean)), risk
}

// feeFor is the price VM v would have to pay for being on host h.
func (p *placement) feeFor(v, h int) float64 {
	if h == p.origin[v] || p.origin[v] < 0 {
		return 0
	}
	return p.fee[v]
}

// settle recomputes a host from its members.
func (p *placement) settle(h int) {
	p.load[h] = load{}
	for _, v := range p.members[h] {
		p.load[h] = p.load[h].plus(p.vms[v])
		for _, r := range p.near[v] {
			if p.at[r.vm] == h {
				p.load[h].variance += r.covariance // and again from the other's side
			}
		}
	}
	p.refresh(h)
}

func (p *placement) refresh(h int) {
	p.clock++
	p.changed[h] = p.clock
	if len(p.members[h]) == 0 {
		p.load[h], p.cost[h], p.risk[h] = load{}, 0, 0
		return
	}
	p.cost[h], p.risk[h] = p.evaluate(h, p.load[h])
}

// put moves VM v to host h, from wherever it is.
func (p *placement) put(v, h int) {
	if from := p.at[v]; from >= 0 {
		p.members[from] = slices.DeleteFunc(p.members[from], func(x int) bool { return x == v })
		p.load[from] = p.load[from].minus(p.share(v, from))
		p.stirred[from] = true
		p.refresh(from)
	}
	p.at[v] = h
	p.stirred[h] = true
	p.members[h] = append(p.members[h], v)
	p.load[h] = p.load[h].plus(p.share(v, h))
	p.refresh(h)
}

// costWithout and costWith price a host after one VM has left or come.
func (p *placement) costWithout(h, v int) float64 {
	if len(p.members[h]) == 1 {
		return 0
	}
	c, _ := p.evaluate(h, p.load[h].minus(p.share(v, h)))
	return c
}

func (p *placement) costWith(h, v int) float64 {
	c, _ := p.evaluate(h, p.load[h].plus(p.share(v, h)))
	return c
}
