package scenario

import (
	"cmp"
	"fmt"
	"slices"

	"drover/internal/model"
)

// Where one placement can't serve every period at least cost, the decision is a
// sequence: the moves made now, and stages, the moves foreseen for later periods.
// Only what is made now is carried out. The stages say what the same policy would
// do when their time has come, if things go as forecast; then it is decided anew
// with what is known by then (a receding horizon), so that nobody is bound by an
// old forecast and plans made ahead don't keep newer ones waiting.

// fallPPM is by how much the greatest load to come must have fallen for a cheaper
// placement to be looked for: less does not pay for moves.
const fallPPM = 70_000

// turn is one decision on the way: what is done and how the fleet then stands.
type turn struct {
	f     *fleet
	found improvement
}

// after is a fleet as it is expected at the beginning of a later period, with the
// placement and the moves that a turn has led to.
func (u turn) after(periods int) *fleet {
	f := u.f
	v, cfg := f.view, f.cfg
	v.Tick, _ = f.period(periods)
	v.InFlight, v.Begun, v.known = nil, nil, nil
	v.Placement = model.Placement{}
	for r, s := range u.found.reached.place {
		v.Placement[f.replicas[r].id] = f.servers[s].ID
	}
	v.RecentMoves = slices.Clone(v.RecentMoves)
	for _, r := range u.found.reached.moved() {
		v.RecentMoves = append(v.RecentMoves, RecentMove{Replica: f.replicas[r].id, Application: f.applications[f.replicas[r].app].ID, At: f.view.Tick})
	}
	cfg.Periods -= periods
	cfg.StaleAfter += v.Tick.Sub(f.view.Tick)
	cfg.Budget.Evaluations = max(1, cfg.Budget.Evaluations/4)
	cfg.Rounds = min(cfg.Rounds, 2)
	return newFleet(v, cfg)
}

// take decides at the beginning of a fleet's horizon, on the futures that must be
// met alone.
func (f *fleet) take(solve Solve) (turn, error) {
	if why := f.freshness(); why != "" {
		return turn{}, fmt.Errorf("%s", why)
	}
	f.hysteresis()
	futures := slices.DeleteFunc(f.generate(), func(future Future) bool { return !future.Required })
	found, err := f.improve(f.statusQuo(futures), solve)
	return turn{f, found}, err
}

// stages looks through the later periods, in order, for moves that are worth it
// then: at most Config.Stages times, where promises are about to break, or where
// so much less load is left that fewer servers may do.
func (u turn) stages(solve Solve) []model.Stage {
	var out []model.Stage
	at, base, tries := 0, u.f.toCome(0), u.f.cfg.Stages
	for k := 1; k < u.f.periods()+at && tries > 0; k++ {
		step := k - at // periods since the last turn
		if step >= u.f.periods() {
			break
		}
		fallen := base - u.f.toCome(step)
		if !u.breaksFrom(step) && !u.closesBy(step) && fallen*1_000_000 < base*fallPPM {
			continue
		}
		tries--
		next, err := u.after(step).take(solve)
		if err != nil {
			return out // what can't be foreseen is decided then
		}
		if p := next.prefix(solve); p != nil {
			next = next.widened(p)
		}
		if len(next.found.reached.moved()) == 0 {
			base = min(base, u.f.toCome(step))
			continue
		}
		out = append(out, next.stage(k, fallen, base))
		u, at, base = next, k, next.f.toCome(0)
	}
	return out
}

// toCome is the greatest CPU of all replicas, in the futures that must be met,
// from a period on.
func (f *fleet) toCome(from int) int64 {
	if f.highCPU == nil {
		f.highCPU = make([]int64, f.periods())
		for t := range f.highCPU {
			for r := range f.replicas {
				if fc := f.replicas[r].series[model.CPU]; fc != nil {
					f.highCPU[t] += amount(f.value(fc, t, f.cfg.HighQuantile) * f.replicas[r].share)
				} else {
					f.highCPU[t] += f.applications[f.replicas[r].app].Request[model.CPU]
				}
			}
		}
	}
	return max(0, slices.Max(f.highCPU[from:]))
}

// breaksFrom tells whether the placement reached breaks what must hold in a period
// or after it.
func (u turn) breaksFrom(from int) bool {
	st := u.found.reached
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		for s := range u.f.servers {
			for t := from; t < u.f.periods(); t++ {
				if n, _ := st.serverBreach(s, w, t); n > 0 {
					return true
				}
			}
		}
	}
	return false
}

// closesBy tells whether a server in use begins to be emptied for a maintenance
// before or at the beginning of a period.
func (u turn) closesBy(period int) bool {
	at, _ := u.f.period(period)
	for _, m := range u.f.view.Maintenance {
		s, ok := u.f.serverAt[m.Server]
		if !ok || m.Cancelled || u.f.closed(s) || len(u.found.reached.on[s]) == 0 {
			continue
		}
		start, _ := u.f.window(m)
		if drain := start.Add(-u.f.cfg.DrainLead); drain > u.f.view.Tick && drain <= at {
			return true
		}
	}
	return false
}

// stage writes a later turn down.
func (u turn) stage(period int, fallen, base int64) model.Stage {
	before, after := u.found.status, u.found.reached
	s := model.Stage{Period: period, At: u.f.view.Tick, SavedMicros: before.withMoves().micros() - after.withMoves().micros()}
	for w := range before.worlds {
		s.ViolationsBefore += before.violations(w)
		s.ViolationsAfter += after.violations(w)
	}
	for _, r := range after.moved() {
		s.Moves = append(s.Moves, model.StagedMove{Replica: u.f.replicas[r].id, From: u.f.servers[u.f.start[r]].ID,
			To: u.f.servers[after.place[r]].ID, Reason: before.reason(after, r)})
	}
	slices.SortStableFunc(s.Moves, func(a, b model.StagedMove) int { return cmp.Compare(a.Replica, b.Replica) })
	rest, moves := span(u.f.horizonEnd().Sub(u.f.view.Tick)), counted(len(s.Moves), "move")
	switch {
	case s.ViolationsAfter < s.ViolationsBefore:
		s.Reason = fmt.Sprintf("%s, broken promises %d -> %d over the %s from then on, which no placement made now keeps",
			moves, s.ViolationsBefore, s.ViolationsAfter, rest)
	case fallen > 0:
		s.Reason = fmt.Sprintf("%s less by %s, beyond their cost, over the %s from then on: the greatest load to come has fallen by %s",
			money(s.SavedMicros), moves, rest, percent(fallen*1_000_000/max(1, base)))
	default:
		s.Reason = fmt.Sprintf("%s less by %s, beyond their cost, over the %s from then on", money(s.SavedMicros), moves, rest)
	}
	return s
}

// prefix looks for the longest beginning of the horizon that one placement can
// serve where none serves the whole: a promise broken now for the sake of a later
// period is no bargain where the later one can be served by moves in between. It
// returns nil where that breaks no fewer promises over the whole horizon.
func (u turn) prefix(solve Solve) *turn {
	if u.f.cfg.Stages <= 0 || u.found.reached.total.broken == 0 || u.found.railed || u.found.reached.violationsAlways() > 0 {
		return nil // there is nothing to mend, or other moves would mend it, or it is wrong whatever the period
	}
	var best *turn
	for low, high := 1, u.f.periods()-1; low <= high; {
		k := (low + high) / 2
		cfg := u.f.cfg
		cfg.Periods = k
		cfg.Budget.Evaluations, cfg.Rounds = max(1, cfg.Budget.Evaluations/4), min(cfg.Rounds, 2)
		t, err := newFleet(u.f.view, cfg).take(solve)
		if err != nil {
			return nil
		}
		if t.found.reached.total.broken > 0 {
			high = k - 1
			continue
		}
		best, low = &t, k+1
	}
	if best == nil {
		return nil
	}
	next, err := u.widened(best).after(best.f.periods()).take(solve)
	if err != nil || next.found.reached.total.broken >= u.found.reached.total.broken {
		return nil
	}
	return best
}

// widened is a turn over a beginning of the horizon, seen over all of it.
func (u turn) widened(p *turn) turn {
	return turn{u.f, improvement{status: u.found.status, reached: u.found.status.at(p.found.reached.place)}}
}

// serve decides for a beginning of the horizon, and says that it does.
func (u turn) serve(p *turn, solve Solve) (model.Evaluation, *model.Plan) {
	cfg := u.f.cfg
	cfg.Periods, cfg.Stages = p.f.periods(), -1
	ev, plan := Decide(u.f.view, cfg, solve)
	if ev.Decision == DecisionHold {
		return ev, plan
	}
	until, _ := u.f.period(p.f.periods())
	why := fmt.Sprintf("no placement found serves the whole horizon (%d promises would break): this one serves until %v",
		u.found.reached.total.broken, until)
	ev.Reason = join(ev.Reason, []string{why})
	done := u.widened(p)
	done.found.reached = u.found.status
	if plan != nil {
		plan.ServesUntil, plan.Reason = until, ev.Reason
		done.found.reached = u.made(plan)
	}
	ev.Stages = done.stages(solve)
	return ev, plan
}

// made is the placement once a plan has been made.
func (u turn) made(plan *model.Plan) *state {
	at := map[model.ReplicaID]int{}
	for r, rep := range u.f.replicas {
		at[rep.id] = r
	}
	st := u.found.status.clone()
	for _, m := range plan.Moves {
		st.move(at[m.Replica], u.f.serverAt[m.To])
	}
	return st
}
