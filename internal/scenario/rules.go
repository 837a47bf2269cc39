package scenario

import (
	"slices"

	"drover/internal/model"
)

// mayRun tells whether metadata allows an application on a server.
func (f *fleet) mayRun(a, s int) bool {
	allowed := f.applications[a].AllowedServers
	return len(allowed) == 0 || slices.Contains(allowed, f.servers[s].ID)
}

// strays counts replicas that stand where they may not, and such that miss an
// application they must share their server with.
func (st *state) strays(a int) int {
	app, n := &st.f.applications[a], 0
	if len(app.AllowedServers) == 0 && len(app.Affinity) == 0 {
		return 0
	}
	for _, r := range st.f.members[a] {
		if !st.f.mayRun(a, st.place[r]) {
			n++
		}
		for _, friend := range app.Affinity {
			if b, ok := st.f.appAt[friend]; ok && len(st.f.members[b]) > 0 && !st.hosts(st.place[r], b) {
				n++
			}
		}
	}
	return n
}

// hosts tells whether a server has a replica of an application.
func (st *state) hosts(s, app int) bool {
	return slices.ContainsFunc(st.on[s], func(r int) bool { return st.f.replicas[r].app == app })
}

func hasSorted(list []int, v int) bool {
	_, ok := slices.BinarySearch(list, v)
	return ok
}

// againFactor is how many times as much it costs to move a replica that has itself
// moved within Config.Hysteresis: where some replica has to leave a server, others
// go first.
const againFactor = 4

// moveMicros prices moving one replica.
func (f *fleet) moveMicros(r int) int64 {
	app := &f.applications[f.replicas[r].app]
	cost := f.cfg.MoveMicros
	if app.MoveCost > 0 {
		cost = app.MoveCost
	}
	cost += int64(float64(app.DataBytes) / (1 << 30) * float64(f.cfg.MoveMicrosPerGiB))
	if f.again[r] {
		cost *= againFactor
	}
	return cost
}

// limitPPM is the utilisation that an application allows on a server: what its
// promises leave, less what copying a replica away would cost there, so that
// they hold while it leaves.
func (f *fleet) limitPPM(a, s int) int64 {
	limit, cpu := f.capPPM[a], f.servers[s].Capacity[model.CPU]
	if f.cfg.CopyCPUMilli <= 0 || cpu <= 0 || limit >= 1_000_000 {
		return limit
	}
	return max(0, limit-utilisationPPM(f.cfg.CopyCPUMilli, cpu))
}

// leastLimitPPM is the lowest utilisation that what runs on a server allows; most
// where nothing there allows less.
func (st *state) leastLimitPPM(s int, most int64) int64 {
	for _, r := range st.on[s] {
		most = min(most, st.f.limitPPM(st.f.replicas[r].app, s))
	}
	return most
}

// copyMilli is the CPU to keep for a copy where promises limit utilisation.
func (f *fleet) copyMilli(limit int64) int64 {
	if limit >= 1_000_000 {
		return 0
	}
	return f.cfg.CopyCPUMilli
}

// limits sets the CPU utilisation that an application's servers may reach: what
// its headroom leaves, and what its response time allows.
func (f *fleet) limits() {
	f.capPPM = make([]int64, len(f.applications))
	f.capKind = make([]model.SLOKind, len(f.applications))
	f.capFor = make([]int, len(f.applications))
	for a, app := range f.applications {
		f.capPPM[a], f.capFor[a] = 1<<62, a
		if app.SLO.HeadroomPPM > 0 {
			f.capKind[a] = model.SLOHeadroom
			f.capPPM[a] = max(0, 1_000_000-app.SLO.HeadroomPPM)
		}
	}
}
