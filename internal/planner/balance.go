package planner

import (
	"maps"
	"slices"

	"drover/internal/model"
)

// watch opens a plan's balance with what its evaluation foretells.
func (f *fleet) watch(plan *model.Plan, e *model.Evaluation) {
	b := model.PlanBalance{Plan: plan.ID, Moves: len(plan.Moves)}
	for _, m := range plan.Moves {
		b.ExpectedEnd = max(b.ExpectedEnd, m.EarliestStart.Add(m.ExpectDuration))
	}
	for _, row := range compared(e) {
		b.PromisesBefore += row.ViolationsBefore
		b.PromisesExpected += row.ViolationsAfter
		b.CostBefore += row.CostBefore
		b.CostExpected += row.CostAfter
	}
	f.state.Watched[plan.ID] = b
}

// count notes an outcome in its plan's balance.
func (f *fleet) count(o model.Outcome) {
	b, ok := f.state.Watched[o.Plan]
	if !ok {
		return
	}
	switch {
	case o.Kind == model.OutcomeMove && o.MoveIndex == model.PlanMove: // its server's update
	case o.Kind == model.OutcomeMove && o.OK:
		b.Succeeded++
	case o.Kind == model.OutcomeMove:
		b.Failed++
	case o.Kind == model.OutcomePlan && o.State.Ended():
		b.State, b.Ended = o.State, o.At
	}
	f.state.Watched[o.Plan] = b
}

// balances closes those of plans that have ended, in the order of their
// identities, with what an evaluation foretells of staying as things are now.
// An evaluation that looked at no future leaves them open.
func (f *fleet) balances(e *model.Evaluation) []model.PlanBalance {
	rows := compared(e)
	if len(rows) == 0 {
		return nil
	}
	var out []model.PlanBalance
	for _, id := range slices.Sorted(maps.Keys(f.state.Watched)) {
		b := f.state.Watched[id]
		if b.Ended == model.NoInstant {
			continue
		}
		for _, row := range rows {
			b.PromisesHad += row.ViolationsBefore
			b.CostHad += row.CostBefore
		}
		out = append(out, b)
		delete(f.state.Watched, id)
	}
	return out
}

// compared returns the futures that every decision looks at, so that two can be
// held against each other.
func compared(e *model.Evaluation) []model.ScenarioResult {
	var out []model.ScenarioResult
	for _, row := range e.Scenarios {
		if row.Kind == model.ScenarioExpected || row.Kind == model.ScenarioHighLoad {
			out = append(out, row)
		}
	}
	return out
}
