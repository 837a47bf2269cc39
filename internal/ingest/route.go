package ingest

import (
	"fmt"
	"math"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Fed lists the topics that ingest writes and therefore sends heartbeats into.
func Fed() []string {
	return []string{stream.Metrics, stream.Calls, stream.Paths, stream.Servers, stream.Applications,
		stream.Calendar, stream.Maintenance, stream.Control}
}

// Route says where an event goes, or why it is refused.
func Route(event any) ([]stage.Emission, error) { return appendRoute(nil, event) }

// appendRoute is Route that appends to emissions.
func appendRoute(to []stage.Emission, event any) ([]stage.Emission, error) {
	if err := check(event); err != nil {
		return to, err
	}
	one := func(topic string, fleet model.FleetID, key string) []stage.Emission {
		return append(to, stage.Emission{Topic: topic, Fleet: fleet, Key: key, Partition: stage.ByKey, Event: event})
	}
	switch e := event.(type) {
	case model.Metric:
		return one(stream.Metrics, e.Fleet, string(e.Entity)), nil
	case model.Call:
		return one(stream.Calls, e.Fleet, string(e.Caller)), nil
	case model.Path:
		return one(stream.Paths, e.Fleet, string(e.From)), nil
	case model.Server:
		return one(stream.Servers, e.Fleet, string(e.ID)), nil
	case model.Application:
		return one(stream.Applications, e.Fleet, string(e.ID)), nil
	case model.CalendarEvent:
		// The planner reads the calendar; every forecaster partition needs it in
		// its own log, in order with the metrics.
		return append(one(stream.Calendar, e.Fleet, e.ID),
			stage.Emission{Topic: stream.Metrics, Fleet: e.Fleet, Key: e.ID, Partition: stage.EveryPartition, Event: e}), nil
	case model.Maintenance:
		return one(stream.Maintenance, e.Fleet, e.ID), nil
	case model.Control:
		return one(stream.Control, e.Fleet, e.ID), nil
	}
	return to, stage.Reject("schema", "no topic takes a %T", event)
}

// check refuses what no stage could use, naming the field and the value.
func check(event any) error {
	switch e := event.(type) {
	case model.Metric:
		return checkMetric(&e)
	case model.Call:
		return needs("call", e.Fleet, e.At, "caller", string(e.Caller), "callee", string(e.Callee))
	case model.Path:
		return needs("path", e.Fleet, e.At, "from", string(e.From), "to", e.To)
	case model.Server:
		for _, r := range model.Resources() {
			if e.Capacity[r] < 0 {
				return stage.Reject("value", "server %s: capacity of %s is %d: want zero or more", e.ID, r, e.Capacity[r])
			}
		}
		return needs("server", e.Fleet, e.At, "id", string(e.ID))
	case model.Application:
		return checkApplication(&e)
	case model.CalendarEvent:
		if e.End <= e.Start && !e.Cancelled {
			return stage.Reject("value", "calendar event %q: end %v is not after start %v", e.ID, e.End, e.Start)
		}
		return needs("calendar event", e.Fleet, e.At, "id", e.ID)
	case model.Maintenance:
		if e.End <= e.Start && !e.Cancelled {
			return stage.Reject("value", "maintenance %q: end %v is not after start %v", e.ID, e.End, e.Start)
		}
		return needs("maintenance", e.Fleet, e.At, "id", e.ID, "server", string(e.Server))
	case model.Control:
		return needs("control", e.Fleet, e.At, "id", e.ID, "kind", string(e.Kind))
	}
	return nil
}

func checkMetric(m *model.Metric) error {
	if _, _, ok := m.Entity.Split(); !ok {
		return stage.Reject("value", "metric: entity %q: want server:NAME, app:NAME or replica:NAME/INDEX", m.Entity)
	}
	if len(m.Samples) == 0 {
		return stage.Reject("value", "metric of %s at %v: no samples", m.Entity, m.At)
	}
	for _, s := range m.Samples {
		if s.Resource >= model.ResourceCount {
			return stage.Reject("value", "metric of %s: no resource %d", m.Entity, s.Resource)
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0 {
			return stage.Reject("value", "metric of %s: %s is %v: want a number from zero", m.Entity, s.Resource, s.Value)
		}
	}
	return needs("metric", m.Fleet, m.At, "producer", m.Producer)
}

func checkApplication(a *model.Application) error {
	if a.Replicas < 0 || a.MinimumZones < 0 || a.DataBytes < 0 {
		return stage.Reject("value", "application %s: replicas %d, minimum zones %d, data bytes %d: none may be negative",
			a.ID, a.Replicas, a.MinimumZones, a.DataBytes)
	}
	if len(a.Placement) > a.Replicas {
		return stage.Reject("value", "application %s: %d places for %d replicas", a.ID, len(a.Placement), a.Replicas)
	}
	return needs("application", a.Fleet, a.At, "id", string(a.ID))
}

// needs checks the fields that every event has, and named ones of its own.
func needs(what string, fleet model.FleetID, at model.Instant, fields ...string) error {
	if fleet == "" {
		return stage.Reject("value", "%s: no fleet", what)
	}
	if at <= 0 {
		return stage.Reject("value", "%s of fleet %s: no event time", what, fleet)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			return stage.Reject("value", "%s of fleet %s at %v: no %s", what, fleet, at, fields[i])
		}
	}
	return nil
}

// Refused is the error for a batch of which some events were not taken; the
// others were.
type Refused struct {
	Count int
	First error
}

// Error implements error.
func (r *Refused) Error() string {
	return fmt.Sprintf("%d refused, the first: %v", r.Count, r.First)
}

// Unwrap returns the first reason.
func (r *Refused) Unwrap() error { return r.First }
