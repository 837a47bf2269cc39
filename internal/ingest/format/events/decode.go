package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// Parse reads events, one a line or in an array; each is a record. Events of
// another fleet than opt's are refused.
func Parse(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		event, err := Decode(record, opt)
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		out.Record(event)
	})
}

// Decode reads one event's JSON form. Unknown fields are faults: a misspelt
// field would otherwise be lost in silence.
func Decode(record []byte, opt format.Options) (any, error) {
	var head struct {
		Type  string `json:"type"`
		Fleet string `json:"fleet"`
	}
	if err := json.Unmarshal(record, &head); err != nil {
		return nil, err
	}
	if head.Fleet != "" && opt.Fleet != "" && head.Fleet != string(opt.Fleet) {
		return nil, fmt.Errorf("fleet %q: the sender (or --fleet) is of fleet %q: leave it out of the records, or send as that fleet", head.Fleet, opt.Fleet)
	}
	if opt.Fleet == "" {
		opt.Fleet = model.FleetID(head.Fleet)
	}
	switch head.Type {
	case TypeMetric:
		return decode(record, opt, toMetric)
	case TypeSpan:
		return decode(record, opt, toSpan)
	case TypeCall:
		return decode(record, opt, toCall)
	case TypePath:
		return decode(record, opt, toPath)
	case TypeServer:
		return decode(record, opt, toServer)
	case TypeApplication:
		return decode(record, opt, toApplication)
	case TypeCalendar:
		return decode(record, opt, toCalendar)
	case TypeMaintenance:
		return decode(record, opt, toMaintenance)
	case TypeControl:
		return decode(record, opt, toControl)
	}
	return nil, fmt.Errorf("type %q: want metric, span, call, path, server, application, calendar, maintenance or control", head.Type)
}

// decode reads the wire form and converts it.
func decode[W any](record []byte, opt format.Options, convert func(W, format.Options) (any, error)) (any, error) {
	var wire W
	d := json.NewDecoder(bytes.NewReader(record))
	d.DisallowUnknownFields()
	if err := d.Decode(&wire); err != nil {
		return nil, err
	}
	return convert(wire, opt)
}

// at returns the time of an event, the time of receipt where it has none.
func at(t *instant, opt format.Options) model.Instant {
	if t == nil {
		return opt.At
	}
	return *t
}

func producer(named string, opt format.Options) string {
	if named == "" {
		return opt.Producer
	}
	return named
}

func toMetric(w wireMetric, opt format.Options) (any, error) {
	m := model.Metric{Fleet: opt.Fleet, Entity: model.EntityID(w.Entity), At: at(w.At, opt), Producer: producer(w.Producer, opt)}
	if _, _, ok := m.Entity.Split(); !ok {
		return nil, fmt.Errorf("entity %q: want server:NAME, app:NAME or replica:APP/INDEX", w.Entity)
	}
	if len(w.Samples) == 0 {
		return nil, errors.New("samples: at least one is needed")
	}
	for i, s := range w.Samples {
		r, err := model.ParseResource(s.Resource)
		if err != nil {
			return nil, fmt.Errorf("samples[%d]: %w", i, err)
		}
		sample := model.Sample{Resource: r, Value: s.Value}
		switch s.Kind {
		case "", "gauge":
		case "counter":
			sample.Kind = model.Counter
		default:
			return nil, fmt.Errorf("samples[%d].kind %q: want gauge or counter", i, s.Kind)
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0 {
			return nil, fmt.Errorf("samples[%d].value %v: want a finite number from 0", i, s.Value)
		}
		m.Samples = append(m.Samples, sample)
	}
	return m, nil
}

func toSpan(w wireSpan, opt format.Options) (any, error) {
	if w.TraceID == "" || w.SpanID == "" {
		return nil, errors.New("trace_id and span_id must not be empty")
	}
	s := model.Span{Fleet: opt.Fleet, TraceID: w.TraceID, ID: w.SpanID, ParentID: w.ParentID,
		Service: model.ApplicationID(w.Service), Instance: w.Instance, Peer: model.ApplicationID(w.Peer), PeerAddress: w.PeerAddress,
		Name: w.Name, StartMicros: w.StartMicros, DurationMicros: -1, Error: w.Error, Shared: w.Shared,
		MessagingSystem: w.MessagingSystem, MessagingDestination: w.MessagingDestination, DatabaseSystem: w.DatabaseSystem,
		RequestBytes: w.RequestBytes, ResponseBytes: w.ResponseBytes, Producer: producer(w.Producer, opt)}
	if w.DurationMicros != nil {
		s.DurationMicros = max(*w.DurationMicros, -1)
	}
	if w.Kind != "" {
		for s.Kind = model.SpanUnspecified; s.Kind.String() != w.Kind; s.Kind++ {
			if s.Kind > model.SpanConsumer {
				return nil, fmt.Errorf("kind %q: want internal, server, client, producer or consumer", w.Kind)
			}
		}
	}
	return s, nil
}

func toCall(w wireCall, opt format.Options) (any, error) {
	if w.Caller == "" || w.Callee == "" {
		return nil, errors.New("caller and callee must not be empty")
	}
	c := model.Call{Fleet: opt.Fleet, Caller: model.ApplicationID(w.Caller), Callee: model.ApplicationID(w.Callee), At: at(w.At, opt),
		Producer: producer(w.Producer, opt), Origin: model.Observed, Calls: w.Calls, Errors: w.Errors,
		RequestBytes: w.RequestBytes, ResponseBytes: w.ResponseBytes, DurationMicros: w.DurationMicros, SpanID: w.SpanID}
	if w.Errors > w.Calls {
		return nil, fmt.Errorf("errors %d: more than calls %d", w.Errors, w.Calls)
	}
	switch w.Origin {
	case "", "observed":
	case "declared":
		c.Origin = model.Declared
	case "inferred":
		c.Origin = model.Inferred
	default:
		return nil, fmt.Errorf("origin %q: want declared, observed or inferred", w.Origin)
	}
	return c, nil
}

func toPath(w wirePath, opt format.Options) (any, error) {
	if w.From == "" || w.To == "" {
		return nil, errors.New("from and to must not be empty")
	}
	p := model.Path{Fleet: opt.Fleet, From: model.ServerID(w.From), To: w.To, At: at(w.At, opt), Producer: producer(w.Producer, opt), Reached: w.Reached}
	for i, h := range w.Hops {
		if h.TTL < 1 || h.TTL > 255 || h.Lost < 0 {
			return nil, fmt.Errorf("hops[%d]: want ttl from 1 to 255 and lost from 0", i)
		}
		p.Hops = append(p.Hops, model.Hop(h))
	}
	return p, nil
}

func toCalendar(w wireCalendar, opt format.Options) (any, error) {
	e := model.CalendarEvent{Fleet: opt.Fleet, ID: w.ID, Kind: w.Kind, Name: w.Name, Start: orZero(w.Start), End: orZero(w.End),
		At: at(w.At, opt), Applications: texts[model.ApplicationID](w.Applications), UpliftPPM: w.UpliftPPM, Cancelled: w.Cancelled}
	return e, errors.Join(needID(w.ID), window(w.Start, w.End))
}

func toMaintenance(w wireMaintenance, opt format.Options) (any, error) {
	m := model.Maintenance{Fleet: opt.Fleet, ID: w.ID, Server: model.ServerID(w.Server), Start: orZero(w.Start), End: orZero(w.End),
		At: at(w.At, opt), EarliestStart: orZero(w.EarliestStart), LatestEnd: orZero(w.LatestEnd),
		Duration: time.Duration(w.DurationMillis) * time.Millisecond, Reason: w.Reason, Hook: w.Hook, Cancelled: w.Cancelled}
	if w.Server == "" {
		return nil, errors.New("server must not be empty")
	}
	return m, errors.Join(needID(w.ID), window(w.Start, w.End))
}

func toControl(w wireControl, opt format.Options) (any, error) {
	if w.Kind == "" {
		return nil, errors.New("kind must not be empty")
	}
	return model.Control{Fleet: opt.Fleet, ID: w.ID, Kind: model.ControlKind(w.Kind), Plan: model.PlanID(w.Plan), Wave: w.Wave,
		Server: model.ServerID(w.Server), Producer: w.Producer, Mode: model.StopMode(w.Mode), By: w.By, Comment: w.Comment,
		At: at(w.At, opt)}, needID(w.ID)
}

func needID(id string) error {
	if id == "" {
		return errors.New("id must not be empty")
	}
	return nil
}

func window(start, end *instant) error {
	if start == nil || end == nil || *end <= *start {
		return errors.New("start and end: both are needed, and end must be after start")
	}
	return nil
}
