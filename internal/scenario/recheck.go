package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// Verdict is what a second look at a plan in flight says.
type Verdict struct {
	// Wrong plans should be stopped: going on is worse than staying.
	Wrong  bool
	Reason string
}

// Recheck looks at a plan in flight again with what is known now: what is left
// of it must not break more than stopping here would, and its targets must
// still be there. Data too stale to judge leaves the plan alone.
func Recheck(v View, cfg Config, plan model.Plan) Verdict {
	cfg = cfg.WithDefaults()
	f := newFleet(v, cfg)
	if why := f.freshness(); why != "" {
		return Verdict{Reason: "not judged: " + why}
	}
	// Only what must be met can stop a plan.
	futures := slices.DeleteFunc(f.generate(), func(future Future) bool { return !future.Required })
	return f.recheck(newState(f, f.worlds(futures), f.start), &plan)
}

func (f *fleet) recheck(status *state, plan *model.Plan) Verdict {
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	after := newState(f, status.worlds, status.place)
	left := 0
	for _, m := range plan.Moves {
		r, ok := at[m.Replica]
		if !ok {
			continue
		}
		to, ok := f.serverAt[m.To]
		if status.place[r] == to && ok {
			continue
		}
		switch {
		case !ok:
			return Verdict{Wrong: true, Reason: fmt.Sprintf("target %s of %s is gone", m.To, m.Replica)}
		case f.closed(to):
			return Verdict{Wrong: true, Reason: fmt.Sprintf("target of %s: %s", m.Replica, f.closing[to].reason)}
		}
		after.move(r, to)
		left++
	}
	if left == 0 {
		return Verdict{Reason: "every move has ended"}
	}
	before, then := status.total, after.total
	if then.broken > before.broken {
		return Verdict{Wrong: true, Reason: fmt.Sprintf("its %d remaining moves would break %d promises, stopping %d", left, then.broken, before.broken)}
	}
	if then.broken == before.broken && then.excess > before.excess {
		return Verdict{Wrong: true, Reason: fmt.Sprintf("its %d remaining moves would raise overload from %s to %s", left, percent(before.excess), percent(then.excess))}
	}
	return Verdict{Reason: fmt.Sprintf("%d moves left, broken promises %d -> %d", left, before.broken, then.broken)}
}
