package codec

import (
	"drover/internal/model"
)

// event is one type that can stand in a record's body.
type event struct {
	name string // of its Avro record
	// write appends an event of this type, which the caller has made sure of.
	write func(*coder, any)
	read  func(*coder) any
	// head returns the fleet and the producer that the event itself holds;
	// hasFleet is false for events that leave the fleet to the envelope.
	head func(any) (fleet model.FleetID, producer string, hasFleet bool)
}

// of makes an event from the function that codes its fields.
func of[T any](name string, fields func(*coder, *T), head func(*T) (model.FleetID, string, bool)) event {
	return event{
		name: name,
		write: func(c *coder, v any) {
			x := v.(T)
			fields(c, &x)
		},
		read: func(c *coder) any {
			var x T
			fields(c, &x)
			return x
		},
		head: func(v any) (model.FleetID, string, bool) {
			x := v.(T)
			return head(&x)
		},
	}
}

// fleetOf is the head of events without a producer.
func fleetOf[T any](fleet func(*T) model.FleetID) func(*T) (model.FleetID, string, bool) {
	return func(x *T) (model.FleetID, string, bool) { return fleet(x), "", true }
}

// The places of the events within table.
const (
	kindMetric = iota
	kindHeartbeat
	kindMarker
	kindCalendarEvent
	kindPath
	kindCall
	kindServer
	kindApplication
	kindMaintenance
	kindControl
	kindEdge
	kindLink
	kindForecast
	kindEvaluation
	kindPlan
	kindStep
	kindOutcome
	kindReport
	kindBeat
	kindAudit
	kindDeadLetter
	kindCount
)

// table is every event, by kind.
var table = [kindCount]event{
	kindMetric: metricEvent(),
	kindHeartbeat: of("Heartbeat", heartbeat, func(h *model.Heartbeat) (model.FleetID, string, bool) {
		return "", h.Producer, false
	}),
	kindMarker:        of("Marker", marker, func(*model.Marker) (model.FleetID, string, bool) { return "", "", false }),
	kindCalendarEvent: of("CalendarEvent", calendarEvent, fleetOf(func(e *model.CalendarEvent) model.FleetID { return e.Fleet })),
	kindPath:          of("Path", path, func(p *model.Path) (model.FleetID, string, bool) { return p.Fleet, p.Producer, true }),
	kindCall:          of("Call", call, func(m *model.Call) (model.FleetID, string, bool) { return m.Fleet, m.Producer, true }),
	kindServer:        of("Server", server, fleetOf(func(s *model.Server) model.FleetID { return s.Fleet })),
	kindApplication:   of("Application", application, fleetOf(func(a *model.Application) model.FleetID { return a.Fleet })),
	kindMaintenance:   of("Maintenance", maintenance, fleetOf(func(m *model.Maintenance) model.FleetID { return m.Fleet })),
	kindControl:       of("Control", control, fleetOf(func(o *model.Control) model.FleetID { return o.Fleet })),
	kindEdge:          of("Edge", edge, fleetOf(func(e *model.Edge) model.FleetID { return e.Fleet })),
	kindLink:          of("Link", link, fleetOf(func(l *model.Link) model.FleetID { return l.Fleet })),
	kindForecast:      of("Forecast", forecast, fleetOf(func(f *model.Forecast) model.FleetID { return f.Fleet })),
	kindEvaluation:    of("Evaluation", evaluation, fleetOf(func(e *model.Evaluation) model.FleetID { return e.Fleet })),
	kindPlan:          of("Plan", plan, fleetOf(func(p *model.Plan) model.FleetID { return p.Fleet })),
	kindStep:          of("Step", step, fleetOf(func(s *model.Step) model.FleetID { return s.Fleet })),
	kindOutcome:       of("Outcome", outcome, fleetOf(func(o *model.Outcome) model.FleetID { return o.Fleet })),
	kindReport:        of("Report", report, fleetOf(func(a *model.Report) model.FleetID { return a.Fleet })),
	kindBeat:          of("Beat", beat, func(*model.Beat) (model.FleetID, string, bool) { return "", "", false }),
	kindAudit:         of("Audit", audit, fleetOf(func(a *model.Audit) model.FleetID { return a.Fleet })),
	kindDeadLetter:    of("DeadLetter", deadLetter, func(*model.DeadLetter) (model.FleetID, string, bool) { return "", "", false }),
}

// metricEvent reads into the coder's own memory: one allocation, the boxed value,
// is left.
func metricEvent() event {
	e := of("Metric", metric, func(m *model.Metric) (model.FleetID, string, bool) { return m.Fleet, m.Producer, true })
	e.read = func(c *coder) any {
		c.metric = model.Metric{}
		metric(c, &c.metric)
		return c.metric
	}
	return e
}

// kindOf returns the place of an event's type, or -1.
func kindOf(v any) int {
	switch v.(type) {
	case model.Metric:
		return kindMetric
	case model.Heartbeat:
		return kindHeartbeat
	case model.Marker:
		return kindMarker
	case model.CalendarEvent:
		return kindCalendarEvent
	case model.Path:
		return kindPath
	case model.Call:
		return kindCall
	case model.Server:
		return kindServer
	case model.Application:
		return kindApplication
	case model.Maintenance:
		return kindMaintenance
	case model.Control:
		return kindControl
	case model.Edge:
		return kindEdge
	case model.Link:
		return kindLink
	case model.Forecast:
		return kindForecast
	case model.Evaluation:
		return kindEvaluation
	case model.Plan:
		return kindPlan
	case model.Step:
		return kindStep
	case model.Outcome:
		return kindOutcome
	case model.Report:
		return kindReport
	case model.Beat:
		return kindBeat
	case model.Audit:
		return kindAudit
	case model.DeadLetter:
		return kindDeadLetter
	}
	return -1
}
