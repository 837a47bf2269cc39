package scenario

import "slices"

// stale lists what moves have touched since the scores were last right.
type stale struct{ servers, apps []int }

// step is a replica's move within an attempt.
type step struct{ replica, from, to int }

// move puts a replica on another server and updates every score it touches.
func (st *state) move(r, to int) {
	st.shift(r, to)
	st.settle()
}

// shift moves a replica with its load. The scores it touches are wrong until
// settle has been called, once for many shifts.
func (st *state) shift(r, to int) {
	from, app := st.place[r], st.f.replicas[r].app
	if from == to {
		return
	}
	st.always = -1
	if from == st.f.start[r] {
		st.moving += st.f.moveMicros(r)
	} else if to == st.f.start[r] {
		st.moving -= st.f.moveMicros(r)
	}
	st.stale.servers = append(st.stale.servers, from, to)
	st.stale.apps = append(st.stale.apps, app)
	shared := false
	for w := range st.worlds {
		if st.worlds[w].alike(from, to, st.f.periods()) {
			st.carry(w, r, to)
			continue
		}
		shared = true
		st.contribute(w, app, -1)
	}
	st.place[r] = to
	st.on[from] = remove(st.on[from], r)
	st.on[to] = insert(st.on[to], r)
	if !shared {
		return
	}
	for w := range st.worlds {
		if !st.worlds[w].alike(from, to, st.f.periods()) {
			st.contribute(w, app, +1)
		}
	}
	for _, m := range st.f.members[app] {
		st.stale.servers = append(st.stale.servers, st.place[m])
	}
}

// alike tells whether a future takes two servers away at the same times, if at
// all. A move between them changes nothing for the application's other replicas.
func (w *world) alike(a, b, periods int) bool {
	if w.gone == nil {
		return true
	}
	a, b = a*periods, b*periods
	return slices.Equal(w.gone[a:a+periods], w.gone[b:b+periods]) && slices.Equal(w.fled[a:a+periods], w.fled[b:b+periods])
}

// carry takes a replica's load, with what it has taken over, to a server that the
// future treats as it does the present one.
func (st *state) carry(w, r, to int) {
	world, app, periods := &st.worlds[w], st.f.replicas[r].app, st.f.periods()
	from := st.place[r]
	for t := range periods {
		a, b := from*periods+t, to*periods+t
		d := world.demand[r*periods+t]
		if world.gone != nil {
			if world.gone[a] {
				continue
			}
			extra, _ := st.takenOver(w, app, t)
			addTo(&d, &extra, +1)
		}
		addTo(&st.load[w][a], &d, -1)
		addTo(&st.load[w][b], &d, +1)
	}
}

// settle brings the scores of what has been touched up to date: of servers, and
// of applications with everything that looks at them.
func (st *state) settle() {
	slices.Sort(st.stale.servers)
	for _, s := range slices.Compact(st.stale.servers) {
		st.total = st.total.minus(st.server[s])
		st.server[s] = st.serverScore(s)
		st.total = st.total.plus(st.server[s])
	}
	apps := st.stale.apps
	for _, app := range st.stale.apps {
		apps = append(apps, st.f.watchers[app]...)
		for _, c := range st.callsOf[app] {
			apps = append(apps, st.f.calls[c].caller)
		}
	}
	slices.Sort(apps)
	for _, a := range slices.Compact(apps) {
		st.total = st.total.minus(st.app[a])
		st.app[a] = st.appScore(a)
		st.total = st.total.plus(st.app[a])
	}
	st.unchanged()
	st.stale.apps = apps[:0]
}

// unchanged says that all shifts since the last settle were taken back.
func (st *state) unchanged() {
	st.stale.servers, st.stale.apps = st.stale.servers[:0], st.stale.apps[:0]
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
