package zipkin

import (
	"encoding/json"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// annotation is a dated event; in version 1 it has the endpoint that it
// happened at.
type annotation struct {
	Timestamp json.Number `json:"timestamp"`
	Value     string      `json:"value"`
	Endpoint  *endpoint   `json:"endpoint"`
}

// binary is version 1's tag; of the keys ca, sa and ma the endpoint counts.
type binary struct {
	Key      string          `json:"key"`
	Value    json.RawMessage `json:"value"`
	Endpoint *endpoint       `json:"endpoint"`
}

// isV1 tells whether a span is of version 1.
func (j *spanJSON) isV1() bool {
	if j.Local != nil || j.Remote != nil || j.Kind != "" {
		return false
	}
	if len(j.Binary) > 0 {
		return true
	}
	for i := range j.Annotations {
		if j.Annotations[i].Endpoint != nil {
			return true
		}
	}
	return false
}

// core are the annotations that say which side a span was recorded on.
type core struct{ cs, cr, sr, ss, ms, mr *annotation }

// emitV1 emits the spans that a version 1 span stands for. base has what does
// not depend on the side.
func (j *spanJSON) emitV1(base model.Span, out *format.Out) {
	var c core
	for i := range j.Annotations {
		a := &j.Annotations[i]
		switch a.Value {
		case "cs":
			c.cs = a
		case "cr":
			c.cr = a
		case "sr":
			c.sr = a
		case "ss":
			c.ss = a
		case "ms":
			c.ms = a
		case "mr":
			c.mr = a
		}
	}
	tags := tags{}
	var local *endpoint
	for i := range j.Binary {
		b := &j.Binary[i]
		if b.Key == "ca" || b.Key == "sa" || b.Key == "ma" {
			continue
		}
		var value text
		if len(b.Value) > 0 && value.UnmarshalJSON(b.Value) == nil {
			tags[b.Key] = value
		}
		if local == nil {
			local = b.Endpoint
		}
	}
	applyTags(&base, tags)
	sides := j.sidesV1(base, &c)
	for _, s := range sides {
		out.Emit(s)
	}
	if len(sides) > 0 {
		return
	}
	for i := range j.Annotations {
		if local == nil {
			local = j.Annotations[i].Endpoint
		}
	}
	setLocal(&base, local)
	j.setRemote(&base, "sa", "ca")
	if base.Peer != "" && base.Kind == model.SpanUnspecified && j.peer("sa") != nil {
		base.Kind = model.SpanClient
	}
	out.Emit(base)
}

// sidesV1 returns one span for each side that left annotations.
func (j *spanJSON) sidesV1(base model.Span, c *core) []model.Span {
	var sides []model.Span
	add := func(kind model.SpanKind, begin, end *annotation, remote ...string) {
		if begin == nil && end == nil {
			return
		}
		s := base
		s.Kind = kind
		at := begin
		if at == nil {
			at = end
		}
		setLocal(&s, at.Endpoint)
		j.setRemote(&s, remote...)
		if begin != nil && end != nil {
			from, err1 := micros(begin.Timestamp)
			to, err2 := micros(end.Timestamp)
			if err1 == nil && err2 == nil && to >= from {
				s.StartMicros, s.DurationMicros = from, to-from
			}
		} else if begin != nil && s.StartMicros == 0 {
			s.StartMicros, _ = micros(begin.Timestamp)
		}
		sides = append(sides, s)
	}
	add(model.SpanClient, c.cs, c.cr, "sa")
	add(model.SpanServer, c.sr, c.ss, "ca")
	add(model.SpanProducer, c.ms, nil, "ma")
	add(model.SpanConsumer, c.mr, nil, "ma")
	if len(sides) >= 2 && sides[0].Kind == model.SpanClient && sides[1].Kind == model.SpanServer {
		sides[1].Shared = true
	}
	return sides
}

func setLocal(s *model.Span, e *endpoint) {
	if e != nil {
		s.Service, s.Instance = e.name(), e.address()
	}
}

// peer returns the endpoint of the address annotation of a key.
func (j *spanJSON) peer(key string) *endpoint {
	for i := range j.Binary {
		if j.Binary[i].Key == key {
			return j.Binary[i].Endpoint
		}
	}
	return nil
}

func (j *spanJSON) setRemote(s *model.Span, keys ...string) {
	for _, key := range keys {
		if e := j.peer(key); e != nil {
			s.Peer, s.PeerAddress = e.name(), e.address()
			return
		}
	}
}
