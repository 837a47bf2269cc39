package scenario

import (
	"cmp"
	"math"
	"slices"

	"drover/internal/model"
)

// worstMargins is how many margins a scenario's record keeps.
const worstMargins = 5

// results compares two placements future by future. The first row is the
// status quo: doing nothing, over all futures.
func (f *fleet) results(status, after *state) []model.ScenarioResult {
	quo := model.ScenarioResult{Name: "status quo", Kind: model.ScenarioStatusQuo, Weight: 1}
	out := []model.ScenarioResult{quo}
	for w := range status.worlds {
		world := &status.worlds[w]
		r := model.ScenarioResult{
			Name: world.Name, Kind: world.Kind, Weight: float64(world.weightPPM) / 1e6,
			ViolationsBefore: status.violations(w), ViolationsAfter: after.violations(w),
			CostBefore: status.costOf(w), CostAfter: after.costOf(w),
			Worst: after.margins(w),
		}
		out = append(out, r)
		out[0].ViolationsBefore += r.ViolationsBefore
		out[0].CostBefore += int64(float64(r.CostBefore) * r.Weight)
	}
	out[0].ViolationsAfter, out[0].CostAfter = out[0].ViolationsBefore, out[0].CostBefore
	switch {
	case len(status.worlds) == 0:
	case status == after:
		out[0].Worst = out[1].Worst
	default:
		out[0].Worst = status.margins(0)
	}
	return out
}

// violations counts the broken promises of a future over all periods.
func (st *state) violations(w int) int { return int(st.violationsAlways() + st.violationsThere(w)) }

// violationsAlways counts what is wrong with the placement whatever comes. It is
// kept until the next move.
func (st *state) violationsAlways() int64 {
	if st.always >= 0 {
		return st.always
	}
	st.always = 0
	for s := range st.f.servers {
		if st.f.closed(s) {
			st.always += int64(len(st.on[s]))
		}
	}
	for a := range st.f.applications {
		st.always += st.standing(a)
	}
	return st.always
}

// violationsThere counts those that depend on the future.
func (st *state) violationsThere(w int) int64 {
	var n int64
	for s := range st.f.servers {
		for t := range st.f.periods() {
			b, _ := st.serverBreach(s, w, t)
			n += b
		}
	}
	for a := range st.f.applications {
		n += st.outages(a, w)
	}
	return n
}

// costOf is what a future costs over the horizon, in micros: servers and
// traffic, without the cost of moving.
func (st *state) costOf(w int) int64 {
	var cost float64
	for s := range st.f.servers {
		if len(st.on[s]) == 0 {
			continue
		}
		for t := range st.f.periods() {
			if at := s*st.f.periods() + t; st.worlds[w].gone == nil || !st.worlds[w].gone[at] {
				cost += float64(st.f.serverCost(s, st.load[w][at]))
			}
		}
	}
	for c := range st.f.calls {
		cost += st.trafficCost(c)
	}
	return int64(cost)
}

// margins lists the tightest margins of a future, worst first: of every server
// its fullest resource, of every application its headroom and spread.
func (st *state) margins(w int) []model.Margin {
	var out []model.Margin
	f := st.f
	headroom := make([]model.Margin, len(f.applications))
	for s := range f.servers {
		if len(st.on[s]) == 0 {
			continue
		}
		fullest, cpu := st.fullest(w, s)
		if fullest.Limit > 0 {
			out = append(out, fullest)
		}
		for _, r := range st.on[s] {
			a := f.replicas[r].app
			promise := f.applications[a].SLO.HeadroomPPM
			if promise <= 0 {
				continue
			}
			m := model.Margin{
				Application: f.applications[a].ID, Kind: model.SLOHeadroom, Server: f.servers[s].ID,
				MarginPPM: 1_000_000 - promise - cpu, Value: 1_000_000 - cpu, Limit: promise, Valid: true,
			}
			if headroom[a].Limit == 0 || m.MarginPPM < headroom[a].MarginPPM {
				headroom[a] = m
			}
		}
	}
	for a, m := range headroom {
		if m.Limit > 0 {
			out = append(out, m)
		}
		if want := st.wantZones(a); want > 1 {
			have := st.countZones(a)
			out = append(out, model.Margin{
				Application: f.applications[a].ID, Kind: model.SLOSpread, Valid: true,
				MarginPPM: int64(have-want) * 1_000_000 / int64(want), Value: int64(have), Limit: int64(want),
			})
		}
	}
	out = tightest(append(out, st.availabilityMargins()...), worstMargins)
	return tightest(append(out, st.responseMargins(w, widest(out))...), worstMargins)
}

// widest is the margin from which on others have no place in a record, ppm:
// that of the last one kept, where as many have been found.
func widest(kept []model.Margin) int64 {
	if len(kept) < worstMargins {
		return math.MaxInt64
	}
	return kept[worstMargins-1].MarginPPM
}

// tightest returns the n worst margins, worst first. A record keeps few of
// hundreds: they are picked in one pass.
func tightest(list []model.Margin, n int) []model.Margin {
	out := make([]model.Margin, 0, n+1)
	for i := range list {
		if len(out) == n && worse(&out[n-1], &list[i]) <= 0 {
			continue
		}
		at := len(out)
		for at > 0 && worse(&out[at-1], &list[i]) > 0 {
			at--
		}
		out = slices.Insert(out, at, list[i])
		out = out[:min(n, len(out))]
	}
	return out
}

// worse orders margins: those that can't be told first, then the tighter ones.
func worse(a, b *model.Margin) int {
	return cmp.Or(boolFirst(!a.Valid, !b.Valid), cmp.Compare(a.MarginPPM, b.MarginPPM),
		cmp.Compare(a.Application, b.Application), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Kind, b.Kind))
}

// fullest returns the capacity margin of a server's fullest resource over the
// periods, and its greatest CPU utilisation.
func (st *state) fullest(w, s int) (m model.Margin, cpuPPM int64) {
	f, capacity := st.f, st.f.servers[s].Capacity
	m = model.Margin{Kind: model.SLOCapacity, Server: f.servers[s].ID, MarginPPM: 1 << 62, Valid: true}
	for t := range f.periods() {
		at := s*f.periods() + t
		if gone := st.worlds[w].gone; gone != nil && gone[at] {
			continue
		}
		load := st.load[w][at]
		for r := range load {
			if capacity[r] <= 0 {
				continue
			}
			if left := 1_000_000 - utilisationPPM(load[r], capacity[r]); left < m.MarginPPM {
				m.MarginPPM, m.Value, m.Limit = left, load[r], capacity[r]
			}
		}
		cpuPPM = max(cpuPPM, utilisationPPM(load[model.CPU], capacity[model.CPU]))
	}
	return m, cpuPPM
}

// confidencePPM is the probability of the futures in which nothing breaks. What
// is wrong with the placement whatever comes (spread, availability) is counted
// as violations and not here.
func (st *state) confidencePPM() int64 {
	var sum, kept int64
	for w := range st.worlds {
		sum += st.worlds[w].weightPPM
		if st.violationsThere(w) == 0 {
			kept += st.worlds[w].weightPPM
		}
	}
	if sum == 0 {
		return 0
	}
	return kept * 1_000_000 / sum
}
