package scenario

import (
	"cmp"
	"slices"
)

// selectMoves reduces a target placement to the moves that are worth it and
// within the guard rails. It returns the placement after them, which is the
// present one where nothing is worth it, and what kept moves out.
func (f *fleet) selectMoves(status, target *state) (*state, []string) {
	var notes []string
	st := target.clone()
	st.dropUseless()
	moves := st.moved()
	all, byApp := f.budgets()
	if len(moves) > all || !f.withinRails(st, moves, byApp) {
		chosen := f.withinGuardRails(status, st, all, byApp)
		if n := len(moves) - len(chosen.moved()); n > 0 {
			notes = append(notes, guardRailNote(n, len(moves)))
		}
		st = chosen
		st.dropUseless()
	}
	return st, notes
}

// moved lists the replicas that are not where they started.
func (st *state) moved() []int {
	var out []int
	for r, s := range st.place {
		if s != st.f.start[r] {
			out = append(out, r)
		}
	}
	return out
}

// dropUseless takes back moves that the placement is no worse without, dearest
// first, until none is left.
func (st *state) dropUseless() {
	for range 3 {
		moves := st.moved()
		slices.SortStableFunc(moves, func(a, b int) int {
			return cmp.Or(cmp.Compare(st.f.moveMicros(b), st.f.moveMicros(a)), cmp.Compare(a, b))
		})
		dropped := false
		for _, r := range moves {
			to, before := st.place[r], st.total
			st.move(r, st.f.start[r])
			without := st.total
			without.cost -= st.f.moveMicros(r) * 1_000_000
			if without.compare(before) > 0 {
				st.move(r, to)
				continue
			}
			dropped = true
		}
		if !dropped {
			return
		}
	}
}

// withinRails checks the limits by application and the blast radius.
func (f *fleet) withinRails(st *state, moves, byApp []int) bool {
	count := make([]int, len(f.applications))
	touched := map[int]bool{}
	for _, r := range moves {
		count[f.replicas[r].app]++
		touched[f.start[r]], touched[st.place[r]] = true, true
	}
	for a, n := range count {
		if n > byApp[a] {
			return false
		}
	}
	return len(touched) <= f.cfg.MaxServersTouched
}

// withinGuardRails starts from the present placement and takes the moves of the
// target server by server (of their sources), those that have to be emptied
// first, then the best per move, while the guard rails allow it and the placement
// gets better.
func (f *fleet) withinGuardRails(status, target *state, all int, byApp []int) *state {
	st := status.clone()
	groups := map[int][]int{} // iterated through sources, sorted
	var sources []int
	for _, r := range target.moved() {
		if groups[f.start[r]] == nil {
			sources = append(sources, f.start[r])
		}
		groups[f.start[r]] = append(groups[f.start[r]], r)
	}
	gains := make(map[int]score, len(sources))
	for _, s := range sources {
		before := st.withMoves()
		for _, r := range groups[s] {
			st.shift(r, target.place[r])
		}
		st.settle()
		gains[s] = perMove(before.minus(st.withMoves()), len(groups[s]))
		for _, r := range groups[s] {
			st.shift(r, f.start[r])
		}
		st.settle()
	}
	slices.SortStableFunc(sources, func(a, b int) int {
		return cmp.Or(boolFirst(f.closed(a), f.closed(b)), -gains[a].compare(gains[b]), cmp.Compare(a, b))
	})
	rails := rails{moves: all, byApp: slices.Clone(byApp), touched: make([]bool, len(f.servers)), servers: f.cfg.MaxServersTouched}
	for _, s := range sources {
		before := st.withMoves()
		undo := rails.clone()
		var done []int
		for _, r := range groups[s] {
			if rails.take(f.replicas[r].app, f.start[r], target.place[r]) {
				st.shift(r, target.place[r])
				done = append(done, r)
			}
		}
		st.settle()
		if st.withMoves().compare(before) >= 0 {
			for _, r := range done {
				st.shift(r, f.start[r])
			}
			st.settle()
			rails = undo
		}
	}
	return st
}

func perMove(s score, n int) score {
	return score{broken: s.broken * 1000 / int64(n), excess: s.excess / int64(n), cost: s.cost / int64(n)}
}

// rails is what is left of the guard rails' budgets.
type rails struct {
	moves, servers int
	byApp          []int
	touched        []bool
}

func (g rails) clone() rails {
	g.byApp, g.touched = slices.Clone(g.byApp), slices.Clone(g.touched)
	return g
}

// take books one move if the budgets allow it.
func (g *rails) take(app, from, to int) bool {
	need := 0
	for _, s := range []int{from, to} {
		if !g.touched[s] {
			need++
		}
	}
	if g.moves < 1 || g.byApp[app] < 1 || need > g.servers {
		return false
	}
	g.moves--
	g.byApp[app]--
	g.servers -= need
	g.touched[from], g.touched[to] = true, true
	return true
}

// worthIt tells whether a placement beats staying: fewer broken promises, or
// less broken ones, or enough money.
func (f *fleet) worthIt(status, st *state) (worth bool, why string) {
	before, after := status.withMoves(), st.withMoves()
	switch {
	case len(st.moved()) == 0:
		return false, "no move is worth its cost"
	case after.broken != before.broken:
		return after.broken < before.broken, "no placement found breaks fewer promises"
	case after.excess != before.excess:
		return after.excess < before.excess, "no placement found breaks promises less"
	case before.micros()-after.micros() < f.cfg.MinimumBenefitMicros:
		return false, benefitNote(before.micros()-after.micros(), f.cfg.MinimumBenefitMicros)
	}
	return true, ""
}
