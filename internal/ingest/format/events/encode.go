package events

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Encode returns an event's JSON form, without a line end.
func Encode(event any) ([]byte, error) {
	wire, err := toWire(event)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("event %T: %w", event, err)
	}
	return b, nil
}

func toWire(event any) (any, error) {
	switch e := event.(type) {
	case model.Metric:
		return fromMetric(e), nil
	case *format.Point:
		return fromPoint(e), nil
	case model.Span:
		return fromSpan(e), nil
	case model.Call:
		return wireCall{TypeCall, string(e.Fleet), string(e.Caller), string(e.Callee), when(e.At), e.Producer, origin(e.Origin),
			e.Calls, e.Errors, e.RequestBytes, e.ResponseBytes, e.DurationMicros, e.SpanID}, nil
	case model.Path:
		return fromPath(e), nil
	case model.Server:
		return fromServer(e), nil
	case model.Application:
		return fromApplication(e), nil
	case model.CalendarEvent:
		return wireCalendar{TypeCalendar, string(e.Fleet), e.ID, e.Kind, e.Name, &e.Start, &e.End, when(e.At),
			texts[string](e.Applications), e.UpliftPPM, e.Cancelled}, nil
	case model.Maintenance:
		return wireMaintenance{TypeMaintenance, string(e.Fleet), e.ID, string(e.Server), when(e.Start), when(e.End), when(e.At),
			when(e.EarliestStart), when(e.LatestEnd), e.Duration.Milliseconds(), e.Reason, e.Hook, e.Cancelled}, nil
	case model.Control:
		return wireControl{TypeControl, string(e.Fleet), e.ID, string(e.Kind), string(e.Plan), e.Wave, string(e.Server),
			e.Producer, string(e.Mode), e.By, e.Comment, when(e.At)}, nil
	}
	return nil, fmt.Errorf("event %T has no JSON form", event)
}

func fromMetric(m model.Metric) wireMetric {
	w := wireMetric{Type: TypeMetric, Fleet: string(m.Fleet), Entity: string(m.Entity), At: when(m.At), Producer: m.Producer,
		Samples: make([]wireSample, len(m.Samples))}
	for i, s := range m.Samples {
		kind, unit := "gauge", s.Resource.Unit()
		if s.Kind == model.Counter {
			kind, unit = "counter", totalUnit(s.Resource)
		}
		w.Samples[i] = wireSample{s.Resource.String(), kind, s.Value, unit}
	}
	return w
}

// totalUnit returns the unit of a counter of a resource.
func totalUnit(r model.Resource) string {
	if r == model.CPU {
		return "millicore-seconds"
	}
	return "bytes"
}

func fromPoint(p *format.Point) wirePoint {
	w := wirePoint{Type: TypeSample, Name: p.Name, Unit: p.Unit, At: when(p.At), Value: p.Value}
	if p.Type != format.TypeUnknown {
		w.Kind = p.Type.String()
	}
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		w.Value = strconv.FormatFloat(p.Value, 'g', -1, 64)
	}
	if len(p.Labels) > 0 {
		w.Labels = make(map[string]string, len(p.Labels))
		for _, l := range p.Labels {
			w.Labels[l.Name] = l.Value
		}
	}
	return w
}

func fromSpan(s model.Span) wireSpan {
	w := wireSpan{Type: TypeSpan, Fleet: string(s.Fleet), TraceID: s.TraceID, SpanID: s.ID, ParentID: s.ParentID,
		Service: string(s.Service), Instance: s.Instance, Peer: string(s.Peer), PeerAddress: s.PeerAddress, Name: s.Name,
		StartMicros: s.StartMicros, Error: s.Error, Shared: s.Shared,
		MessagingSystem: s.MessagingSystem, MessagingDestination: s.MessagingDestination, DatabaseSystem: s.DatabaseSystem,
		RequestBytes: s.RequestBytes, ResponseBytes: s.ResponseBytes, Producer: s.Producer}
	if s.Kind != model.SpanUnspecified {
		w.Kind = s.Kind.String()
	}
	if s.DurationMicros >= 0 {
		w.DurationMicros = &s.DurationMicros
	}
	return w
}

func fromPath(p model.Path) wirePath {
	w := wirePath{Type: TypePath, Fleet: string(p.Fleet), From: string(p.From), To: p.To, At: when(p.At), Producer: p.Producer,
		Reached: p.Reached, Hops: make([]wireHop, len(p.Hops))}
	for i, h := range p.Hops {
		w.Hops[i] = wireHop(h)
	}
	return w
}

func fromServer(s model.Server) wireServer {
	w := wireServer{Type: TypeServer, Fleet: string(s.Fleet), ID: string(s.ID), At: when(s.At),
		Capacity: fromVector(s.Capacity), SafetyPPM: fromVector(s.SafetyPPM), Zone: s.Zone, Rack: s.Rack, Labels: s.Labels,
		CostMicrosPerHour: s.CostMicrosPerHour, WakeMillis: s.WakeDuration.Milliseconds(),
		MTBFMillis: s.MTBF.Milliseconds(), MTTRMillis: s.MTTR.Milliseconds(),
		ZoneMTBFMillis: s.ZoneMTBF.Milliseconds(), ZoneMTTRMillis: s.ZoneMTTR.Milliseconds(), CoreSpeedMilli: s.CoreSpeedMilli,
		Unschedulable: s.Unschedulable, Removed: s.Removed, AgentURL: s.AgentURL, DisruptionConcurrency: s.DisruptionConcurrency}
	for _, p := range s.Power {
		w.Power = append(w.Power, wirePower(p))
	}
	return w
}

func fromApplication(a model.Application) wireApplication {
	w := wireApplication{Type: TypeApplication, Fleet: string(a.Fleet), ID: string(a.ID), At: when(a.At), Replicas: a.Replicas,
		Request: fromVector(a.Request), DataBytes: a.DataBytes, Stateful: a.Stateful, MinimumZones: a.MinimumZones,
		AntiAffinity: texts[string](a.AntiAffinity), Affinity: texts[string](a.Affinity),
		AllowedServers: texts[string](a.AllowedServers), DependsOn: texts[string](a.DependsOn),
		MaxMovesPerHour: a.MaxMovesPerHour, MoveCost: a.MoveCost, Driver: a.Driver, Labels: a.Labels,
		Placement: texts[string](a.Placement), DemandMicros: a.DemandMicros, ServiceCVMilli: a.ServiceCVMilli, Removed: a.Removed}
	if a.SLO != (model.SLO{}) {
		slo := wireSLO(a.SLO)
		w.SLO = &slo
	}
	return w
}

// origins are the names of edge origins.
var origins = map[model.EdgeOrigin]string{model.Declared: "declared", model.Observed: "observed", model.Inferred: "inferred"}

func origin(o model.EdgeOrigin) string { return origins[o] }
