package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
)

// fleet is a view with everything indexed: servers, applications and replicas
// in the order of their identities, so that loops are deterministic and loads
// are flat arrays.
type fleet struct {
	view         View
	cfg          Config
	servers      []model.Server
	serverAt     map[model.ServerID]int
	applications []model.Application
	known        []bool // application has metadata
	appAt        map[model.ApplicationID]int
	replicas     []replica
	members      [][]int // replicas of an application
	start        []int   // server of a replica now
	zone, rack   []int   // of a server
	zones        []string
	zoneDown     []float64 // share of time that all of a zone is down
	closing      []closing // per server: why it has to be empty, if it has to
	updates      []model.ServerUpdate
	capPPM       []int64         // per application: CPU utilisation its servers may reach
	capKind      []model.SLOKind // which promise sets it
	capFor       []int           // whose promise it is: the application or one that calls it
	guarded      []bool          // response time counts in capPPM
	responses    *responses
	calls        []call
	rivals       [][]int // applications that must not share a server with one
	apart        []bool  // replicas of the application must not share one
	watchers     [][]int // applications whose score depends on where one stands
	frozen       []string
	forecasts    map[model.EntityID]*series
	again        []bool  // replica has itself moved within the hysteresis
	byApp        []bool  // frozen only because another replica of the application moved
	highCPU      []int64 // per period: CPU of all replicas at the high quantile, see toCome
	notes        []string
}

// replica is one running copy.
type replica struct {
	id    model.ReplicaID
	app   int
	index int
	// demand series, nil where there is no forecast; share divides them.
	series series
	share  float64
}

// closing says why and until when a server has to be emptied.
type closing struct {
	reason      string
	by          model.Instant // zero: now
	until       model.Instant // zero: for good
	hook        string        // to be run once the server is empty
	length      time.Duration // of the update
	latest      model.Instant // when the update has to be over
	maintenance string
}

// call is an edge between two indexed applications.
type call struct {
	caller, callee int
	bytesPerSecond float64
	callsPerSecond float64
}

// periods returns the number of periods of the horizon.
func (f *fleet) periods() int { return f.cfg.Periods }

// period returns the window of a period.
func (f *fleet) period(t int) (from, to model.Instant) {
	from = f.view.Tick + model.Instant(int64(t)*f.cfg.Period.Milliseconds())
	return from, from.Add(f.cfg.Period)
}

// horizonEnd returns the end of the last period.
func (f *fleet) horizonEnd() model.Instant {
	_, to := f.period(f.cfg.Periods - 1)
	return to
}

// newFleet indexes a view. What does not fit together (a replica on a server
// that is not there) is left out and noted.
func newFleet(v View, cfg Config) *fleet {
	f := &fleet{view: v, cfg: cfg, serverAt: map[model.ServerID]int{}, appAt: map[model.ApplicationID]int{}}
	f.addServers()
	f.addApplications()
	f.addReplicas()
	f.addRivals()
	f.addCalls()
	f.indexForecasts()
	f.addSeries()
	f.limits()
	f.guarded = make([]bool, len(f.applications))
	for a := range f.applications {
		if f.responsePromise(a) {
			f.responses = newResponses(f)
			break
		}
	}
	f.addClosings()
	return f
}

func (f *fleet) addServers() {
	zones, racks := map[string]int{}, map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(f.view.Servers)) {
		s := f.view.Servers[id]
		if s.Removed {
			continue
		}
		s.ID = id
		if _, ok := zones[s.Zone]; !ok {
			zones[s.Zone] = len(zones)
			f.zones = append(f.zones, s.Zone)
		}
		if _, ok := racks[s.Zone+"/"+s.Rack]; !ok {
			racks[s.Zone+"/"+s.Rack] = len(racks)
		}
		f.serverAt[id] = len(f.servers)
		f.servers = append(f.servers, s)
		f.zone = append(f.zone, zones[s.Zone])
		f.rack = append(f.rack, racks[s.Zone+"/"+s.Rack])
	}
	f.zoneDown = zonesDown(f.servers, f.zone, len(f.zones))
}

// addApplications takes the known applications and, for replicas that run
// without metadata, unknown ones that only count as load.
func (f *fleet) addApplications() {
	ids := map[model.ApplicationID]bool{}
	for id, a := range f.view.Applications {
		if !a.Removed {
			ids[id] = true
		}
	}
	for r := range f.view.Placement {
		if app, _, err := r.Split(); err == nil {
			ids[app] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		a, ok := f.view.Applications[id]
		a.ID = id
		f.appAt[id] = len(f.applications)
		f.applications = append(f.applications, a)
		f.known = append(f.known, ok && !a.Removed)
	}
	f.members = make([][]int, len(f.applications))
}

func (f *fleet) addReplicas() {
	var missing, unreadable []string
	for _, id := range slices.Sorted(maps.Keys(f.view.Placement)) {
		app, index, err := id.Split()
		if err != nil {
			unreadable = append(unreadable, string(id))
			continue
		}
		s, ok := f.serverAt[f.view.Placement[id]]
		if !ok {
			missing = append(missing, fmt.Sprintf("%s on %s", id, f.view.Placement[id]))
			continue
		}
		f.replicas = append(f.replicas, replica{id: id, app: f.appAt[app], index: index})
		f.start = append(f.start, s)
	}
	// Identities sort as text; planning wants web/2 before web/10.
	order := make([]int, len(f.replicas))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		ra, rb := f.replicas[a], f.replicas[b]
		return cmp.Or(cmp.Compare(ra.app, rb.app), cmp.Compare(ra.index, rb.index), cmp.Compare(ra.id, rb.id))
	})
	replicas, start := make([]replica, len(order)), make([]int, len(order))
	for i, o := range order {
		replicas[i], start[i] = f.replicas[o], f.start[o]
		f.members[replicas[i].app] = append(f.members[replicas[i].app], i)
	}
	f.replicas, f.start = replicas, start
	f.frozen, f.byApp, f.again = make([]string, len(f.replicas)), make([]bool, len(f.replicas)), make([]bool, len(f.replicas))
	for i, r := range f.replicas {
		if !f.known[r.app] {
			f.frozen[i] = "its application is not known"
		}
	}
	f.noteSome("replicas on unknown servers are left out", missing)
	f.noteSome("replicas with unreadable names are left out", unreadable)
}

// addRivals makes anti-affinity hold both ways.
func (f *fleet) addRivals() {
	f.rivals = make([][]int, len(f.applications))
	f.apart = make([]bool, len(f.applications))
	for a, app := range f.applications {
		for _, other := range app.AntiAffinity {
			b, ok := f.appAt[other]
			switch {
			case !ok:
			case a == b:
				f.apart[a] = true
			default:
				f.rivals[a] = append(f.rivals[a], b)
				f.rivals[b] = append(f.rivals[b], a)
			}
		}
	}
	f.watchers = make([][]int, len(f.applications))
	for a := range f.rivals {
		slices.Sort(f.rivals[a])
		f.rivals[a] = slices.Compact(f.rivals[a])
		f.watchers[a] = append(f.watchers[a], f.rivals[a]...)
		for _, friend := range f.applications[a].Affinity {
			if b, ok := f.appAt[friend]; ok {
				f.watchers[b] = append(f.watchers[b], a)
			}
		}
	}
}

// addCalls keeps the edges between applications that are placed.
func (f *fleet) addCalls() {
	for _, e := range f.view.Edges {
		a, okA := f.appAt[e.Caller]
		b, okB := f.appAt[e.Callee]
		if !okA || !okB || e.Gone {
			continue
		}
		f.calls = append(f.calls, call{
			caller: a, callee: b, callsPerSecond: e.CallsPerSecond,
			bytesPerSecond: e.RequestBytesPerSecond + e.ResponseBytesPerSecond,
		})
	}
	slices.SortFunc(f.calls, func(x, y call) int {
		return cmp.Or(cmp.Compare(x.caller, y.caller), cmp.Compare(x.callee, y.callee),
			cmp.Compare(x.callsPerSecond, y.callsPerSecond), cmp.Compare(x.bytesPerSecond, y.bytesPerSecond))
	})
}

// noteSome records a note that lists the first few names.
func (f *fleet) noteSome(what string, names []string) {
	if len(names) == 0 {
		return
	}
	f.notes = append(f.notes, fmt.Sprintf("%s: %s", what, firstFew(names)))
}

// firstFew joins up to three names and counts the rest.
func firstFew(names []string) string {
	const few = 3
	out := ""
	for i, n := range names {
		if i == few {
			return fmt.Sprintf("%s and %d more", out, len(names)-few)
		}
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}
