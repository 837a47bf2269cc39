package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// rawSpan is a span as either encoding carries it.
type rawSpan struct {
	traceID, id, parentID string // lower-case hexadecimal
	name                  string
	kind                  int
	start, end            uint64 // nanoseconds since the epoch
	failed                bool
	attributes            format.Labels
}

// kinds are OpenTelemetry's span kinds in order.
var kinds = []model.SpanKind{model.SpanUnspecified, model.SpanInternal, model.SpanServer,
	model.SpanClient, model.SpanProducer, model.SpanConsumer}

// span makes a model.Span of a raw one and its resource's attributes.
func span(raw rawSpan, resource format.Labels, opt format.Options) (model.Span, error) {
	if blank(raw.traceID) || blank(raw.id) {
		return model.Span{}, errors.New("span without trace id or span id")
	}
	if err := format.CheckLabels(len(resource) + len(raw.attributes)); err != nil {
		return model.Span{}, fmt.Errorf("span %s: %w", raw.id, err)
	}
	if blank(raw.parentID) {
		raw.parentID = ""
	}
	s := model.Span{
		Fleet: opt.Fleet, Producer: opt.Producer,
		TraceID: raw.traceID, ID: raw.id, ParentID: raw.parentID, Name: raw.name,
		Service:  model.ApplicationID(resource.Get("service.name")),
		Instance: first(resource, "service.instance.id", "k8s.pod.name", "host.name"),
		Error:    raw.failed,
	}
	if raw.kind > 0 && raw.kind < len(kinds) {
		s.Kind = kinds[raw.kind]
	}
	s.StartMicros = int64(raw.start / 1000)
	s.DurationMicros = -1
	if raw.start > 0 && raw.end >= raw.start {
		s.DurationMicros = int64((raw.end - raw.start) / 1000)
	}
	a := raw.attributes
	s.Peer = model.ApplicationID(first(a, "service.peer.name", "peer.service"))
	s.PeerAddress = address(a)
	s.MessagingSystem = a.Get("messaging.system")
	s.MessagingDestination = first(a, "messaging.destination.name", "messaging.destination")
	s.DatabaseSystem = first(a, "db.system.name", "db.system")
	s.RequestBytes = size(a, "http.request.body.size", "http.request.size", "http.request_content_length", "messaging.message.body.size")
	s.ResponseBytes = size(a, "http.response.body.size", "http.response.size", "http.response_content_length")
	return s, nil
}

// address returns the other side's host, with its port where there is one.
func address(a format.Labels) string {
	host := first(a, "server.address", "net.peer.name", "network.peer.address", "net.peer.ip", "net.sock.peer.addr")
	if host == "" {
		return ""
	}
	if port := first(a, "server.port", "net.peer.port", "network.peer.port"); port != "" {
		return host + ":" + port
	}
	return host
}

// first returns the value of the first label that is there.
func first(a format.Labels, names ...string) string {
	for _, n := range names {
		if v := a.Get(n); v != "" {
			return v
		}
	}
	return ""
}

func size(a format.Labels, names ...string) uint64 {
	n, err := strconv.ParseUint(first(a, names...), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// blank tells whether an identity is empty or all zeros.
func blank(id string) bool { return strings.Trim(id, "0") == "" }

// identity reads an id of n bytes from JSON: hexadecimal in either case, or
// base64. An empty one stays empty.
func identity(s string, n int) (string, error) {
	if s == "" {
		return "", nil
	}
	if len(s) == 2*n {
		if _, err := hex.DecodeString(s); err == nil {
			return strings.ToLower(s), nil
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := encoding.DecodeString(s); err == nil && len(b) == n {
			return hex.EncodeToString(b), nil
		}
	}
	return "", fmt.Errorf("id %q: want %d bytes in hexadecimal or base64", s, n)
}
