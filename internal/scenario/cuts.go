package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// search asks the solver for a placement and simulates it. Where a promise
// breaks that the problem can't state (the load of lost servers falls on the
// survivors of the answer; headroom and response time limit a server only
// while certain applications are on it) the room on that server is cut below
// what the answer put there, and the solver is asked again. The best placement
// by simulation is returned, the present one if none is better.
func (f *fleet) search(status *state, solve Solve) (best *state, answer model.Answer, err error) {
	b := newBuilder(status)
	all, byApp := f.budgets()
	if all == 0 {
		return status, answer, nil
	}
	best = status
	last := status
	for round := range f.cfg.Rounds {
		// The last round is the careful one: no server may be busier than the most
		// sensitive of the applications in trouble allows.
		if round > 0 && round+1 == f.cfg.Rounds {
			b.capAll(last)
		}
		b.keepSteady(last, round)
		budget := f.cfg.Budget
		budget.Evaluations /= int64(f.cfg.Rounds)
		if round == 0 {
			budget.Incumbent = f.incumbent()
		}
		found, err := solve(b.problem(status, all, byApp), budget)
		if err != nil {
			return nil, answer, fmt.Errorf("placement problem of %s: %w", f.view.Fleet, err)
		}
		st, err := f.stateOf(found, status)
		if err != nil {
			return nil, answer, err
		}
		if round == 0 {
			answer = found
		}
		b.emptyServers(st, all, byApp)
		if f.responses != nil && len(st.moved()) > 0 && f.guard(st.brokenResponses()) {
			// Response times that broke now count: prices have changed.
			status, best, st = status.again(), best.again(), st.again()
		}
		last = st
		if st.withMoves().compare(best.withMoves()) < 0 {
			best, answer = st, found
		}
		if round+1 == f.cfg.Rounds || !b.cut(st) {
			break
		}
	}
	return best, answer, nil
}

// keepSteady lets what has just moved stay in the first round, in those between
// wherever the round before broke nothing, and in the last (or only) one nowhere.
func (b *builder) keepSteady(last *state, round int) {
	for s := range b.steady {
		b.steady[s] = round+1 < b.f.cfg.Rounds && (round == 0 || last.server[s].broken == 0)
	}
}

// incumbent is where the search starts: at the placement that is known to be good,
// as far as its replicas and servers are here; nil starts at the present one.
func (f *fleet) incumbent() []int {
	if f.view.known == nil {
		return nil
	}
	at := slices.Clone(f.start)
	for r := range f.replicas {
		if s, ok := f.serverAt[f.view.known[f.replicas[r].id]]; ok {
			at[r] = s
		}
	}
	return at
}

// stateOf simulates an answer. Items without a bin stay where they are.
func (f *fleet) stateOf(a model.Answer, status *state) (*state, error) {
	if len(a.Assignment) != len(f.replicas) {
		return nil, fmt.Errorf("the solver placed %d of %d replicas", len(a.Assignment), len(f.replicas))
	}
	place := make([]int, len(a.Assignment))
	for r, s := range a.Assignment {
		switch {
		case s == model.Unplaced || f.pinned(status, r):
			place[r] = f.start[r]
		case s < 0 || s >= len(f.servers):
			return nil, fmt.Errorf("the solver placed %s on server %d of %d", f.replicas[r].id, s, len(f.servers))
		default:
			place[r] = s
		}
	}
	return status.at(place), nil
}

// withMoves is the score of a placement with the cost of getting there.
func (st *state) withMoves() score {
	out := st.total
	out.cost += st.moving * 1_000_000
	return out
}

// cut lowers the room of servers on which a placement breaks promises, below
// what the placement puts there; it tells whether there was any.
func (b *builder) cut(st *state) bool {
	f, periods, any := b.f, b.f.periods(), false
	for s := range f.servers {
		if len(st.on[s]) == 0 || f.closed(s) {
			continue
		}
		for t := range periods {
			over := b.overAt(st, s, t)
			if over == (model.Vector{}) {
				continue
			}
			any = true
			at := s*b.columns + periods + t
			var used model.Vector
			for _, r := range st.on[s] {
				used = used.Add(b.demand[r*b.columns+periods+t])
			}
			for res := range over {
				if over[res] > 0 {
					b.room[at][res] = max(0, min(b.room[at][res], used[res]-over[res]))
				}
			}
		}
	}
	return any
}

// capAll lowers the CPU of every server, in the columns of what must be met, to
// what the applications whose limits are broken in a placement allow.
func (b *builder) capAll(st *state) {
	f, limit := b.f, int64(1_000_000)
	for s := range f.servers {
		if st.server[s].broken > 0 {
			limit = st.leastLimitPPM(s, limit)
		}
	}
	for s := range f.servers {
		cpu := f.servers[s].Capacity[model.CPU]
		if cpu <= 0 {
			continue
		}
		for t := range f.periods() {
			at := s*b.columns + f.periods() + t
			left := max(0, int64(float64(cpu)*float64(limit)/1e6)-b.background[at][model.CPU])
			b.room[at][model.CPU] = min(b.room[at][model.CPU], left)
		}
	}
}

// overAt is by how much a server is too full in a period, at worst over the
// futures that must be met. What breaks in the others is priced, not forbidden:
// room cut for the loss of a zone would be missing everywhere.
func (b *builder) overAt(st *state, s, t int) model.Vector {
	f := b.f
	capacity, at := f.servers[s].Capacity, s*f.periods()+t
	allowed := capacity
	for _, r := range st.on[s] {
		if limit := f.limitPPM(f.replicas[r].app, s); limit < 1_000_000 {
			allowed[model.CPU] = min(allowed[model.CPU], int64(float64(capacity[model.CPU])*float64(limit)/1e6))
		}
	}
	var over model.Vector
	for w := range st.worlds {
		if gone := st.worlds[w].gone; !st.worlds[w].Required || gone != nil && gone[at] {
			continue
		}
		for res := range over {
			if capacity[res] > 0 {
				over[res] = max(over[res], st.load[w][at][res]-allowed[res])
			}
		}
	}
	return over
}

// budgets returns how many moves a plan may have, in all and by application.
func (f *fleet) budgets() (all int, byApp []int) {
	done, doneByApp := f.movesWithin()
	all = max(0, f.cfg.MaxMovesPerHour-done)
	byApp = make([]int, len(f.applications))
	for a, app := range f.applications {
		limit := app.MaxMovesPerHour
		if limit <= 0 {
			limit = f.cfg.MaxApplicationMovesPerHour
		}
		byApp[a] = max(0, limit-doneByApp[a])
	}
	return all, byApp
}
