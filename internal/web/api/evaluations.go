package api

import (
	"cmp"
	"slices"
	"sort"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

const micros = 1e6

func evaluationRow(e *model.Evaluation) EvaluationRow {
	return EvaluationRow{Tick: e.Tick, Decision: e.Decision, Plan: e.PlanID, Reason: e.Reason}
}

func evaluationOf(e *model.Evaluation) Evaluation {
	out := Evaluation{EvaluationRow: evaluationRow(e), Scenarios: []Scenario{}, Dropped: e.Dropped, Inputs: []InputOffset{}, Code: e.Code, Stages: stagesOf(e)}
	if out.Dropped == nil {
		out.Dropped = []string{}
	}
	for i := range e.Scenarios {
		r := &e.Scenarios[i]
		sc := Scenario{Name: r.Name, Kind: r.Kind, Weight: round(r.Weight, 4), ViolationsBefore: r.ViolationsBefore, ViolationsAfter: r.ViolationsAfter,
			CostBefore: float64(r.CostBefore) / micros, CostAfter: float64(r.CostAfter) / micros, Worst: []Margin{}}
		for j := range r.Worst {
			sc.Worst = append(sc.Worst, marginOf(r.Name, &r.Worst[j]))
		}
		out.Scenarios = append(out.Scenarios, sc)
	}
	for _, in := range e.Inputs {
		out.Inputs = append(out.Inputs, InputOffset(in))
	}
	return out
}

func stagesOf(e *model.Evaluation) []Stage {
	out := []Stage{}
	for _, s := range e.Stages {
		stage := Stage{Period: s.Period, At: s.At, Moves: []StagedMove{}, ViolationsBefore: s.ViolationsBefore, ViolationsAfter: s.ViolationsAfter,
			Saved: float64(s.SavedMicros) / micros, Reason: s.Reason}
		for _, m := range s.Moves {
			stage.Moves = append(stage.Moves, StagedMove(m))
		}
		out = append(out, stage)
	}
	return out
}

func balanceOf(b *model.PlanBalance) *Balance {
	if b == nil {
		return nil
	}
	return &Balance{Succeeded: b.Succeeded, Failed: b.Failed, ExpectedEnd: b.ExpectedEnd, Ended: b.Ended,
		PromisesBefore: b.PromisesBefore, PromisesExpected: b.PromisesExpected, PromisesHad: b.PromisesHad,
		CostBefore: float64(b.CostBefore) / micros, CostExpected: float64(b.CostExpected) / micros, CostHad: float64(b.CostHad) / micros}
}

func marginOf(scenario string, m *model.Margin) Margin {
	return Margin{Scenario: scenario, Application: m.Application, Kind: m.Kind, Server: m.Server, Margin: float64(m.MarginPPM) / 1e6, Value: m.Value, Limit: m.Limit, Valid: m.Valid}
}

// evaluationAt returns the decision in force at a time (0: the last), or nil.
func evaluationAt(f *readmodel.Fleet, at model.Instant) *model.Evaluation {
	n := len(f.Evaluations)
	if at != 0 {
		n = sort.Search(n, func(i int) bool { return f.Evaluations[i].Tick > at })
	}
	if n == 0 {
		return nil
	}
	return &f.Evaluations[n-1]
}

// marginsOf returns the margins of a decision, the tightest first; overload
// counts as tightest of all.
func marginsOf(e *model.Evaluation) []Margin {
	var all []Margin
	if e == nil {
		return nil
	}
	for i := range e.Scenarios {
		for j := range e.Scenarios[i].Worst {
			all = append(all, marginOf(e.Scenarios[i].Name, &e.Scenarios[i].Worst[j]))
		}
	}
	slices.SortStableFunc(all, func(a, b Margin) int {
		if a.Valid != b.Valid {
			if b.Valid {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Margin, b.Margin), cmp.Compare(a.Application, b.Application), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

func (s *Server) margins(c *call) (any, error) {
	var all []Margin
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, m := range marginsOf(evaluationAt(f, c.at)) {
			if c.holds(string(m.Application), string(m.Kind), m.Scenario) {
				all = append(all, m)
			}
		}
	})
	return paged(c, all)
}

func (s *Server) evaluations(c *call) (any, error) {
	var all []EvaluationRow
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for i := range slices.Backward(f.Evaluations) {
			if e := &f.Evaluations[i]; c.at == 0 || e.Tick <= c.at {
				all = append(all, evaluationRow(e))
			}
		}
	})
	return paged(c, all)
}

func (s *Server) evaluation(c *call) (any, error) {
	tick, err := model.ParseInstant(c.r.PathValue("tick"))
	if err != nil {
		return nil, badRequest("tick: %v", err)
	}
	var out *Evaluation
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		if e := evaluationAt(f, tick); e != nil && e.Tick == tick {
			one := evaluationOf(e)
			out = &one
		}
	})
	if out == nil {
		return nil, notFound("no decision at %v in fleet %s", tick, c.fleet)
	}
	return *out, nil
}
