package consolidate

import "slices"

// undo remembers hosts as they were before a trial.
type undo struct {
	hosts []hostState
}

type hostState struct {
	host, changed int
	stirred       bool
	members       []int
	load          load
	cost, risk    float64
}

func (u *undo) reset() { u.hosts = u.hosts[:0] }

// note remembers host h unless it is remembered already.
func (u *undo) note(p *placement, h int) {
	if slices.ContainsFunc(u.hosts, func(s hostState) bool { return s.host == h }) {
		return
	}
	u.hosts = append(u.hosts, hostState{h, p.changed[h], p.stirred[h], slices.Clone(p.members[h]), p.load[h], p.cost[h], p.risk[h]})
}

// revert puts the remembered hosts back, and their VMs with them.
func (u *undo) revert(p *searcher) {
	for _, s := range u.hosts {
		p.members[s.host] = append(p.members[s.host][:0], s.members...)
		p.load[s.host], p.cost[s.host], p.risk[s.host] = s.load, s.cost, s.risk
		p.changed[s.host], p.stirred[s.host] = s.changed, s.stirred
		p.derived[s.host] = -1 // its VMs' factors were another host's meanwhile
		for _, v := range s.members {
			p.at[v] = s.host
		}
	}
}
