package planner

import (
	"fmt"

	"drover/internal/model"
	"drover/internal/scenario"
)

// ScenarioPolicy decides by what-if futures: the scenario core with a solver.
// It remembers nothing between ticks.
type ScenarioPolicy struct {
	Config scenario.Config
	Solve  scenario.Solve
}

// Decide implements Policy.
func (p ScenarioPolicy) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	evaluation, plan := scenario.Decide(v, p.Config, p.Solve)
	if err := checkPlan(v, plan); err != nil {
		// A plan that contradicts what is known is a defect; holding is the safe answer.
		evaluation.PlanID, evaluation.Decision, evaluation.Reason = "", "hold", err.Error()
		return evaluation, nil, nil
	}
	return evaluation, plan, nil
}

// Recheck implements Rechecker.
func (p ScenarioPolicy) Recheck(v scenario.View, plan model.Plan) scenario.Verdict {
	return scenario.Recheck(v, p.Config, plan)
}

// checkPlan holds a plan against the view it was made from: a plan that moves
// what isn't there must not leave the planner.
func checkPlan(v scenario.View, plan *model.Plan) error {
	if plan == nil {
		return nil
	}
	for _, m := range plan.Moves {
		if _, ok := v.Servers[m.To]; !ok {
			return fmt.Errorf("plan %s: move %d goes to server %q, which is not there", plan.ID, m.Index, m.To)
		}
		if on := v.Placement[m.Replica]; on != m.From {
			return fmt.Errorf("plan %s: move %d takes %s from %q, it runs on %q", plan.ID, m.Index, m.Replica, m.From, on)
		}
	}
	return nil
}

// AppendSnapshot implements Policy.
func (ScenarioPolicy) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }

// Restore implements Policy.
func (ScenarioPolicy) Restore([]byte) error { return nil }
