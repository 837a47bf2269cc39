package stream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/codec"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/telemetry"
)

// traceKey is the context key of a traceparent.
type traceKey struct{}

// WithTrace returns a context whose publications belong to a W3C trace; an empty
// traceparent changes nothing.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// newContext returns that of a trace that begins here.
func newContext() (c telemetry.Context) {
	_, _ = rand.Read(c.Trace[:]) // never fails
	_, _ = rand.Read(c.Span[:])
	return c
}

// trace returns the traceparent of a publication and, where it is recorded, its
// span. A heartbeat says that all before it has been sent: what it sets off
// belongs to the trace of the last recorded publication before it.
func (p *Producer) trace(ctx context.Context, emissions []stage.Emission) (string, *telemetry.Span) {
	given, _ := ctx.Value(traceKey{}).(string)
	settings := &p.conn.settings
	if settings.Spans == nil && given != "" {
		return given, nil
	}
	own := newContext()
	if settings.Spans == nil {
		own.Sampled = true // whoever reads it may record it
		return own.String(), nil
	}
	parent, follows := telemetry.ParseContext(given)
	if !follows && beats(emissions) {
		if before := p.before.Swap(nil); before != nil {
			parent, follows = telemetry.ParseContext(*before)
		}
	}
	if follows {
		own.Trace, own.Sampled = parent.Trace, parent.Sampled
	} else {
		own.Sampled = int64(binary.BigEndian.Uint64(own.Trace[8:])%1_000_000) < settings.SampledPPM
	}
	if !own.Sampled {
		return own.String(), nil
	}
	return own.String(), &telemetry.Span{Context: own, Parent: parent.Span, Kind: telemetry.Producer, Start: time.Now()}
}

func beats(emissions []stage.Emission) bool {
	if len(emissions) == 0 {
		return false
	}
	_, ok := emissions[0].Event.(model.Heartbeat)
	return ok
}

// published ends a publication's span; it may be nil.
func (p *Producer) published(span *telemetry.Span, trace string, emissions []stage.Emission, err error) {
	if span == nil || len(emissions) == 0 {
		return
	}
	first := &emissions[0]
	span.End, span.Name = time.Now(), "publish "+first.Topic
	span.Attributes = []telemetry.Attribute{{Key: "messaging.system", Text: "kafka"}, {Key: "messaging.destination.name", Text: p.conn.Name(first.Topic)},
		{Key: "messaging.batch.message_count", Number: int64(len(emissions))}, {Key: "drover.event", Text: codec.TypeName(first.Event)}}
	if err != nil {
		span.Error = err.Error()
	} else if !beats(emissions) {
		p.before.Store(&trace)
	}
	p.conn.settings.Spans(*span)
}

// handling is the work on one input record, as far as it is recorded.
type handling struct {
	part  *part
	in    *input
	rec   *kgo.Record
	from  telemetry.Context
	trace string // the input's traceparent; empty: nothing is recorded
	start time.Time
}

// handling begins the span of a record's handling where its trace is recorded.
func (p *part) handling(in *input, rec *kgo.Record) (h handling) {
	if p.loop.conn.settings.Spans == nil {
		return h
	}
	trace := header(rec.Headers, headerTrace)
	from, ok := telemetry.ParseContext(trace)
	if !ok || !from.Sampled {
		return h
	}
	return handling{part: p, in: in, rec: rec, from: from, trace: trace, start: time.Now()}
}

// ended records the handling. A part that only catches up with what was done
// before records nothing.
func (h *handling) ended(event any, emitted int, err error) {
	if h.part == nil || h.part.catching {
		return
	}
	ids := newIssuer(h.in.source, h.rec.Offset, "")
	span := h.part.span(h.in, h.rec, h.from, spanOf(ids.seed))
	span.Name, span.Kind, span.Start = "process "+h.in.topic, telemetry.Consumer, h.start
	span.Attributes = append(span.Attributes, telemetry.Attribute{Key: "drover.event", Text: codec.TypeName(event)},
		telemetry.Attribute{Key: "drover.emitted", Number: int64(emitted)})
	if err != nil {
		span.Error = err.Error()
	}
	h.part.loop.conn.settings.Spans(span)
}

// followed records an emission that follows from something else than the record
// that brought it about.
func (p *part) followed(in *input, rec *kgo.Record, ids *issuer, i int, e *stage.Emission) {
	if e.Trace == "" || p.loop.conn.settings.Spans == nil {
		return
	}
	parent, ok := telemetry.ParseContext(e.Trace)
	if !ok || !parent.Sampled {
		return
	}
	span := p.span(in, rec, parent, ids.follow(int64(i), parent).Span)
	span.Name, span.Kind, span.Start = "publish "+e.Topic, telemetry.Producer, span.End
	span.Attributes = append(span.Attributes, telemetry.Attribute{Key: "drover.event", Text: codec.TypeName(e.Event)},
		telemetry.Attribute{Key: "drover.key", Text: string(e.Fleet) + "|" + e.Key})
	p.loop.conn.settings.Spans(span)
}

// span returns a span of this stage that ends now.
func (p *part) span(in *input, rec *kgo.Record, parent telemetry.Context, id [8]byte) telemetry.Span {
	own := parent
	own.Span = id
	return telemetry.Span{Context: own, Parent: parent.Span, Service: p.loop.config.Stage, End: time.Now(), Attributes: []telemetry.Attribute{
		{Key: "messaging.system", Text: "kafka"}, {Key: "messaging.destination.name", Text: in.name},
		{Key: "messaging.destination.partition.id", Text: strconv.Itoa(int(rec.Partition))}, {Key: "messaging.kafka.offset", Number: rec.Offset}}}
}
