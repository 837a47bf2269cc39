package scenario

import (
	"fmt"
	"maps"

	"drover/internal/model"
)

// Question is an ad hoc what-if: servers to empty, servers that come, and a future
// to meet.
type Question struct {
	Drain []model.ServerID
	// Added asks for one more server like each of these, in every future.
	Added  []model.ServerID `json:",omitempty"`
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
	v = withServers(v, q.Added)
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

// Answer is what Drover says to a question.
type Answer struct {
	Evaluation model.Evaluation
	Plan       *model.Plan
	// Without is the answer about the fleet as it is, where servers were asked for.
	Without *model.Evaluation
}

// Ask answers a question. Where it asks for servers, the fleet as it is comes
// first, and the search with them starts from what was found without them: those
// moves stay possible, so that the answer with more servers is never the worse
// one. Where nothing better was found, the moves without them are the answer.
func Ask(v View, cfg Config, q Question, solve Solve) Answer {
	if len(q.Added) == 0 {
		evaluation, plan := WhatIf(v, cfg, q, solve)
		return Answer{Evaluation: evaluation, Plan: plan}
	}
	asIs := q
	asIs.Added = nil
	without, fewer := WhatIf(v, cfg, asIs, solve)
	v.known = v.Placement.Clone()
	if fewer != nil {
		for _, m := range fewer.Moves {
			v.known[m.Replica] = m.To
		}
	}
	with, plan := WhatIf(v, cfg, q, solve)
	if a, b := brokenInBoth(with, without); a > b {
		with, plan = without, fewer
		with.Reason = join("the servers that were asked for gain nothing", []string{with.Reason})
	}
	return Answer{Evaluation: with, Plan: plan, Without: &without}
}

// brokenInBoth sums up the promises that stay broken, over the futures that both
// answers have looked at.
func brokenInBoth(a, b model.Evaluation) (inA, inB int) {
	others := map[string]int{}
	for _, s := range b.Scenarios {
		if s.Kind != model.ScenarioStatusQuo {
			others[s.Name] = s.ViolationsAfter
		}
	}
	for _, s := range a.Scenarios {
		if n, ok := others[s.Name]; ok && s.Kind != model.ScenarioStatusQuo {
			inA, inB = inA+s.ViolationsAfter, inB+n
		}
	}
	return inA, inB
}

// withServers adds a server like each of those named: as great, as dear, in the
// same rack, with the same round trips and without load. It is called after the
// first, as "s12+1". Names that are not there add nothing.
func withServers(v View, like []model.ServerID) View {
	if len(like) == 0 {
		return v
	}
	v.Servers = maps.Clone(v.Servers)
	for _, id := range like {
		s, ok := v.Servers[id]
		if !ok || s.Removed {
			continue
		}
		for n := 1; ok; n++ {
			s.ID = model.ServerID(fmt.Sprintf("%s+%d", id, n))
			_, ok = v.Servers[s.ID]
		}
		s.At, s.Unschedulable, s.AgentURL = v.Tick, false, ""
		v.Servers[s.ID] = s
		v.Links = withLinks(v.Links, id, s.ID)
	}
	return v
}

// withLinks gives a server the ways of the one that it is like.
func withLinks(links []model.Link, like, id model.ServerID) []model.Link {
	out := links[:len(links):len(links)]
	for _, l := range links {
		switch like {
		case l.From:
			l.From = id
		case l.To:
			l.To = id
		default:
			continue
		}
		out = append(out, l)
	}
	return out
}

// asks tells whether a future assumes anything.
func (f Future) asks() bool {
	return f.Quantile != 0 || f.Path != 0 || f.GrowthPPM != 0 || len(f.Load)+len(f.Lost)+len(f.Slow) > 0
}
