package planner

import (
	"fmt"
	"slices"

	"drover/internal/graph/demand"
	"drover/internal/model"
	"drover/internal/scenario"
)

// fleet is what is known of one fleet: the durable state, and the forecasts of
// the tick that is being decided.
type fleet struct {
	id        model.FleetID
	state     state
	forecasts map[scenario.ForecastKey]model.Forecast
	policy    Policy
	// linked is worked out from state.Links, nil when one has changed since.
	linked *linked
}

// state is what a snapshot holds; JSON writes its maps in key order.
type state struct {
	Servers      map[model.ServerID]model.Server
	Applications map[model.ApplicationID]model.Application
	Edges        map[string]model.Edge
	Links        map[string]model.Link
	Calendar     map[string]model.CalendarEvent
	Maintenance  map[string]model.Maintenance
	Placement    model.Placement
	// PlacedAt is when each entry of Placement was last heard of: metadata and
	// outcomes both tell, the newer one is right.
	PlacedAt map[model.ReplicaID]model.Instant
	Plans    map[model.PlanID]model.Plan        // not ended
	Begun    map[model.PlanID][]int             // moves of theirs under way or ended
	Stopping map[model.PlanID]bool              // told to stop
	Watched  map[model.PlanID]model.PlanBalance // plans whose balance is open
	Moves    []scenario.RecentMove
	Updates  []scenario.UpdateResult
	Drained  map[model.ServerID]model.Instant
	// Demands estimates what a call costs each application.
	Demands *demand.Tracker
	Policy  []byte
}

func newState() state {
	return state{
		Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{},
		Edges: map[string]model.Edge{}, Links: map[string]model.Link{}, Calendar: map[string]model.CalendarEvent{},
		Maintenance: map[string]model.Maintenance{}, Placement: model.Placement{},
		PlacedAt: map[model.ReplicaID]model.Instant{}, Plans: map[model.PlanID]model.Plan{},
		Drained: map[model.ServerID]model.Instant{}, Stopping: map[model.PlanID]bool{},
		Watched: map[model.PlanID]model.PlanBalance{}, Begun: map[model.PlanID][]int{},
	}
}

func (h *handler) fleet(id model.FleetID) (*fleet, error) {
	if f := h.fleets[id]; f != nil {
		return f, nil
	}
	policy, err := h.config.NewPolicy(id)
	if err != nil {
		return nil, fmt.Errorf("fleet %s: policy: %w", id, err)
	}
	f := &fleet{id: id, state: newState(), forecasts: map[scenario.ForecastKey]model.Forecast{}, policy: policy}
	h.fleets[id] = f
	return f, nil
}

// fold takes one record in; heartbeats and markers have done their work in the
// aligner.
func (h *handler) fold(event any) error {
	id, ok := fleetOf(event)
	if !ok {
		return nil
	}
	f, err := h.fleet(id)
	if err != nil {
		return err
	}
	switch e := event.(type) {
	case model.Forecast:
		f.forecasts[scenario.ForecastKey{Entity: e.Entity, Resource: e.Resource}] = e
	case model.Edge:
		keep(f.state.Edges, string(e.Caller)+"\x00"+string(e.Callee), e, e.Gone)
	case model.Link:
		f.state.Links[string(e.From)+"\x00"+string(e.To)] = e
		f.linked = nil
	case model.Server:
		keep(f.state.Servers, e.ID, e, e.Removed)
	case model.Application:
		f.application(e)
	case model.CalendarEvent:
		keep(f.state.Calendar, e.ID, e, e.Cancelled)
	case model.Maintenance:
		keep(f.state.Maintenance, e.ID, e, e.Cancelled)
	case model.Outcome:
		f.outcome(e)
	case model.Control:
		f.control(e)
	}
	return nil
}

// fleetOf returns the fleet of an event that the planner folds.
func fleetOf(event any) (model.FleetID, bool) {
	switch e := event.(type) {
	case model.Forecast:
		return e.Fleet, true
	case model.Edge:
		return e.Fleet, true
	case model.Link:
		return e.Fleet, true
	case model.Server:
		return e.Fleet, true
	case model.Application:
		return e.Fleet, true
	case model.CalendarEvent:
		return e.Fleet, true
	case model.Maintenance:
		return e.Fleet, true
	case model.Outcome:
		return e.Fleet, true
	case model.Control:
		return e.Fleet, true
	}
	return "", false
}

func keep[K comparable, V any](m map[K]V, key K, value V, gone bool) {
	if gone {
		delete(m, key)
		return
	}
	m[key] = value
}

// application takes metadata: what the application needs, and where its
// replicas were seen.
func (f *fleet) application(a model.Application) {
	keep(f.state.Applications, a.ID, a, a.Removed)
	for index := range max(len(a.Placement), a.Replicas) {
		id := model.NewReplicaID(a.ID, index)
		if index < len(a.Placement) && a.Placement[index] != "" && !a.Removed {
			f.place(id, a.Placement[index], a.At)
		}
	}
	for id := range f.state.Placement {
		if app, index, err := id.Split(); err == nil && app == a.ID && (a.Removed || index >= a.Replicas) {
			delete(f.state.Placement, id)
			delete(f.state.PlacedAt, id)
		}
	}
}

func (f *fleet) place(id model.ReplicaID, on model.ServerID, at model.Instant) {
	if at >= f.state.PlacedAt[id] {
		f.state.Placement[id], f.state.PlacedAt[id] = on, at
	}
}

// outcome learns where replicas run and which plans are over.
func (f *fleet) outcome(o model.Outcome) {
	plan, known := f.state.Plans[o.Plan]
	f.count(o)
	if known && o.MoveIndex >= 0 && !slices.Contains(f.state.Begun[o.Plan], o.MoveIndex) {
		f.state.Begun[o.Plan] = append(f.state.Begun[o.Plan], o.MoveIndex)
	}
	switch o.Kind {
	case model.OutcomeMove:
		if o.MoveIndex == model.PlanMove {
			f.updated(plan, o)
			return
		}
		if o.Server != "" {
			f.place(o.Replica, o.Server, o.At)
		}
		if app, _, err := o.Replica.Split(); err == nil {
			f.state.Moves = append(f.state.Moves, scenario.RecentMove{Replica: o.Replica, Application: app, At: o.At})
		}
	case model.OutcomePlan:
		if known && plan.UpdateServer != "" && (o.State == model.PlanRejected || o.State == model.PlanStopped) {
			f.updated(plan, o)
		}
		if known {
			plan.State = o.State
			keep(f.state.Plans, o.Plan, plan, o.State.Ended())
			if o.State.Ended() {
				delete(f.state.Stopping, o.Plan)
				delete(f.state.Begun, o.Plan)
			}
		}
	}
}

// control notes the orders that concern decisions; the executor has the others.
func (f *fleet) control(c model.Control) {
	switch c.Kind {
	case model.ControlDrain:
		f.state.Drained[c.Server] = c.At
	case model.ControlResume:
		if c.Server != "" {
			delete(f.state.Drained, c.Server)
		}
	case model.ControlUpdate:
		f.order(c)
	case model.ControlUpdateCancel:
		f.callOff(c.Roll)
	case model.ControlUpdateRetry:
		f.retry(c.Roll)
	}
}

// forget drops what has become too old to matter.
func (f *fleet) forget(before model.Instant) {
	moves := f.state.Moves[:0]
	for _, m := range f.state.Moves {
		if m.At >= before {
			moves = append(moves, m)
		}
	}
	f.state.Moves = moves
	f.forgetMaintenance(before)
}
