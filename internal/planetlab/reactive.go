package planetlab

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Constants of the reactive policies (Beloglazov and Buyya 2012).
const (
	thresholdShare  = 0.8 // THR: busier hosts are overloaded
	lineSafety      = 1.2 // LR: the predicted load is taken this many times
	lineSamples     = 10  // LR: samples the line goes through
	historySamples  = 30
	initialCPUShare = 0.7 // a non-empty host takes no VM larger than this
)

// Reactive is a policy that answers to what it sees: overloaded hosts shed the
// VMs that migrate fastest, and the least used hosts are evacuated. It sees
// the samples of the tick, nothing later.
type Reactive struct {
	kind     string
	types    []VMType
	at       []int
	resident [][]int     // VMs of each host, in order of arrival
	history  [][]float64 // per VM, requests in MIPS, oldest first
	request  []float64
	next     []float64 // LR: request a tick ahead on the line
	long     []bool    // LR: the VM's history is long enough
	on       [][]int   // per host, with tentative moves
	used     []float64 // per host at the tick, without tentative moves
	excluded []bool
}

// NewReactive returns the policy "static" (never moves), "threshold" (THR 0.8
// with minimum migration time) or "lr" (local regression, 1.2) for n VMs.
func NewReactive(kind string, n int) (*Reactive, error) {
	if kind != "static" && kind != "threshold" && kind != "lr" {
		return nil, fmt.Errorf("unknown policy %q; want static, threshold or lr", kind)
	}
	p := &Reactive{kind: kind, types: make([]VMType, n), at: make([]int, n), history: make([][]float64, n),
		request: make([]float64, n), next: make([]float64, n), long: make([]bool, n),
		resident: make([][]int, HostCount), on: make([][]int, HostCount), used: make([]float64, HostCount), excluded: make([]bool, HostCount)}
	for v := range p.types {
		p.types[v] = VMTypeOf(v, n)
	}
	return p, nil
}

// Decide implements Decider.
func (p *Reactive) Decide(tick int, samples []float64) ([]Move, error) {
	if len(samples) != len(p.types) {
		return nil, fmt.Errorf("%d samples for %d VMs", len(samples), len(p.types))
	}
	if tick == 0 {
		return p.placeFirst()
	}
	if p.kind == "static" {
		return nil, nil
	}
	p.observe(samples)
	moves := p.relieve()
	moves = p.evacuateIdle(moves)
	for _, m := range moves {
		p.resident[p.at[m.VM]] = without(p.resident[p.at[m.VM]], m.VM)
		p.resident[m.Host] = append(p.resident[m.Host], m.VM)
		p.at[m.VM] = m.Host
	}
	return moves, nil
}

// placeFirst reserves every VM's full size and memory.
func (p *Reactive) placeFirst() ([]Move, error) {
	memory := make([]float64, HostCount)
	reserved := make([]float64, HostCount)
	var moves []Move
	for v, t := range p.types {
		best, least := -1, math.Inf(1)
		for h := range HostCount {
			host := HostTypeOf(h)
			if host.CoreMIPS < t.MIPS || reserved[h]+t.MIPS > host.CapacityMIPS || memory[h]+t.MemoryMB > host.MemoryMB ||
				reserved[h] > 0 && t.MIPS/host.CapacityMIPS > initialCPUShare {
				continue
			}
			if added := host.Power(reserved[h]+t.MIPS) - host.Power(0); added < least {
				best, least = h, added
			}
		}
		if best < 0 {
			return nil, fmt.Errorf("%d hosts have no room to reserve the full size of %d VMs", HostCount, len(p.types))
		}
		memory[best] += t.MemoryMB
		reserved[best] += t.MIPS
		p.at[v] = best
		p.resident[best] = append(p.resident[best], v)
		moves = append(moves, Move{v, best})
	}
	return moves, nil
}

// observe takes a tick's samples and sets the hosts to what they are now.
func (p *Reactive) observe(samples []float64) {
	for h := range p.on {
		p.on[h] = append(p.on[h][:0], p.resident[h]...)
		p.used[h] = 0
		p.excluded[h] = false
	}
	for v, share := range samples {
		p.request[v] = share * p.types[v].MIPS
		p.history[v] = append(p.history[v], p.request[v])
		if n := len(p.history[v]); n > historySamples {
			p.history[v] = p.history[v][n-historySamples:]
		}
		if p.kind == "lr" {
			p.next[v], p.long[v] = extrapolate(p.history[v])
		}
		p.used[p.at[v]] += p.request[v]
	}
	for h := range p.used {
		p.used[h] = min(p.used[h], HostTypeOf(h).CapacityMIPS)
	}
}

// extrapolate is the least-squares line through the last samples, a tick
// ahead; long says whether any sample that far back or further was not zero.
func extrapolate(history []float64) (next float64, long bool) {
	n := len(history)
	for back := range n {
		r := history[n-1-back]
		if back < lineSamples {
			next += r * (1.0/lineSamples + (float64(lineSamples-1)/2-float64(back))/15)
		}
		long = long || back >= lineSamples-1 && r > 0
	}
	return next, long
}

// load sums the requests of a host's VMs and says whether they overload it.
func (p *Reactive) load(h int, list []int) (sum float64, over bool) {
	var next float64
	long := false
	for _, v := range list {
		sum += p.request[v]
		next += p.next[v]
		long = long || p.long[v]
	}
	capacity := HostTypeOf(h).CapacityMIPS
	switch {
	case p.kind == "threshold":
		return sum, sum/capacity > thresholdShare
	case long:
		return sum, lineSafety*next/capacity >= 1
	}
	return sum, sum/capacity > reservationMaxShare
}

// relieve takes VMs from overloaded hosts, least memory first, and finds them
// places; the hosts are excluded as targets from then on.
func (p *Reactive) relieve() []Move {
	var shed []int
	for h := range p.on {
		for {
			if _, over := p.load(h, p.on[h]); !over {
				break
			}
			v := slices.MinFunc(p.on[h], func(a, b int) int { return cmp.Compare(p.types[a].MemoryMB, p.types[b].MemoryMB) })
			p.on[h] = without(p.on[h], v)
			shed = append(shed, v)
			p.excluded[h] = true
		}
	}
	return p.place(shed)
}

// place gives each VM, largest request first, the host of least added power.
func (p *Reactive) place(list []int) (moves []Move) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(p.request[b], p.request[a]) })
	for _, v := range list {
		best, least := -1, math.Inf(1)
		for h := range p.on {
			host := HostTypeOf(h)
			if p.excluded[h] || host.CoreMIPS < p.request[v] {
				continue
			}
			after, over := p.load(h, append(p.on[h], v))
			if over && len(p.on[h]) > 0 || after > host.CapacityMIPS {
				continue
			}
			if added := host.Power(after) - host.Power(p.used[h]); added < least {
				best, least = h, added
			}
		}
		if best >= 0 {
			p.on[best] = append(p.on[best], v)
			moves = append(moves, Move{v, best})
		}
	}
	return moves
}

// evacuateIdle empties the least used hosts one after another, each wholly or
// not at all.
func (p *Reactive) evacuateIdle(moves []Move) []Move {
	kept := slices.Clone(p.excluded)
	for h, mips := range p.used {
		p.excluded[h] = p.excluded[h] || mips == 0
		kept[h] = kept[h] || mips == 0 || mips >= HostTypeOf(h).CapacityMIPS
	}
	for {
		source, least := -1, 1.0
		for h, mips := range p.used {
			if u := mips / HostTypeOf(h).CapacityMIPS; !kept[h] && u < least {
				source, least = h, u
			}
		}
		if source < 0 {
			return moves
		}
		kept[source], p.excluded[source] = true, true
		placed := p.place(p.on[source])
		whole := len(placed) == len(p.on[source])
		for _, m := range placed {
			if !whole {
				p.on[m.Host] = without(p.on[m.Host], m.VM)
				continue
			}
			kept[m.Host] = true
			moves = slices.DeleteFunc(moves, func(o Move) bool { return o.VM == m.VM })
			moves = append(moves, m)
		}
	}
}

func without(list []int, v int) []int {
	return slices.DeleteFunc(list, func(x int) bool { return x == v })
}
