package scenario

import (
	"fmt"
	"slices"
	"strings"

	"drover/internal/model"
)

// standingRemedy says what an application lacks to stand where it may and should,
// whatever the load; empty: nothing.
func (st *state) standingRemedy(a int) string {
	f, app := st.f, &st.f.applications[a]
	switch want := st.wantZones(a); {
	case st.countZones(a) < want && len(f.zones) < want:
		return fmt.Sprintf("a server in a zone other than those of the fleet: %s needs %d zones, the fleet has %d", app.ID, want, len(f.zones))
	case st.strays(a) > 0 && !slices.ContainsFunc(f.members[a], func(r int) bool { return !f.mayRun(a, st.place[r]) }):
		return fmt.Sprintf("a server for %s together with what it must share one with", app.ID)
	case st.strays(a) > 0:
		return fmt.Sprintf("a server that %s may use: its policy allows %s only", app.ID, allowedNames(app))
	case st.clashes(a) > 0:
		return fmt.Sprintf("one more server for %s: its replicas may not share one with %s", app.ID, rivalNames(app))
	case st.unavailable(a):
		got, _ := st.availabilityPPM(a)
		return fmt.Sprintf("one more replica of %s on a server of its own, in another zone where there is one, or servers that fail less: "+
			"with %d it is up %.4f %% of the time", app.ID, len(f.members[a]), float64(got)/1e4)
	}
	return ""
}

func allowedNames(app *model.Application) string {
	var names []string
	for _, s := range app.AllowedServers {
		names = append(names, string(s))
	}
	return firstFew(names)
}

func rivalNames(app *model.Application) string {
	if slices.Equal(app.AntiAffinity, []model.ApplicationID{app.ID}) {
		return "one another"
	}
	var names []string
	for _, other := range app.AntiAffinity {
		names = append(names, string(other))
	}
	if len(names) == 0 {
		return "others that must be apart from it"
	}
	return firstFew(names)
}

// tooLarge finds a replica that fits no server of the fleet even alone: more
// servers of these kinds would not help. Requests can be spread over more
// replicas, memory and disk can't.
func (st *state) tooLarge() string {
	f := st.f
	for r := range f.replicas {
		a := f.replicas[r].app
		if st.server[st.place[r]].broken == 0 && !f.closed(st.place[r]) {
			continue
		}
		demand := f.greatestDemand(st, r)
		for _, res := range model.Resources() {
			most, limit := st.roomFor(a, res)
			if most <= 0 || demand[res] <= most {
				continue
			}
			app := f.applications[a].ID
			need := demand[res] * 1_000_000 / max(1, limit)
			if res == model.Memory || res == model.Disk {
				return fmt.Sprintf("a server with at least %s of %v for %s: the largest gives it %s", quantity(need, res), res, f.replicas[r].id, quantity(most, res))
			}
			n := int64(len(f.members[a]))
			return fmt.Sprintf("%d replicas of %s in place of %d, or a server with at least %s of %v: one alone needs %s, the largest may give it %s",
				max(n+1, (n*demand[res]+most-1)/most), app, n, quantity(need, res), res, quantity(demand[res], res), quantity(most, res))
		}
	}
	return ""
}

// roomFor is the most of a resource that any server may give to a replica of an
// application, 0 where one's capacity is not known, and the share that it is of
// that server's.
func (st *state) roomFor(a int, res model.Resource) (most, limitPPM int64) {
	f := st.f
	limitPPM = 1_000_000
	for s := range f.servers {
		capacity, limit := f.servers[s].Capacity[res], int64(1_000_000)
		if capacity <= 0 {
			return 0, limit
		}
		if res == model.CPU {
			limit = min(limit, f.limitPPM(a, s))
		}
		if room := share(capacity, limit); room > most {
			most, limitPPM = room, limit
		}
	}
	return most, limitPPM
}

// quantity writes an amount of a resource as people do.
func quantity(n int64, res model.Resource) string {
	unit := res.Unit()
	if !strings.HasPrefix(unit, "bytes") {
		return fmt.Sprintf("%d %s", n, unit)
	}
	value, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for value >= 1024 && i < len(names)-1 {
		value, i = value/1024, i+1
	}
	return fmt.Sprintf("%.1f %s%s", value, names[i], strings.TrimPrefix(unit, "bytes"))
}
