package scenario

import (
	"cmp"
	"math"
	"slices"

	"drover/internal/model"
)

// emptying tries to switch servers off, one after another, least used first:
// every replica of the server moves to the fullest server that has room for it
// in every period and in the futures that must be met. A local search by single
// moves finds this hard, since nothing is saved before the last replica has
// left. st is changed in place; what makes it no better is taken back.
type emptying struct {
	b  *builder
	st *state
	// left [server*columns+c] is the room that is left; safe the CPU left below
	// the server's safety share.
	left  []model.Vector
	safe  []int64
	moves int // how many more replicas may leave their start
	byApp []int
	// roomy says that arrivals leave as much again of a server free as the most
	// tolerant application's promises ask for. Servers filled to what is allowed break promises in the futures that are
	// only priced, and what has just arrived would move on when the load rises.
	roomy bool
}

// emptyServers improves a placement by whole servers. It keeps to the budgets
// of moves.
func (b *builder) emptyServers(st *state, moves int, byApp []int) {
	e := newEmptying(b, st, moves, byApp)
	for s := range b.f.servers {
		if b.f.closed(s) { // what the solver left there
			e.try(s)
		}
	}
	for _, s := range e.order() {
		e.try(s)
	}
	e.openCheaper()
}

func newEmptying(b *builder, st *state, moves int, byApp []int) *emptying {
	e := &emptying{b: b, st: st, moves: moves, byApp: slices.Clone(byApp)}
	e.left = slices.Clone(b.room)
	e.safe = make([]int64, len(b.room))
	for s := range b.f.servers {
		server := &b.f.servers[s]
		for c := range b.columns {
			at := s*b.columns + c
			e.safe[at] = min(b.room[at][model.CPU], safetyCPU(server)-b.background[at][model.CPU])
		}
		for _, r := range st.on[s] {
			e.use(r, s, -1)
		}
	}
	for _, r := range st.moved() {
		e.moves--
		e.byApp[b.f.replicas[r].app]--
	}
	return e
}

// use takes a replica's demand from a server's room (sign -1) or gives it back.
func (e *emptying) use(r, s int, sign int64) {
	for c := range e.b.columns {
		at := s*e.b.columns + c
		d := &e.b.demand[r*e.b.columns+c]
		addTo(&e.left[at], d, sign)
		e.safe[at] += sign * d[model.CPU]
	}
}

// order lists the servers in use, the dearest for what they can carry first,
// and among equals the one with least to move.
func (e *emptying) order() []int {
	f := e.b.f
	load := make([]int64, len(f.servers))
	var out []int
	for s := range f.servers {
		if len(e.st.on[s]) == 0 || f.closed(s) {
			continue
		}
		for _, r := range e.st.on[s] {
			load[s] += e.greatest(r)
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(e.price(b), e.price(a)), cmp.Compare(load[a], load[b]))
	})
	return out
}

// greatest is the most CPU that a replica needs in any column.
func (e *emptying) greatest(r int) int64 { return e.b.demand[r*e.b.columns+e.peak(r)][model.CPU] }

// peak is the column in which a replica needs most CPU.
func (e *emptying) peak(r int) int {
	peak, first := 0, r*e.b.columns
	for c := range e.b.columns {
		if e.b.demand[first+c][model.CPU] > e.b.demand[first+peak][model.CPU] {
			peak = c
		}
	}
	return peak
}

// price is what a full server costs in a period, by its CPU.
func (e *emptying) price(s int) float64 {
	server := &e.b.f.servers[s]
	cpu := server.Capacity[model.CPU]
	if cpu <= 0 {
		return 0
	}
	return float64(e.b.f.serverCost(s, model.Vector{model.CPU: safetyCPU(server)})) / float64(cpu)
}

// openCheaper puts empty servers to use where they empty dearer ones. Servers of
// one kind are alike: when one does not pay, no other of its kind is tried.
func (e *emptying) openCheaper() {
	f := e.b.f
	type kind struct {
		price float64
		cpu   int64
	}
	hopeless := map[kind]bool{}
	for s := range f.servers {
		k := kind{e.price(s), f.servers[s].Capacity[model.CPU]}
		if len(e.st.on[s]) > 0 || !f.accepts(s) || hopeless[k] {
			continue
		}
		if !e.open(s) {
			hopeless[k] = true
		}
	}
}

// open moves the replicas of dearer servers to an empty one, server by server,
// and tells whether that is kept.
func (e *emptying) open(s int) bool {
	before, price := e.st.withMoves(), e.price(s)
	e.roomy = true
	var done []step
	for _, source := range e.order() {
		if source == s || e.price(source) <= price {
			continue
		}
		done = append(done, e.drain(source, s)...)
	}
	if len(done) == 0 || e.st.withMoves().compare(before) >= 0 {
		e.undo(done)
		return false
	}
	return true
}

// drain moves everything off a server, to a preferred one as far as it goes
// (none: -1), or nothing. Scores are worked out at the end.
func (e *emptying) drain(s, prefer int) []step {
	f, st := e.b.f, e.st
	list := slices.Clone(st.on[s])
	for _, r := range list {
		if f.pinned(st, r) && !(f.cfg.HysteresisByReplica && f.byApp[r] && f.known[f.replicas[r].app]) {
			return nil
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(e.greatest(b), e.greatest(a)) })
	var done []step
	for _, r := range list {
		to := prefer
		if to < 0 || !e.takes(r, to) {
			to = e.target(r, s)
		}
		if to < 0 || !e.move(r, to) {
			e.takeBack(done)
			st.unchanged()
			return nil
		}
		done = append(done, step{r, s, to})
	}
	st.settle()
	return done
}

// takes tells whether a server has room for a replica below its safety share.
func (e *emptying) takes(r, s int) bool {
	return e.allowed(r, s) && e.fits(r, s) && e.leaves(r, s) >= 0
}

// try empties a server where that pays: onto servers that stay roomy or, where it
// has to be emptied, to wherever promises allow.
func (e *emptying) try(s int) {
	before := e.st.withMoves()
	for _, e.roomy = range []bool{true, false} {
		done := e.drain(s, -1)
		if len(done) > 0 && e.st.withMoves().compare(before) < 0 {
			return
		}
		e.undo(done)
		if !e.b.f.closed(s) {
			return
		}
	}
}

// move carries a step out if the budgets allow it; scores are not settled.
func (e *emptying) move(r, to int) bool {
	from, start, app := e.st.place[r], e.b.f.start[r], e.b.f.replicas[r].app
	change := 0
	switch {
	case from == start && to != start:
		change = 1
	case from != start && to == start:
		change = -1
	}
	if change > 0 && (e.moves < 1 || e.byApp[app] < 1) {
		return false
	}
	e.moves -= change
	e.byApp[app] -= change
	e.use(r, from, +1)
	e.use(r, to, -1)
	e.st.shift(r, to)
	return true
}

func (e *emptying) undo(done []step) {
	e.takeBack(done)
	e.st.settle()
}

func (e *emptying) takeBack(done []step) {
	for _, d := range slices.Backward(done) {
		e.move(d.replica, d.from)
	}
}

// target is the fullest server in use that has room for a replica; one on which
// it stays below the safety share comes before any other. -1: none.
func (e *emptying) target(r, source int) int {
	f, best, bestOver, bestLeft := e.b.f, -1, false, int64(0)
	// Most servers are too full, most often for the greatest load: that is asked first.
	peak := e.peak(r)
	needs := e.b.demand[r*e.b.columns+peak][model.CPU]
	for s := range f.servers {
		if s == source || len(e.st.on[s]) == 0 || e.left[s*e.b.columns+peak][model.CPU] < needs || !f.accepts(s) {
			continue
		}
		left := e.leaves(r, s)
		over := left < 0
		better := best < 0 || bestOver && !over || over == bestOver && left < bestLeft
		if better && e.fits(r, s) && e.allowed(r, s) { // the dearest is asked last
			best, bestOver, bestLeft = s, over, left
		}
	}
	return best
}

// leaves is how much CPU below its safety share a server would have left at
// least with a replica; negative where it would be exceeded.
func (e *emptying) leaves(r, s int) int64 {
	left := int64(math.MaxInt64)
	demand := e.b.demand[r*e.b.columns : (r+1)*e.b.columns]
	for c, safe := range e.safe[s*e.b.columns : (s+1)*e.b.columns] {
		left = min(left, safe-demand[c][model.CPU])
	}
	return left
}

// fits tells whether a server has room for a replica in every column.
func (e *emptying) fits(r, s int) bool {
	demand := e.b.demand[r*e.b.columns : (r+1)*e.b.columns]
	left := e.left[s*e.b.columns : (s+1)*e.b.columns]
	for c := range demand {
		for res, d := range demand[c] {
			if d > left[c][res] {
				return false
			}
		}
	}
	return true
}

// allowed checks what is said about where an application may stand.
func (e *emptying) allowed(r, s int) bool {
	f, st := e.b.f, e.st
	a := f.replicas[r].app
	if !f.mayRun(a, s) {
		return false
	}
	cpu := f.servers[s].Capacity[model.CPU]
	for _, o := range st.on[s] {
		b := f.replicas[o].app
		if b == a && f.apart[a] || hasSorted(f.rivals[a], b) {
			return false
		}
	}
	// The utilisation that the application allows, in every column. The room may
	// be less already: load is counted from its own.
	if limit := f.limitPPM(a, s); cpu > 0 && limit < 1_000_000 {
		most := share(cpu, limit)
		if e.roomy {
			most -= e.b.spare[s]
		}
		for c := range e.b.columns {
			at := s*e.b.columns + c
			load := e.b.background[at][model.CPU] + e.b.room[at][model.CPU] - e.left[at][model.CPU]
			if load+e.b.demand[r*e.b.columns+c][model.CPU] > most {
				return false
			}
		}
	}
	want := st.wantZones(a)
	if want < 2 || f.zone[s] == f.zone[st.place[r]] {
		return true
	}
	zones := map[int]bool{f.zone[s]: true}
	for _, m := range f.members[a] {
		if m != r {
			zones[f.zone[st.place[m]]] = true
		}
	}
	return len(zones) >= want
}
