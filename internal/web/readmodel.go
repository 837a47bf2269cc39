package web

import (
	"slices"
	"strings"
	"sync"

	"drover/internal/model"
)

// Limits of what is kept for display.
const (
	keptPlans       = 200
	keptEvaluations = 200
	keptLines       = 500
)

// ReadModel is what has been seen in the topics, by fleet. It is safe for
// concurrent use.
type ReadModel struct {
	mu     sync.RWMutex
	fleets map[model.FleetID]*fleet
	// changed is closed and replaced whenever something new has been folded.
	changed chan struct{}
}

// fleet is one fleet's part.
type fleet struct {
	servers      map[model.ServerID]model.Server
	applications map[model.ApplicationID]model.Application
	placement    model.Placement
	forecasts    map[forecastKey]model.Forecast
	edges        map[[2]model.ApplicationID]model.Edge
	links        map[[2]model.ServerID]model.Link
	calendar     map[string]model.CalendarEvent
	maintenance  map[string]model.Maintenance
	plans        []*planView // oldest first
	evaluations  []model.Evaluation
	lines        []Line
	now          model.Instant
}

type forecastKey struct {
	entity   model.EntityID
	resource model.Resource
}

// planView is a plan with what became of it.
type planView struct {
	Plan   model.Plan
	State  model.PlanState
	Reason string
	Ended  model.Instant
	Moves  map[int]model.Outcome // the last outcome of each move
	Steps  []model.Step
	Left   []string
}

// Line is one thing that happened, for people.
type Line struct {
	At   model.Instant
	Kind string
	Text string
}

// NewReadModel returns an empty read model.
func NewReadModel() *ReadModel {
	return &ReadModel{fleets: map[model.FleetID]*fleet{}, changed: make(chan struct{})}
}

// Changed returns a channel that is closed when something new has been folded.
func (m *ReadModel) Changed() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changed
}

// Fold takes one event in and returns the line that tells people of it, if it
// is worth one.
func (m *ReadModel) Fold(event any) (Line, bool) {
	id, ok := fleetOf(event)
	if !ok {
		return Line{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.fleets[id]
	if f == nil {
		f = newFleet()
		m.fleets[id] = f
	}
	f.fold(event)
	line, told := describe(event, f)
	if told {
		f.lines = appendBounded(f.lines, line, keptLines)
	}
	close(m.changed)
	m.changed = make(chan struct{})
	return line, told
}

func newFleet() *fleet {
	return &fleet{
		servers: map[model.ServerID]model.Server{}, applications: map[model.ApplicationID]model.Application{},
		placement: model.Placement{}, forecasts: map[forecastKey]model.Forecast{},
		edges: map[[2]model.ApplicationID]model.Edge{}, links: map[[2]model.ServerID]model.Link{},
		calendar: map[string]model.CalendarEvent{}, maintenance: map[string]model.Maintenance{},
	}
}

func appendBounded[T any](list []T, v T, limit int) []T {
	if len(list) >= limit {
		list = slices.Delete(list, 0, len(list)-limit+1)
	}
	return append(list, v)
}

// fleetOf returns the fleet of an event that is shown.
func fleetOf(event any) (model.FleetID, bool) {
	switch e := event.(type) {
	case model.Server:
		return e.Fleet, true
	case model.Application:
		return e.Fleet, true
	case model.Forecast:
		return e.Fleet, true
	case model.Edge:
		return e.Fleet, true
	case model.Link:
		return e.Fleet, true
	case model.CalendarEvent:
		return e.Fleet, true
	case model.Maintenance:
		return e.Fleet, true
	case model.Evaluation:
		return e.Fleet, true
	case model.Plan:
		return e.Fleet, true
	case model.Step:
		return e.Fleet, true
	case model.Outcome:
		return e.Fleet, true
	case model.Control:
		return e.Fleet, true
	}
	return "", false
}

func (f *fleet) fold(event any) {
	switch e := event.(type) {
	case model.Server:
		keep(f.servers, e.ID, e, e.Removed)
	case model.Application:
		keep(f.applications, e.ID, e, e.Removed)
		for i, on := range e.Placement {
			if id := model.NewReplicaID(e.ID, i); f.placement[id] == "" {
				f.placement[id] = on
			}
		}
	case model.Forecast:
		f.forecasts[forecastKey{e.Entity, e.Resource}] = e
		f.now = max(f.now, e.Origin)
	case model.Edge:
		keep(f.edges, [2]model.ApplicationID{e.Caller, e.Callee}, e, e.Gone)
	case model.Link:
		f.links[[2]model.ServerID{e.From, e.To}] = e
	case model.CalendarEvent:
		keep(f.calendar, e.ID, e, e.Cancelled)
	case model.Maintenance:
		keep(f.maintenance, e.ID, e, e.Cancelled)
	case model.Evaluation:
		f.evaluations = appendBounded(f.evaluations, e, keptEvaluations)
		f.now = max(f.now, e.Tick)
	case model.Plan:
		if known := f.plan(e.ID); known != nil {
			known.Reason = "is being stopped: " + e.Reason
			return
		}
		f.plans = appendBounded(f.plans, &planView{Plan: e, State: e.State, Moves: map[int]model.Outcome{}}, keptPlans)
	case model.Step:
		if p := f.plan(e.Plan); p != nil {
			p.Steps = append(p.Steps, e)
		}
	case model.Outcome:
		f.outcome(e)
	}
}

func keep[K comparable, V any](m map[K]V, key K, value V, gone bool) {
	if gone {
		delete(m, key)
		return
	}
	m[key] = value
}

func (f *fleet) plan(id model.PlanID) *planView {
	for i := len(f.plans) - 1; i >= 0; i-- {
		if f.plans[i].Plan.ID == id {
			return f.plans[i]
		}
	}
	return nil
}

func (f *fleet) outcome(o model.Outcome) {
	f.now = max(f.now, o.At)
	if o.Kind == model.OutcomeMove && o.Server != "" {
		f.placement[o.Replica] = o.Server
	}
	p := f.plan(o.Plan)
	if p == nil {
		return
	}
	switch o.Kind {
	case model.OutcomePlan:
		p.State, p.Reason, p.Left = o.State, o.Reason, o.Left
		if o.State.Ended() {
			p.Ended = o.At
		}
	case model.OutcomeMove, model.OutcomeStep:
		p.Moves[o.MoveIndex] = o
	}
}

// sortedKeys returns a map's keys in order.
func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return strings.Compare(string(a), string(b)) })
	return keys
}
