// Package jaeger reads traces as Jaeger's query API and user interface export
// them: {"data":[{"spans":[...],"processes":{...}}]}, one such trace alone, or
// one a line; also spans alone, as its stores keep them, and all of it in the
// JSON form of Jaeger's protobuf messages (ids in base64, times as texts).
package jaeger

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/otlp"
	"drover/internal/model"
)

type tag struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
	// The form of Jaeger's protobuf messages has a field for each type.
	Text    string          `json:"vStr"`
	Bool    bool            `json:"vBool"`
	Integer json.RawMessage `json:"vInt64"`
}

type reference struct {
	Kind    string `json:"refType"`
	TraceID string `json:"traceID"`
	SpanID  string `json:"spanID"`
}

type process struct {
	Service string `json:"serviceName"`
	Tags    []tag  `json:"tags"`
}

type spanJSON struct {
	TraceID    string          `json:"traceID"`
	SpanID     string          `json:"spanID"`
	ParentID   string          `json:"parentSpanID"`
	Name       string          `json:"operationName"`
	References []reference     `json:"references"`
	Start      json.RawMessage `json:"startTime"`
	Duration   json.RawMessage `json:"duration"`
	Tags       []tag           `json:"tags"`
	ProcessID  string          `json:"processID"`
	Process    *process        `json:"process"`
}

// Parse reads traces; each span is a record and a model.Span.
func Parse(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		if err := document(record, opt, out); err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	})
}

// document reads an answer with "data", or one trace.
func document(record []byte, opt format.Options, out *format.Out) error {
	if !json.Valid(record) {
		return errors.New("not valid JSON")
	}
	list, err := jsonscan.Field(record, "data")
	if err != nil {
		return err
	}
	// Version 3 of the query API answers in OTLP.
	if result, err := jsonscan.Field(record, "result"); err == nil && result != nil && list == nil {
		otlp.ParseTraces(result, opt, out)
		return nil
	}
	if string(list) == "null" {
		return errors.New("\"data\" is null: Jaeger answered that it has no such trace")
	}
	if list == nil {
		return trace(record, opt, out)
	}
	return jsonscan.Array(list, func(element []byte) error { return trace(element, opt, out) })
}

func trace(data []byte, opt format.Options, out *format.Out) error {
	var spans []byte
	var processes map[string]process
	err := jsonscan.Object(data, func(key string, value []byte) error {
		switch key {
		case "spans":
			spans = value
		case "processes":
			return jsonscan.Unmarshal(value, &processes)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	if spans == nil {
		if id, err := jsonscan.Field(data, "spanID"); err != nil || id == nil {
			return errors.New("no \"spans\": this is no trace of Jaeger's")
		}
		spans = append(append([]byte{'['}, data...), ']') // a span alone, as its stores keep them
	}
	if string(spans) == "null" {
		return nil
	}
	return jsonscan.Array(spans, func(element []byte) error {
		s, err := read(element, processes, opt)
		if err != nil {
			out.Reject(fmt.Errorf("span: %w", err))
			return nil
		}
		out.Record(s)
		return nil
	})
}

func read(element []byte, processes map[string]process, opt format.Options) (model.Span, error) {
	var j spanJSON
	if err := jsonscan.Unmarshal(element, &j); err != nil {
		return model.Span{}, err
	}
	if j.TraceID == "" || j.SpanID == "" {
		return model.Span{}, errors.New("traceID and spanID must not be empty")
	}
	start, err1 := startMicros(j.Start)
	duration, err2 := durationMicros(j.Duration)
	if err := errors.Join(err1, err2); err != nil {
		return model.Span{}, fmt.Errorf("%s: %w", j.SpanID, err)
	}
	if len(j.Duration) == 0 {
		duration = -1
	}
	p := j.Process
	if p == nil {
		named, ok := processes[j.ProcessID]
		if !ok {
			return model.Span{}, fmt.Errorf("%s: no process %q: the span's service is unknown", j.SpanID, j.ProcessID)
		}
		p = &named
	}
	s := model.Span{Fleet: opt.Fleet, Producer: opt.Producer,
		TraceID: hexID(j.TraceID), ID: hexID(j.SpanID), ParentID: hexID(j.parent()),
		Service: model.ApplicationID(p.Service), Instance: first(p.Tags, "service.instance.id", "hostname", "host.name", "ip"),
		Name: j.Name, StartMicros: max(start, 0), DurationMicros: max(duration, -1)}
	apply(&s, j.Tags)
	return s, nil
}

// parent returns the span that this one is a child of; a link to another trace
// is no parent.
func (j *spanJSON) parent() string {
	for _, kind := range []string{"CHILD_OF", "FOLLOWS_FROM"} {
		for _, r := range j.References {
			if (r.Kind == kind || r.Kind == "" && kind == "CHILD_OF") && (r.TraceID == "" || strings.EqualFold(r.TraceID, j.TraceID)) {
				return r.SpanID
			}
		}
	}
	return j.ParentID
}

var kinds = map[string]model.SpanKind{"server": model.SpanServer, "client": model.SpanClient, "producer": model.SpanProducer,
	"consumer": model.SpanConsumer, "internal": model.SpanInternal}

// apply reads the tags that the model has fields for.
func apply(s *model.Span, tags []tag) {
	s.Kind = kinds[strings.ToLower(first(tags, "span.kind"))]
	s.Error = first(tags, "error") == "true" || strings.EqualFold(first(tags, "otel.status_code"), "ERROR")
	s.Peer = model.ApplicationID(first(tags, "peer.service", "service.peer.name"))
	s.PeerAddress = first(tags, "server.address", "net.peer.name", "peer.hostname", "peer.address", "peer.ipv4", "net.peer.ip")
	s.MessagingSystem = first(tags, "messaging.system")
	s.MessagingDestination = first(tags, "messaging.destination.name", "messaging.destination", "message_bus.destination")
	s.DatabaseSystem = first(tags, "db.system.name", "db.system", "db.type")
	s.RequestBytes = size(tags, "http.request.body.size", "http.request.size", "http.request_content_length")
	s.ResponseBytes = size(tags, "http.response.body.size", "http.response.size", "http.response_content_length")
}

// first returns the value of the first tag that is there, as text.
func first(tags []tag, names ...string) string {
	for _, n := range names {
		for i := range tags {
			if tags[i].Key != n {
				continue
			}
			text := tags[i].typed()
			if text != "" {
				return text
			}
			if json.Unmarshal(tags[i].Value, &text) != nil {
				text = string(tags[i].Value)
			}
			if text != "" {
				return text
			}
		}
	}
	return ""
}

// typed returns the value of a tag in the protobuf messages' form.
func (t *tag) typed() string {
	switch {
	case t.Text != "":
		return t.Text
	case t.Bool:
		return "true"
	}
	return strings.Trim(string(t.Integer), `"`)
}

func size(tags []tag, names ...string) uint64 {
	n, err := strconv.ParseUint(first(tags, names...), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// hexID returns an id in lower-case hexadecimal; base64 of 8 or 16 bytes, which
// ends in = and so can't be mistaken, is turned into it.
func hexID(id string) string {
	if strings.HasSuffix(id, "=") {
		if raw, err := base64.StdEncoding.DecodeString(id); err == nil {
			return hex.EncodeToString(raw)
		}
	}
	return strings.ToLower(id)
}

// startMicros reads microseconds since the epoch, or a time in RFC 3339.
func startMicros(raw json.RawMessage) (int64, error) {
	text, quoted := unquote(raw)
	if quoted {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return micros(text)
}

// durationMicros reads microseconds, or a text such as 1.5s.
func durationMicros(raw json.RawMessage) (int64, error) {
	text, quoted := unquote(raw)
	if quoted {
		if d, err := time.ParseDuration(text); err == nil {
			return d.Microseconds(), nil
		}
	}
	return micros(text)
}

// unquote returns a JSON number's text, or a string's value.
func unquote(raw json.RawMessage) (text string, quoted bool) {
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	return string(raw), false
}

// micros reads microseconds, which some exporters write with a fraction.
func micros(text string) (int64, error) {
	if text == "" || text == "null" {
		return 0, nil
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f <= 1e18 && f >= -1e18) {
		return 0, fmt.Errorf("%q: want microseconds", text)
	}
	return int64(f), nil
}
