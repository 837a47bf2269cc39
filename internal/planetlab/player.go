package planetlab

import (
	"fmt"
	"math"
	"slices"
)

// Move is a command to migrate a VM to a host.
type Move struct{ VM, Host int }

// rates are what the cluster does at one instant: MIPS summed over VMs, then
// counts of hosts. They hold for the sub-frame that starts there.
type rates struct {
	requested  float64 // demand
	deficit    float64 // demand that is not served
	outDeficit float64 // the part of it of VMs that are moving out
	hostsOn    float64
	violating  float64 // hosts whose deficit exceeds 1 MIPS
}

// Player plays one day: it holds where every VM is and adds up energy and
// service while time passes.
type Player struct {
	day        *Day
	types      []VMType
	at, target []int   // host of each VM; where it is moving to, or -1
	on         [][]int // VMs of each host, residents and inbound, in order of arrival
	now        float64
	request    []float64 // MIPS per VM at now
	used       []float64 // MIPS per host at now
	rate, sum  rates
	power      float64 // W of all hosts at now
	joules     float64
	migrations int
	rejected   int
	initially  int // hosts overcommitted at time 0
}

// NewPlayer starts a day with VM i on host initial[i].
func NewPlayer(day *Day, initial []int) (*Player, error) {
	n := len(day.Use)
	if len(initial) != n {
		return nil, fmt.Errorf("initial placement has %d VMs, the day %d", len(initial), n)
	}
	p := &Player{day: day, types: make([]VMType, n), at: slices.Clone(initial), target: make([]int, n),
		on: make([][]int, HostCount), request: make([]float64, n), used: make([]float64, HostCount)}
	for v, h := range initial {
		if h < 0 || h >= HostCount {
			return nil, fmt.Errorf("initial placement: VM %d on host %d, want 0..%d", v, h, HostCount-1)
		}
		p.types[v] = VMTypeOf(v, n)
		p.target[v] = -1
		p.on[h] = append(p.on[h], v)
	}
	p.update()
	for h := range p.on {
		sum := 0.0
		for _, v := range p.on[h] {
			sum += p.request[v]
		}
		if sum > HostTypeOf(h).CapacityMIPS+summationNoiseMIPS {
			p.initially++
		}
	}
	return p, nil
}

// update shares out every host's CPU at the current instant.
func (p *Player) update() {
	p.rate = rates{}
	for v := range p.types {
		p.request[v] = p.day.request(v, p.types[v].MIPS, p.now)
		p.rate.requested += p.request[v]
	}
	p.power = 0
	for h, list := range p.on {
		p.used[h] = 0
		if len(list) > 0 {
			p.share(h, list)
			p.power += HostTypeOf(h).Power(p.used[h])
		}
	}
}

// share serves the VMs of one host in proportion to their claims; what an
// overloaded host grants is rounded down to whole MIPS.
func (p *Player) share(h int, list []int) {
	t := HostTypeOf(h)
	var wanted, claimed float64
	for _, v := range list {
		part := 1.0
		if p.at[v] != h {
			part = inboundShare
		}
		wanted += float64(part * p.request[v])
		claimed += float64(part * min(p.request[v], t.CoreMIPS))
	}
	overloaded := claimed > t.CapacityMIPS+summationNoiseMIPS
	for _, v := range list {
		part := 1.0
		switch {
		case p.at[v] != h:
			part = inboundShare
		case p.target[v] >= 0:
			part = outboundShare
		}
		got := float64(part * min(p.request[v], t.CoreMIPS))
		if overloaded {
			got = math.Floor(got * t.CapacityMIPS / claimed)
		}
		if p.at[v] != h {
			p.used[h] += got
			continue
		}
		p.used[h] += got / part
		p.rate.deficit += p.request[v] - got
		if p.target[v] >= 0 {
			p.rate.outDeficit += p.request[v] - got
		}
	}
	p.rate.hostsOn++
	if wanted-p.used[h] > violationMIPS {
		p.rate.violating++
	}
}

// Advance plays to time t in seconds: service at the rates of each sub-frame's
// start, energy at the mean power of its two ends.
func (p *Player) Advance(t float64) {
	for p.now < t {
		end := min(p.now+subframeSeconds, t)
		dt, before := end-p.now, p.power
		p.sum.requested += float64(p.rate.requested * dt)
		p.sum.deficit += float64(p.rate.deficit * dt)
		p.sum.outDeficit += float64(p.rate.outDeficit * dt)
		p.sum.hostsOn += float64(p.rate.hostsOn * dt)
		p.sum.violating += float64(p.rate.violating * dt)
		p.now = end
		p.update()
		p.joules += float64((before + p.power) / 2 * dt)
	}
}

// Command starts migrations now and plays until the last of them has ended. A
// command for a VM that is moving already, or for where it is, is rejected and
// counted.
func (p *Player) Command(moves []Move) error {
	type arrival struct {
		at float64
		Move
	}
	var arrivals []arrival
	for _, m := range moves {
		if m.VM < 0 || m.VM >= len(p.at) || m.Host < 0 || m.Host >= HostCount {
			return fmt.Errorf("move of VM %d to host %d: want 0..%d and 0..%d", m.VM, m.Host, len(p.at)-1, HostCount-1)
		}
		if p.target[m.VM] >= 0 || p.at[m.VM] == m.Host {
			p.rejected++
			continue
		}
		p.migrations++
		p.target[m.VM] = m.Host
		p.on[m.Host] = append(p.on[m.Host], m.VM)
		arrivals = append(arrivals, arrival{p.now + p.types[m.VM].MigrationSeconds(), m})
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	p.update()
	for i, a := range arrivals {
		p.Advance(a.at)
		from := p.at[a.VM]
		p.on[from] = slices.DeleteFunc(p.on[from], func(v int) bool { return v == a.VM })
		p.at[a.VM], p.target[a.VM] = a.Host, -1
		if i+1 == len(arrivals) || arrivals[i+1].at != a.at {
			p.update()
		}
	}
	return nil
}
