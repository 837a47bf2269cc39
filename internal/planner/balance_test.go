package planner

import (
	"testing"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stream"
)

// told is a policy that answers with the evaluations and plans of a list.
type told struct {
	stub
	evaluations []model.Evaluation
	plans       []*model.Plan
}

// foretold is an evaluation of two futures that every decision looks at and one
// that not all do.
func foretold(before, after int, cost, costAfter int64) model.Evaluation {
	row := func(kind model.ScenarioKind) model.ScenarioResult {
		return model.ScenarioResult{Kind: kind, ViolationsBefore: before, ViolationsAfter: after, CostBefore: cost, CostAfter: costAfter}
	}
	return model.Evaluation{Scenarios: []model.ScenarioResult{row(model.ScenarioStatusQuo), row(model.ScenarioExpected),
		row(model.ScenarioHighLoad), row(model.ScenarioPath)}}
}

func planned(id model.PlanID) *model.Plan {
	return &model.Plan{Fleet: "f", ID: id, State: model.PlanProposed, Moves: []model.Move{
		{Index: 0, Replica: "web/0", EarliestStart: 10 * minute, ExpectDuration: 60e9},
		{Index: 1, Replica: "web/1", EarliestStart: 12 * minute, ExpectDuration: 120e9},
	}}
}

// balanced returns a fleet with one plan whose balance is open.
func balanced() *fleet {
	f := &fleet{id: "f", state: newState()}
	ev := foretold(3, 1, 900, 500)
	f.state.Plans["p1"] = *planned("p1")
	f.watch(planned("p1"), &ev)
	return f
}

func TestAPlansBalanceIsDrawnUpOnceItHasEnded(t *testing.T) {
	f := balanced()
	f.outcome(model.Outcome{Kind: model.OutcomeMove, Plan: "p1", Replica: "web/0", Server: "s2", OK: true, At: 11 * minute})
	f.outcome(model.Outcome{Kind: model.OutcomeMove, Plan: "p1", Replica: "web/1", At: 15 * minute})
	now := foretold(2, 2, 700, 700)
	if got := f.balances(&now); got != nil {
		t.Fatalf("a plan under way has a balance: %+v", got)
	}
	f.outcome(model.Outcome{Kind: model.OutcomePlan, Plan: "p1", State: model.PlanStopped, At: 16 * minute})
	if got := f.balances(&model.Evaluation{}); got != nil {
		t.Fatalf("a decision that looked at nothing closed a balance: %+v", got)
	}
	want := model.PlanBalance{Plan: "p1", State: model.PlanStopped, Moves: 2, Succeeded: 1, Failed: 1, ExpectedEnd: 14 * minute, Ended: 16 * minute,
		PromisesBefore: 6, PromisesExpected: 2, PromisesHad: 4, CostBefore: 1800, CostExpected: 1000, CostHad: 1400}
	if got := f.balances(&now); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := f.balances(&now); got != nil {
		t.Errorf("the balance was drawn up twice: %+v", got)
	}
}

func TestOutcomesOfUnknownPlansHaveNoBalance(t *testing.T) {
	f := balanced()
	f.outcome(model.Outcome{Kind: model.OutcomePlan, Plan: "other", State: model.PlanSucceeded, At: minute})
	now := foretold(0, 0, 0, 0)
	if got := f.balances(&now); got != nil {
		t.Errorf("%+v", got)
	}
}

func (p *told) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	at := len(p.views)
	p.views = append(p.views, v)
	e := p.evaluations[min(at, len(p.evaluations)-1)]
	e.Fleet, e.Tick = v.Fleet, v.Tick
	if at < len(p.plans) {
		return e, p.plans[at], nil
	}
	return e, nil, nil
}

func TestBalancesGoToTheTopicAndSurviveARestart(t *testing.T) {
	policy := &told{evaluations: []model.Evaluation{foretold(3, 1, 900, 500), foretold(1, 1, 500, 500)}, plans: []*model.Plan{planned("p1")}}
	s := newScene(t)
	config := s.config()
	config.NewPolicy = func(model.FleetID) (Policy, error) { return policy, nil }
	s.task = NewTask(config, 0)
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s1", At: 1})
	s.tick(5 * minute)
	s.tick(10 * minute)
	snapshot, err := s.task.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.task = NewTask(config, 0)
	if err := s.task.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p1", State: model.PlanSucceeded, At: 12 * minute})
	s.tick(15 * minute)
	var got []model.PlanBalance
	for _, e := range s.out {
		if ev, ok := e.Event.(model.Evaluation); ok {
			got = append(got, ev.Balances...)
		}
	}
	if len(got) != 1 || got[0].Plan != "p1" || got[0].State != model.PlanSucceeded || got[0].PromisesHad != 2 {
		t.Errorf("balances on the topic: %+v", got)
	}
}
