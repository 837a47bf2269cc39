package telemetry

import (
	"encoding/hex"
	"strconv"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Context is what W3C's traceparent says: the trace, the span that something
// belongs to, and whether the trace is recorded.
type Context struct {
	Trace   [16]byte
	Span    [8]byte
	Sampled bool
}

// contextLength is that of a traceparent of version 00.
const contextLength = 55

// ParseContext reads a traceparent; ok is false for one that is none.
func ParseContext(text string) (c Context, ok bool) {
	if len(text) < contextLength || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return c, false
	}
	if len(text) > contextLength && (text[:2] == "00" || text[contextLength] != '-') {
		return c, false
	}
	version, err := strconv.ParseUint(text[:2], 16, 8)
	if err != nil || version == 255 {
		return c, false
	}
	if _, err := hex.Decode(c.Trace[:], []byte(text[3:35])); err != nil || c.Trace == [16]byte{} {
		return Context{}, false
	}
	if _, err := hex.Decode(c.Span[:], []byte(text[36:52])); err != nil || c.Span == [8]byte{} {
		return Context{}, false
	}
	flags, err := strconv.ParseUint(text[53:55], 16, 8)
	if err != nil {
		return Context{}, false
	}
	c.Sampled = flags&1 == 1
	return c, true
}

// String returns the traceparent.
func (c Context) String() string {
	flags := "-00"
	if c.Sampled {
		flags = "-01"
	}
	return "00-" + hex.EncodeToString(c.Trace[:]) + "-" + hex.EncodeToString(c.Span[:]) + flags
}

// Kind is a span's role in an exchange.
type Kind uint8

// The kinds.
const (
	Producer Kind = iota
	Consumer
)

// Attribute is one fact about a span; Text counts where it is not empty.
type Attribute struct {
	Key    string
	Text   string
	Number int64
}

// Span is one finished piece of work.
type Span struct {
	Context
	Parent     [8]byte // zero: the trace begins here
	Service    string  // empty: the process's
	Name       string
	Kind       Kind
	Start, End time.Time
	Attributes []Attribute
	Error      string // empty: none
}

// proto returns the span as OTLP has it.
func (s *Span) proto() *tracepb.Span {
	out := &tracepb.Span{TraceId: s.Trace[:], SpanId: s.Context.Span[:], Name: s.Name, Kind: tracepb.Span_SPAN_KIND_CONSUMER, Flags: 1,
		StartTimeUnixNano: uint64(s.Start.UnixNano()), EndTimeUnixNano: uint64(s.End.UnixNano())}
	if s.Parent != [8]byte{} {
		out.ParentSpanId = s.Parent[:]
	}
	if s.Kind == Producer {
		out.Kind = tracepb.Span_SPAN_KIND_PRODUCER
	}
	for _, a := range s.Attributes {
		out.Attributes = append(out.Attributes, a.proto())
	}
	if s.Error != "" {
		out.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.Error}
	}
	return out
}

func (a Attribute) proto() *commonpb.KeyValue {
	value := &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: a.Number}}
	if a.Text != "" {
		value.Value = &commonpb.AnyValue_StringValue{StringValue: a.Text}
	}
	return &commonpb.KeyValue{Key: a.Key, Value: value}
}
