// Package zipkin reads spans of Zipkin, JSON version 2 and version 1: a list of
// spans, a list of traces, or one span a line.
//
// Source: Zipkin's API definition and its rules for converting version 1. A
// version 1 span with both client and server annotations stands for two
// version 2 spans that share an id.
package zipkin

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// endpoint is one side of a span.
type endpoint struct {
	Service string          `json:"serviceName"`
	IPv4    string          `json:"ipv4"`
	IPv6    string          `json:"ipv6"`
	Port    json.RawMessage `json:"port"`
}

// name returns the service in lower case, as Zipkin keeps it.
func (e *endpoint) name() model.ApplicationID { return model.ApplicationID(strings.ToLower(e.Service)) }

func (e *endpoint) address() string {
	if e == nil {
		return ""
	}
	host := e.IPv4
	if host == "" {
		host = e.IPv6
	}
	if port := strings.Trim(string(e.Port), `"`); host != "" && port != "" && port != "0" && port != "null" {
		return host + ":" + port
	}
	return host
}

type spanJSON struct {
	TraceID   string      `json:"traceId"`
	ID        string      `json:"id"`
	ParentID  string      `json:"parentId"`
	Kind      string      `json:"kind"`
	Name      string      `json:"name"`
	Timestamp json.Number `json:"timestamp"`
	Duration  json.Number `json:"duration"`
	Local     *endpoint   `json:"localEndpoint"`
	Remote    *endpoint   `json:"remoteEndpoint"`
	Shared    bool        `json:"shared"`
	Tags      tags        `json:"tags"`

	// Version 1 only.
	Annotations []annotation `json:"annotations"`
	Binary      []binary     `json:"binaryAnnotations"`
}

// text is a tag's value; numbers and truth values are taken as they are written.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
		return nil
	}
	*t = text(b)
	return nil
}

// tags are those of a span that the model has fields for.
type tags map[string]text

// told lists the tags that applyTags reads.
var told = map[string]bool{"error": true, "messaging.system": true, "messaging.destination.name": true, "messaging.destination": true, "kafka.topic": true,
	"db.system.name": true, "db.system": true, "db.type": true, "http.request.size": true, "http.request.body.size": true, "http.request_content_length": true,
	"http.response.size": true, "http.response.body.size": true, "http.response_content_length": true}

// UnmarshalJSON implements json.Unmarshaler. Spans carry many tags of which few
// are asked for.
func (t *tags) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	*t = tags{}
	return jsonscan.Object(b, func(key string, value []byte) error {
		if !told[key] {
			return nil
		}
		var v text
		if err := v.UnmarshalJSON(value); err != nil {
			return err
		}
		(*t)[key] = v
		return nil
	})
}

// Parse reads spans; each is a record and a model.Span (a version 1 span may be
// two). An element that is an array is a trace.
func Parse(data []byte, opt format.Options, out *format.Out) {
	one := func(record []byte, line int) {
		if err := read(record, opt, out); err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	}
	jsonscan.Records(data, out, func(record []byte, line int) {
		if len(record) == 0 || record[0] != '[' {
			one(record, line)
			return
		}
		err := jsonscan.Array(record, func(element []byte) error {
			one(element, line)
			return nil
		})
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	})
}

var kinds = map[string]model.SpanKind{"": model.SpanUnspecified, "CLIENT": model.SpanClient, "SERVER": model.SpanServer,
	"PRODUCER": model.SpanProducer, "CONSUMER": model.SpanConsumer}

func read(record []byte, opt format.Options, out *format.Out) error {
	var j spanJSON
	if err := jsonscan.Unmarshal(record, &j); err != nil {
		return err
	}
	for _, id := range []struct {
		name, value string
		most        int
		needed      bool
	}{{"traceId", j.TraceID, 32, true}, {"id", j.ID, 16, true}, {"parentId", j.ParentID, 16, false}} {
		if err := checkID(id.value, id.most, id.needed); err != nil {
			return fmt.Errorf("%s %q: %w", id.name, id.value, err)
		}
	}
	start, err := micros(j.Timestamp)
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	duration := int64(-1)
	if j.Duration != "" {
		if duration, err = micros(j.Duration); err != nil {
			return fmt.Errorf("duration: %w", err)
		}
	}
	s := model.Span{Fleet: opt.Fleet, Producer: opt.Producer,
		TraceID: normalID(j.TraceID), ID: normalID(j.ID), ParentID: normalID(j.ParentID),
		Name: j.Name, StartMicros: start, DurationMicros: duration, Shared: j.Shared}
	out.Read()
	if j.isV1() {
		j.emitV1(s, out)
		return nil
	}
	kind, known := kinds[strings.ToUpper(j.Kind)]
	if !known {
		kind = model.SpanUnspecified
	}
	s.Kind = kind
	setLocal(&s, j.Local)
	if j.Remote != nil {
		s.Peer, s.PeerAddress = j.Remote.name(), j.Remote.address()
	}
	applyTags(&s, j.Tags)
	out.Emit(s)
	return nil
}

// applyTags reads the tags that the model has fields for.
func applyTags(s *model.Span, tags tags) {
	if _, failed := tags["error"]; failed {
		s.Error = true
	}
	s.MessagingSystem = string(tags["messaging.system"])
	s.MessagingDestination = first(tags, "messaging.destination.name", "messaging.destination", "kafka.topic")
	s.DatabaseSystem = first(tags, "db.system.name", "db.system", "db.type")
	s.RequestBytes = size(tags, "http.request.size", "http.request.body.size", "http.request_content_length")
	s.ResponseBytes = size(tags, "http.response.size", "http.response.body.size", "http.response_content_length")
}

func first(tags tags, names ...string) string {
	for _, n := range names {
		if v := tags[n]; v != "" {
			return string(v)
		}
	}
	return ""
}

func size(tags tags, names ...string) uint64 {
	n, err := strconv.ParseUint(first(tags, names...), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// micros reads a whole number of microseconds; some producers write fractions.
func micros(n json.Number) (int64, error) {
	if n == "" {
		return 0, nil
	}
	if v, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		if v < 0 {
			return 0, fmt.Errorf("%s: want a number from 0", n)
		}
		return v, nil
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || f < 0 || f > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q: want a number from 0", string(n))
	}
	return int64(f), nil
}

// checkID refuses an identity that is no hexadecimal of the right length.
func checkID(id string, most int, needed bool) error {
	if id == "" {
		if needed {
			return errors.New("is missing")
		}
		return nil
	}
	if len(id) > most {
		return fmt.Errorf("want at most %d hexadecimal digits", most)
	}
	for i := 0; i < len(id); i++ {
		c := id[i] | 0x20
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return errors.New("want hexadecimal digits")
		}
	}
	return nil
}

// normalID pads an identity to 16 or 32 digits in lower case, as Zipkin does; an
// identity of zeros is none.
func normalID(id string) string {
	id = strings.ToLower(id)
	if strings.Trim(id, "0") == "" {
		return ""
	}
	width := 16
	if len(id) > 16 {
		width = 32
	}
	return strings.Repeat("0", width-len(id)) + id
}
