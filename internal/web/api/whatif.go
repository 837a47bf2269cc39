package api

import (
	"context"
	"errors"
	"math"
	"slices"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/scenario/question"
	"drover/internal/solver"
	"drover/internal/web/readmodel"
)

// Budgets of a question.
const (
	defaultEvaluations = 100_000
	maxEvaluations     = 1_000_000
	maxQuestionItems   = 100
)

// whatIf answers a question with the code that plans are made by; nothing is
// carried out. One is answered at a time: it takes a whole core for seconds.
func (s *Server) whatIf(c *call) (any, error) {
	var body WhatIf
	if err := decode(c.r, &body); err != nil {
		return nil, err
	}
	asked, err := body.parse()
	if err != nil {
		return nil, err
	}
	var view scenario.View
	s.Model.View(c.fleet, func(f *readmodel.Fleet) { view = viewOf(f) })
	if len(view.Forecasts) == 0 {
		return nil, conflict("fleet %s has no forecasts yet; ask again when it has", c.fleet)
	}
	if asked.At, err = question.ParseAt(body.At, view.Tick); err != nil {
		return nil, badRequest("%v", err)
	}
	if err := question.Begin(&asked, view); err != nil {
		return nil, badRequest("%v", err)
	}
	config := s.Planning(c.fleet)
	config.Budget = scenario.Budget{Seed: config.Budget.Seed, Evaluations: defaultEvaluations}
	if body.Evaluations > 0 {
		config.Budget.Evaluations = min(body.Evaluations, maxEvaluations)
	}
	found, err := s.decide(c.r.Context(), view, config, asked)
	if err != nil {
		return nil, err
	}
	answer := WhatIfAnswer{Evaluation: evaluationOf(&found.Evaluation)}
	if found.Without != nil {
		without := evaluationOf(found.Without)
		answer.Without = &without
	}
	if found.Plan != nil {
		p := planOf(&readmodel.Run{Plan: *found.Plan}, 0)
		answer.Plan = &p
	}
	return answer, nil
}

// decide answers a question unless nobody waits any more: then it goes on until
// the solver sees that, and the next question waits for it.
func (s *Server) decide(ctx context.Context, view scenario.View, config scenario.Config, asked scenario.Question) (scenario.Answer, error) {
	select {
	case s.asking <- struct{}{}:
	case <-ctx.Done():
		return scenario.Answer{}, ctx.Err()
	}
	answered := make(chan scenario.Answer, 1)
	go func() {
		defer func() { <-s.asking }()
		answered <- scenario.Ask(view, config, asked, func(p *model.Problem, b scenario.Budget) (model.Answer, error) { return solve(ctx, p, b) })
	}()
	select {
	case a := <-answered:
		return a, ctx.Err() // what the solver had found when it was stopped is no answer
	case <-ctx.Done():
		return scenario.Answer{}, ctx.Err()
	}
}

func (w *WhatIf) parse() (scenario.Question, error) {
	if n := len(w.Drain) + len(w.Server) + len(w.Load) + len(w.Lose) + len(w.Slow); n > maxQuestionItems {
		return scenario.Question{}, badRequest("%d changes in one question, more than %d", n, maxQuestionItems)
	}
	if w.Evaluations < 0 {
		return scenario.Question{}, badRequest("evaluations: %d: want 0 or more", w.Evaluations)
	}
	q, err := question.Parse(question.Text{Drain: w.Drain, Server: w.Server, Load: w.Load, Lose: w.Lose, Slow: w.Slow, Growth: w.Growth, Quantile: w.Quantile})
	var failure *Failure
	if err != nil && !errors.As(err, &failure) {
		return q, badRequest("%v", err)
	}
	return q, err
}

// solve is solver.Decide, as long as somebody waits for the answer.
func solve(ctx context.Context, p *model.Problem, b scenario.Budget) (model.Answer, error) {
	a, err := solver.Improve(ctx, p, b.Incumbent, solver.Options{Seed: b.Seed, Evaluations: b.Evaluations, Threads: 1}, nil)
	if err != nil {
		return model.Answer{}, err
	}
	return *a, nil
}

// viewOf copies what a decision needs: the question is answered after the model
// has been given back.
func viewOf(f *readmodel.Fleet) scenario.View {
	v := scenario.View{Fleet: f.ID, Interval: readmodel.HistoryStep, Placement: f.Placement.Clone(),
		Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{},
		Forecasts: map[scenario.ForecastKey]model.Forecast{}, Drained: map[model.ServerID]model.Instant{}}
	for id, s := range f.Servers {
		v.Servers[id] = s
	}
	for id, a := range f.Applications {
		if d, ok := f.Demands[id]; ok && a.DemandMicros == 0 {
			a.DemandMicros = int64(math.Round(d.Micros)) // as the planner does
		}
		v.Applications[id] = a
	}
	for id, at := range f.Drained {
		v.Drained[id] = at
	}
	f.EachForecast(func(fc *readmodel.Forecast) {
		v.Tick = max(v.Tick, fc.Origin)
		v.Forecasts[scenario.ForecastKey{Entity: fc.Entity, Resource: fc.Resource}] = fc.Unpacked()
	})
	for _, e := range f.Edges {
		if e.GoneAt == 0 {
			v.Edges = append(v.Edges, e.Edge)
		}
	}
	for _, l := range f.Links {
		v.Links = append(v.Links, l)
	}
	for _, id := range sortedKeys(f.Calendar) {
		v.Calendar = append(v.Calendar, f.Calendar[id])
	}
	for _, id := range sortedKeys(f.Maintenance) {
		v.Maintenance = append(v.Maintenance, f.Maintenance[id])
	}
	slices.SortFunc(v.Edges, func(a, b model.Edge) int {
		return slices.Compare([]model.ApplicationID{a.Caller, a.Callee}, []model.ApplicationID{b.Caller, b.Callee})
	})
	slices.SortFunc(v.Links, func(a, b model.Link) int {
		return slices.Compare([]model.ServerID{a.From, a.To}, []model.ServerID{b.From, b.To})
	})
	return v
}
