package scenario

import (
	"drover/internal/model"
)

// Question is an ad hoc what-if: servers to empty and a future to meet.
type Question struct {
	Drain  []model.ServerID
	Future Future
	// At is the tick of the question; zero asks at the view's tick. Forecasts are
	// read from there on; data that is fresh at the view's tick counts as fresh.
	At model.Instant
}

// WhatIf answers a question: how the present placement would fare, and what
// Drover would do about it. Nothing is carried out; the plan is a dry run.
func WhatIf(v View, cfg Config, q Question, solve Solve) (model.Evaluation, *model.Plan) {
	cfg = cfg.WithDefaults()
	cfg.DryRun = true
	if q.At != 0 && q.At > v.Tick {
		cfg.StaleAfter += q.At.Sub(v.Tick)
		v.Tick = q.At
	}
	drained := map[model.ServerID]model.Instant{}
	for s, at := range v.Drained {
		drained[s] = at
	}
	for _, s := range q.Drain {
		drained[s] = v.Tick
	}
	v.Drained = drained
	v.InFlight = nil // the question is about the fleet, not about what is under way
	if q.Future.asks() {
		future := q.Future
		future.Required = true
		if future.Weight == 0 {
			future.Weight = 1
		}
		if future.Kind == "" {
			future.Kind = model.ScenarioUser
		}
		cfg.Futures = append([]Future{future}, cfg.Futures...)
	}
	return Decide(v, cfg, solve)
}

// asks tells whether a future assumes anything.
func (f Future) asks() bool {
	return f.Quantile != 0 || f.Path != 0 || f.GrowthPPM != 0 || len(f.Load)+len(f.Lost)+len(f.Slow) > 0
}
