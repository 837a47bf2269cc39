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
	always    int64   // see violationsAlways; -1: not known
	brief     bool    // response times are left out of the margins
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
	for s := range f.servers {
		st.server[s] = st.serverScore(s)
		st.total = st.total.plus(st.server[s])
	}
	for a := range f.applications {
		st.app[a] = st.appScore(a)
		st.total = st.total.plus(st.app[a])
	}
	return st
}

// contribute adds (sign +1) or takes away (-1) the load of an application in
// one future. Where replicas are lost, the survivors share their requests;
// memory and disk of the lost ones are gone.
func (st *state) contribute(w, app int, sign int64) {
	world, periods := &st.worlds[w], st.f.periods()
	for t := range periods {
		var lost model.Vector
		alive := 0
		for _, r := range st.f.members[app] {
			at := st.place[r]*periods + t
			if world.gone != nil && world.gone[at] {
				if !world.fled[at] {
					lost = lost.Add(world.demand[r*periods+t])
				}
				continue
			}
			alive++
			st.load[w][at] = plus(st.load[w][at], world.demand[r*periods+t], sign)
		}
		st.survivors[w][app*periods+t] = alive
		if alive == 0 || lost == (model.Vector{}) {
			continue
		}
		extra := model.Vector{}
		for _, res := range []model.Resource{model.CPU, model.Receive, model.Transmit} {
			extra[res] = (lost[res] + int64(alive) - 1) / int64(alive)
		}
		for _, r := range st.f.members[app] {
			if at := st.place[r]*periods + t; !world.gone[at] {
				st.load[w][at] = plus(st.load[w][at], extra, sign)
			}
		}
	}
}

// plus returns v + sign x d.
func plus(v, d model.Vector, sign int64) model.Vector {
	for r := range v {
		v[r] += sign * d[r]
	}
	return v
}

// move puts a replica on another server and updates every score it touches.
func (st *state) move(r, to int) {
	from, app, periods := st.place[r], st.f.replicas[r].app, st.f.periods()
	if from == to {
		return
	}
	st.always = -1
	touched := []int{from, to}
	for w := range st.worlds {
		world := &st.worlds[w]
		if world.gone != nil {
			st.contribute(w, app, -1)
			continue
		}
		for t := range periods {
			d := world.demand[r*periods+t]
			st.load[w][from*periods+t] = plus(st.load[w][from*periods+t], d, -1)
			st.load[w][to*periods+t] = plus(st.load[w][to*periods+t], d, +1)
		}
	}
	st.place[r] = to
	st.on[from] = remove(st.on[from], r)
	st.on[to] = insert(st.on[to], r)
	shared := false
	for w := range st.worlds {
		if st.worlds[w].gone != nil {
			st.contribute(w, app, +1)
			shared = true
		}
	}
	if shared {
		for _, m := range st.f.members[app] {
			touched = append(touched, st.place[m])
		}
	}
	st.rescore(touched, app)
}

// rescore brings the scores of servers and of an application with everything
// that looks at it up to date.
func (st *state) rescore(servers []int, app int) {
	slices.Sort(servers)
	for _, s := range slices.Compact(servers) {
		st.total = st.total.minus(st.server[s])
		st.server[s] = st.serverScore(s)
		st.total = st.total.plus(st.server[s])
	}
	apps := append([]int{app}, st.f.watchers[app]...)
	for _, c := range st.callsOf[app] {
		apps = append(apps, st.f.calls[c].caller)
	}
	slices.Sort(apps)
	for _, a := range slices.Compact(apps) {
		st.total = st.total.minus(st.app[a])
		st.app[a] = st.appScore(a)
		st.total = st.total.plus(st.app[a])
	}
}

// remove and insert keep a rising list of replicas.
func remove(list []int, r int) []int {
	if i, ok := slices.BinarySearch(list, r); ok {
		return slices.Delete(list, i, i+1)
	}
	return list
}

func insert(list []int, r int) []int {
	i, _ := slices.BinarySearch(list, r)
	return slices.Insert(list, i, r)
}
