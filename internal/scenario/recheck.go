package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// Verdict is what a second look at a plan in flight says.
type Verdict struct {
	// Wrong plans should be stopped: going on is worse than staying.
	Wrong bool
	// Back tells that a wrong plan's moves should be taken back: the placement
	// before them is better than the one they have led to.
	Back bool
	// Drop lists moves that have not begun and have become wrong, those that wait
	// for them included. Without them the rest of the plan is right.
	Drop   []model.DroppedMove
	Reason string
}

// Recheck looks at a plan in flight again with what is known now: what is left
// of it must not break more than stopping here would, and its targets must
// still be there. Data too stale to judge leaves the plan alone.
func Recheck(v View, cfg Config, plan model.Plan) Verdict {
	cfg = cfg.WithDefaults()
	if plan.UpdateServer != "" && len(plan.Moves) == 0 {
		return recheckUpdate(v, plan)
	}
	f := newFleet(v, cfg.whileServing(&plan, v.Tick))
	if why := f.freshness(); why != "" {
		return Verdict{Reason: "not judged: " + why}
	}
	// Only what must be met can stop a plan.
	futures := slices.DeleteFunc(f.generate(), func(future Future) bool { return !future.Required })
	return f.recheck(newState(f, f.worlds(futures), f.start), &plan)
}

// whileServing is the configuration with the periods that a plan is meant to
// serve, of those from now on.
func (c Config) whileServing(plan *model.Plan, now model.Instant) Config {
	if plan.ServesUntil > now {
		c.Periods = min(c.Periods, int((plan.ServesUntil.Sub(now)+c.Period-1)/c.Period))
	}
	return c
}

// leftover is a plan in flight as it is looked at again.
type leftover struct {
	f       *fleet
	plan    *model.Plan
	status  *state
	after   *state // the placement once all moves that are left have been made
	replica []int  // of each move, -1: it is not there any more
	left    []bool // by move: it has not ended and is still meant
	begun   []bool
	drop    []string // why a move is dropped; empty: it is not
}

func (f *fleet) recheck(status *state, plan *model.Plan) Verdict {
	l := f.leftover(status, plan)
	if why := l.dropUnreachable(); why != "" {
		return l.stop(why)
	}
	if !slices.Contains(l.left, true) && !slices.ContainsFunc(l.drop, func(why string) bool { return why != "" }) {
		return Verdict{Reason: "every move has ended"}
	}
	worse := ""
	if l.worse() {
		worse = l.worseText()
		l.dropWorse()
	}
	dropped := l.dropped()
	switch {
	case worse != "" && (l.worse() || l.count() == 0):
		return l.stop(worse)
	case len(dropped) == 0:
		return Verdict{Reason: fmt.Sprintf("%d moves left, broken promises %d -> %d", l.count(), status.total.broken, l.after.total.broken)}
	case l.count() == 0:
		return l.stop(dropped[0].Reason)
	}
	return Verdict{Drop: dropped, Reason: fmt.Sprintf("%d of %d moves that are left are dropped, the first since %s",
		len(dropped), l.count()+len(dropped), dropped[0].Reason)}
}

// leftover finds out what of a plan is left.
func (f *fleet) leftover(status *state, plan *model.Plan) *leftover {
	n := len(plan.Moves)
	l := &leftover{f: f, plan: plan, status: status, after: newState(f, status.worlds, status.place),
		replica: make([]int, n), left: make([]bool, n), begun: make([]bool, n), drop: make([]string, n)}
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	for i := range l.left {
		m := &plan.Moves[i]
		r, ok := at[m.Replica]
		if l.replica[i] = r; !ok {
			l.replica[i] = -1
			continue
		}
		to, ok := f.serverAt[m.To]
		l.left[i] = !ok || status.place[r] != to
	}
	for _, d := range plan.Dropped {
		if d.Index >= 0 && d.Index < n {
			l.left[d.Index] = false
		}
	}
	for _, i := range f.view.Begun[plan.ID] {
		if i >= 0 && i < n {
			l.begun[i] = true
		}
	}
	return l
}

// dropUnreachable drops the moves whose target is gone or has to be empty, and
// makes the others. A move under way to such a target stops the plan: it returns
// why.
func (l *leftover) dropUnreachable() string {
	for i := range l.left {
		if !l.left[i] {
			continue
		}
		m := &l.plan.Moves[i]
		to, ok := l.f.serverAt[m.To]
		why := ""
		switch {
		case !ok:
			why = fmt.Sprintf("target %s of %s is gone", m.To, m.Replica)
		case l.f.closed(to):
			why = fmt.Sprintf("target of %s: %s", m.Replica, l.f.closing[to].reason)
		}
		if why != "" && l.begun[i] {
			return why
		}
		if why != "" {
			l.take(i, why)
		}
	}
	for i := range l.left {
		if l.left[i] {
			l.after.move(l.replica[i], l.f.serverAt[l.plan.Moves[i].To])
		}
	}
	return ""
}

// take drops a move and all that wait for it.
func (l *leftover) take(i int, why string) {
	l.left[i], l.drop[i] = false, why
	for j := range l.left {
		if l.left[j] && !l.begun[j] && slices.Contains(l.plan.Moves[j].After, i) {
			l.take(j, fmt.Sprintf("it waits for the move of %s, which is dropped", l.plan.Moves[i].Replica))
		}
	}
}

// worse tells whether what is left breaks more than stopping here.
func (l *leftover) worse() bool {
	before, then := l.status.total, l.after.total
	return then.broken > before.broken || then.broken == before.broken && then.excess > before.excess
}

// worseText says by how much.
func (l *leftover) worseText() string {
	before, then := l.status.total, l.after.total
	if then.broken > before.broken {
		return fmt.Sprintf("its %d remaining moves would break %d promises, stopping %d", l.count(), then.broken, before.broken)
	}
	return fmt.Sprintf("its %d remaining moves would raise overload from %s to %s", l.count(), percent(before.excess), percent(then.excess))
}

// dropWorse drops moves that the placement is better without in what must hold,
// the last ones first, with those that wait for them.
func (l *leftover) dropWorse() {
	for again := true; again && l.worse(); {
		again = false
		for i := len(l.left) - 1; i >= 0; i-- {
			if !l.left[i] || l.begun[i] {
				continue
			}
			why := l.f.breachOf(l.after, l.f.serverAt[l.plan.Moves[i].To])
			kept, reasons, before := slices.Clone(l.left), slices.Clone(l.drop), l.after.total
			l.take(i, why)
			for j := range kept {
				if kept[j] && !l.left[j] {
					l.after.move(l.replica[j], l.status.place[l.replica[j]])
				}
			}
			now := l.after.total
			if now.broken < before.broken || now.broken == before.broken && now.excess < before.excess {
				again = true
				continue
			}
			for j := range kept {
				if kept[j] && !l.left[j] {
					l.after.move(l.replica[j], l.f.serverAt[l.plan.Moves[j].To])
				}
			}
			l.left, l.drop = kept, reasons
		}
	}
}

// breachOf says what breaks on a server in the futures that must be met.
func (f *fleet) breachOf(st *state, s int) string {
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		for t := range f.periods() {
			if text := st.breachText(s, w, t); text != "" {
				return text
			}
		}
	}
	return fmt.Sprintf("fewer promises break without it on %s", f.servers[s].ID)
}

func (l *leftover) count() int {
	n := 0
	for _, left := range l.left {
		if left {
			n++
		}
	}
	return n
}

func (l *leftover) dropped() []model.DroppedMove {
	var out []model.DroppedMove
	for i, why := range l.drop {
		if why != "" {
			out = append(out, model.DroppedMove{Index: i, Reason: why})
		}
	}
	return out
}

// stop is the verdict on a plan that has become wrong as a whole: it is taken
// back where what it has done so far breaks more than there was before.
func (l *leftover) stop(why string) Verdict {
	back, n := newState(l.f, l.status.worlds, l.status.place), 0
	for i := range l.plan.Moves {
		m := &l.plan.Moves[i]
		from, ok := l.f.serverAt[m.From]
		if r := l.replica[i]; ok && r >= 0 && !l.f.closed(from) && l.f.servers[l.status.place[r]].ID == m.To {
			back.move(r, from)
			n++
		}
	}
	here, there := l.status.total, back.total
	if n > 0 && (there.broken < here.broken || there.broken == here.broken && there.excess < here.excess) {
		return Verdict{Wrong: true, Back: true, Reason: fmt.Sprintf("%s; its %d moves so far are taken back: they break %d promises, before them %d", why, n, here.broken, there.broken)}
	}
	return Verdict{Wrong: true, Reason: why}
}

// recheckUpdate looks at a plan that hands a server over: an update that was
// called off is not begun.
func recheckUpdate(v View, plan model.Plan) Verdict {
	if plan.UpdateID == "" {
		return Verdict{Reason: "announced without an identity"}
	}
	for _, m := range v.Maintenance {
		if m.ID == plan.UpdateID && !m.Cancelled {
			return Verdict{Reason: "still announced"}
		}
	}
	return Verdict{Wrong: true, Reason: fmt.Sprintf("update %s was called off", plan.UpdateID)}
}
