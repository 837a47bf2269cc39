package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

// Feed is where a simulated fleet sends what it measures: a door over HTTP, or
// ingest itself.
type Feed interface {
	Publish(ctx context.Context, events []any) error
	Heartbeat(ctx context.Context, at model.Instant, final bool) error
}

// Play lets a simulated fleet live: it sends history and measurements, and
// takes in what the executor does.
type Play struct {
	fleet *simfleet.Fleet
	feed  Feed
	now   model.Instant
	// moves of plans under way, to see copies begin.
	moves map[model.PlanID][]model.Move
	// routes is when traceroutes are due next.
	routes model.Instant
}

// Timings of what a fleet sends besides metrics.
const (
	routesEvery     = 10 * time.Minute
	inventoryLead   = time.Minute
	callHistory     = 6 * time.Hour
	historyPerBatch = 6 * time.Hour
)

// NewPlay returns a play at the start of the fleet's history.
func NewPlay(fleet *simfleet.Fleet, feed Feed) *Play {
	spec := fleet.Spec()
	return &Play{fleet: fleet, feed: feed, now: spec.Start.Add(-spec.History), moves: map[model.PlanID][]model.Move{}}
}

// Now returns the event time up to which the fleet has been measured.
func (p *Play) Now() model.Instant { return p.now }

// Resume goes on behind an earlier run that has measured everything up to at;
// what was done to the fleet since has been observed.
func (p *Play) Resume(at model.Instant) { p.now = at }

// History sends everything before the start of the live part, without
// heartbeats: nothing is to be decided about the past.
func (p *Play) History(ctx context.Context, progress func(done float64)) error {
	spec := p.fleet.Spec()
	begin := p.now
	if err := p.feed.Publish(ctx, p.fleet.Announcements(model.NoInstant, begin)); err != nil {
		return fmt.Errorf("announcements: %w", err)
	}
	for p.now < spec.Start {
		var batch []any
		for until := p.now.Add(historyPerBatch); p.now < until && p.now < spec.Start; {
			next := min(p.now.Add(spec.HistoryInterval), spec.Start)
			batch = append(batch, p.fleet.Announcements(p.now, next)...)
			for _, e := range p.fleet.Measure(next, next.Sub(p.now)) {
				if _, call := e.(model.Call); !call || spec.Start.Sub(next) < callHistory {
					batch = append(batch, e)
				}
			}
			p.now = next
		}
		if err := p.feed.Publish(ctx, batch); err != nil {
			return fmt.Errorf("history up to %v: %w", p.now, err)
		}
		if progress != nil {
			progress(float64(p.now-begin) / float64(spec.Start-begin))
		}
	}
	if err := p.feed.Publish(ctx, p.fleet.Inventory(spec.Start.Add(-inventoryLead))); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return p.feed.Heartbeat(ctx, p.now, false)
}

// Step measures one interval and says that it is complete.
func (p *Play) Step(ctx context.Context) error {
	spec := p.fleet.Spec()
	next := p.now.Add(spec.Interval)
	events := append(p.fleet.Announcements(p.now, next), p.fleet.Measure(next, spec.Interval)...)
	if next >= p.routes {
		events = append(events, p.fleet.Traceroutes(next)...)
		p.routes = next.Add(cmp.Or(spec.RoutesEvery, routesEvery))
	}
	if err := p.feed.Publish(ctx, events); err != nil {
		return fmt.Errorf("measurements at %v: %w", next, err)
	}
	p.now = next
	return p.feed.Heartbeat(ctx, next, false)
}

// Observe takes one record of plans, steps or outcomes: copies begin and
// replicas change places.
func (p *Play) Observe(event any) {
	switch e := event.(type) {
	case model.Plan:
		if e.Fleet == p.fleet.Spec().Fleet && !e.Again() {
			p.moves[e.ID] = e.Moves
		}
	case model.Step:
		if e.Kind == model.StepReplicate && e.Phase == model.PhaseIntent {
			for _, m := range p.moves[e.Plan] {
				if m.Index == e.MoveIndex {
					p.fleet.Begin(m.Directed(e))
				}
			}
		}
	case model.Outcome:
		p.fleet.Apply(e)
		if e.Kind == model.OutcomePlan && e.State.Ended() {
			delete(p.moves, e.Plan)
		}
	}
}
