package scenario

import (
	"slices"

	"drover/internal/model"
)

// state is a placement with its load in every future. Moving a replica updates
// it; the score of servers and applications that a move does not touch is kept.
type state struct {
	f      *fleet
	worlds []world
	place  []int   // server of a replica
	on     [][]int // replicas of a server, rising
	load   [][]model.Vector
	// survivors[w][app*periods+t] counts an application's replicas that are left.
	survivors [][]int
	server    []score
	app       []score
	total     score
	callsOf   [][]int // edges that touch an application
	moving    int64   // what the moves from the start cost, in micros
	stale     stale
	always    int64 // see violationsAlways; -1: not known
	brief     bool  // response times are left out of the margins
}

// newState loads a placement.
func newState(f *fleet, worlds []world, place []int) *state {
	st := &state{
		f: f, worlds: worlds, place: slices.Clone(place), on: make([][]int, len(f.servers)),
		load: make([][]model.Vector, len(worlds)), survivors: make([][]int, len(worlds)),
		server: make([]score, len(f.servers)), app: make([]score, len(f.applications)),
		callsOf: make([][]int, len(f.applications)), always: -1,
	}
	for r, s := range place {
		st.on[s] = append(st.on[s], r)
		if s != f.start[r] {
			st.moving += f.moveMicros(r)
		}
	}
	for c, e := range f.calls {
		st.callsOf[e.caller] = append(st.callsOf[e.caller], c)
		if e.callee != e.caller {
			st.callsOf[e.callee] = append(st.callsOf[e.callee], c)
		}
	}
	for w := range worlds {
		st.load[w] = slices.Clone(worlds[w].background)
		st.survivors[w] = make([]int, len(f.applications)*f.periods())
		for a := range f.applications {
			st.contribute(w, a, +1)
		}
	}
	st.scoreServers()
	for a := range f.applications {
		st.app[a] = st.appScore(a)
		st.total = st.total.plus(st.app[a])
	}
	return st
}

// scoreServers prices every server anew.
func (st *state) scoreServers() {
	for s := range st.f.servers {
		st.total = st.total.minus(st.server[s])
		st.server[s] = st.serverScore(s)
		st.total = st.total.plus(st.server[s])
	}
}

// clone is a placement of its own that starts as this one.
func (st *state) clone() *state {
	out := *st
	out.place, out.on = slices.Clone(st.place), make([][]int, len(st.on))
	out.server, out.app = slices.Clone(st.server), slices.Clone(st.app)
	out.load, out.survivors = make([][]model.Vector, len(st.load)), make([][]int, len(st.survivors))
	for s, list := range st.on {
		out.on[s] = slices.Clone(list)
	}
	for w := range st.load {
		out.load[w], out.survivors[w] = slices.Clone(st.load[w]), slices.Clone(st.survivors[w])
	}
	out.stale, out.brief = stale{}, false
	return &out
}

// again prices a placement anew, after the utilisation that applications allow
// has changed.
func (st *state) again() *state {
	out := st.clone()
	out.scoreServers()
	return out
}

// at is another placement in the same futures.
func (st *state) at(place []int) *state {
	out := st.clone()
	for r, s := range place {
		out.shift(r, s)
	}
	out.settle()
	return out
}

// contribute adds (sign +1) or takes away (-1) the load of an application in
// one future.
func (st *state) contribute(w, app int, sign int64) {
	world, periods := &st.worlds[w], st.f.periods()
	for t := range periods {
		extra, alive := st.takenOver(w, app, t)
		st.survivors[w][app*periods+t] = alive
		for _, r := range st.f.members[app] {
			at := st.place[r]*periods + t
			if world.gone == nil || !world.gone[at] {
				addTo(&st.load[w][at], &world.demand[r*periods+t], sign)
				addTo(&st.load[w][at], &extra, sign)
			}
		}
	}
}

// takenOver is what each survivor of an application takes over in a period of a
// future where replicas are lost: they share the requests, memory and disk of the
// lost ones are gone. alive counts the survivors.
func (st *state) takenOver(w, app, t int) (extra model.Vector, alive int) {
	world, periods := &st.worlds[w], st.f.periods()
	if world.gone == nil {
		return extra, len(st.f.members[app])
	}
	var lost model.Vector
	for _, r := range st.f.members[app] {
		switch at := st.place[r]*periods + t; {
		case !world.gone[at]:
			alive++
		case !world.fled[at]:
			addTo(&lost, &world.demand[r*periods+t], +1)
		}
	}
	if alive == 0 {
		return extra, 0
	}
	for _, res := range []model.Resource{model.CPU, model.Receive, model.Transmit} {
		extra[res] = (lost[res] + int64(alive) - 1) / int64(alive)
	}
	return extra, alive
}

// addTo adds sign x d to v.
func addTo(v, d *model.Vector, sign int64) {
	for r := range v {
		v[r] += sign * d[r]
	}
}
