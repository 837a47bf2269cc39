package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// stays says why replicas can't leave a server that has to be empty, and what
// would let the first of them go; empty: nothing keeps any.
func (st *state) stays(s int) string {
	var why, fix string
	more := 0
	for _, r := range st.on[s] {
		reason, remedy := st.blocked(r)
		switch {
		case reason == "":
		case why == "":
			why, fix = fmt.Sprintf("%s stays, %s", st.f.replicas[r].id, reason), remedy
		default:
			more++
		}
	}
	if why == "" {
		return ""
	}
	if more > 0 {
		why += fmt.Sprintf(" (and %d more)", more)
	}
	return why + "; what would fix it: " + fix
}

// blocked says why no server can take a replica from its own, and what would.
func (st *state) blocked(r int) (why, fix string) {
	f, a := st.f, st.f.replicas[r].app
	app := &f.applications[a]
	if !f.known[a] {
		return fmt.Sprintf("nothing is known of %s but where it runs", app.ID),
			fmt.Sprintf("a description of %s", app.ID)
	}
	all, byApp := f.budgets()
	switch {
	case all == 0:
		return fmt.Sprintf("the fleet has made its %d moves of this hour", f.cfg.MaxMovesPerHour),
			"an hour of waiting, or more moves an hour"
	case byApp[a] == 0:
		return fmt.Sprintf("%s has made its moves of this hour", app.ID),
			fmt.Sprintf("an hour of waiting, or more moves an hour for %s", app.ID)
	}
	var left []int
	for s := range f.servers {
		if f.accepts(s) && s != st.place[r] {
			left = append(left, s)
		}
	}
	for _, sieve := range []struct {
		passes   func(s int) bool
		why, fix string
	}{
		{func(s int) bool { return f.mayRun(a, s) },
			"its policy allows " + allowedNames(app) + " only, and none of them takes replicas",
			fmt.Sprintf("one more server that %s may use", app.ID)},
		{func(s int) bool { return !st.clashesOn(r, s) },
			"every server that it may use has one that it must be apart from",
			fmt.Sprintf("one more server for %s", app.ID)},
		{func(s int) bool { return st.zonesWith(r, s) >= min(st.wantZones(a), st.countZones(a)) },
			fmt.Sprintf("elsewhere %s would stand in too few zones", app.ID),
			fmt.Sprintf("one more server in zone %s", f.servers[st.place[r]].Zone)},
	} {
		if left = slices.DeleteFunc(left, func(s int) bool { return !sieve.passes(s) }); len(left) == 0 {
			return sieve.why, sieve.fix
		}
	}
	return st.crowded(r, left)
}

// clashesOn tells whether a server has what a replica must be apart from.
func (st *state) clashesOn(r, s int) bool {
	f, a := st.f, st.f.replicas[r].app
	return slices.ContainsFunc(st.on[s], func(o int) bool {
		b := f.replicas[o].app
		return b == a && f.apart[a] || hasSorted(f.rivals[a], b)
	})
}

// zonesWith counts the zones that an application stands in with one replica on
// another server.
func (st *state) zonesWith(r, s int) int {
	f := st.f
	zones := map[int]bool{f.zone[s]: true}
	for _, m := range f.members[f.replicas[r].app] {
		if m != r {
			zones[f.zone[st.place[m]]] = true
		}
	}
	return len(zones)
}

// crowded says that none of some servers has room for a replica, and which lacks
// least; empty: one has room.
func (st *state) crowded(r int, servers []int) (why, fix string) {
	best, worst, short, needs := -1, int64(0), model.CPU, int64(0)
	for _, s := range servers {
		res, ppm, need := st.lacks(r, s)
		if ppm == 0 {
			return "", ""
		}
		if best < 0 || ppm < worst {
			best, worst, short, needs = s, ppm, res, need
		}
	}
	f := st.f
	missing := f.servers[best].Capacity[short] * worst / 1_000_000
	why = fmt.Sprintf("no server has room for its %s of %v: %s comes nearest and lacks %s",
		quantity(needs, short), short, f.servers[best].ID, quantity(missing, short))
	kind, capacity := f.commonKind()
	demand, at := f.greatestDemand(st, r), f.serverAt[kind]
	for res := range demand {
		limit := int64(1_000_000)
		if model.Resource(res) == model.CPU {
			limit = min(limit, f.limitPPM(f.replicas[r].app, at))
		}
		if capacity[res] > 0 && demand[res] > share(capacity[res], limit) {
			return why, fmt.Sprintf("a server with at least %s of %v",
				quantity(demand[res]*1_000_000/max(1, limit), model.Resource(res)), model.Resource(res))
		}
	}
	return why, fmt.Sprintf("one more server like %s", kind)
}

// lacks is the resource of which a server lacks most for a replica, at worst over
// the futures that must be met: the share of its capacity that is missing (0:
// there is room) and what the replica needs of it.
func (st *state) lacks(r, s int) (short model.Resource, ppm, need int64) {
	f, periods := st.f, st.f.periods()
	capacity, limit := f.servers[s].Capacity, st.leastLimitPPM(s, f.limitPPM(f.replicas[r].app, s))
	for w := range st.worlds {
		world := &st.worlds[w]
		if !world.Required {
			continue
		}
		for t := range periods {
			demand := world.demand[r*periods+t]
			for _, res := range model.Resources() {
				allowed := int64(1_000_000)
				if res == model.CPU {
					allowed = min(allowed, limit)
				}
				if capacity[res] <= 0 || demand[res] <= 0 {
					continue
				}
				load := st.load[w][s*periods+t][res] + demand[res]
				if over := utilisationPPM(load, capacity[res]) - allowed; over > ppm {
					short, ppm, need = res, over, demand[res]
				}
			}
		}
	}
	return short, ppm, need
}
