// Package otlp is an OTLP/HTTP receiver of spans for tests.
package otlp

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it was received.
type Span struct {
	Service, Trace, ID, Parent, Name string
	Attributes                       map[string]string
}

// Receiver keeps every span that is sent to it.
type Receiver struct {
	URL     string
	mu      sync.Mutex
	spans   []Span
	headers http.Header // of the last request
}

// Start starts a receiver, which the test ends.
func Start(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := r.take(request); err != nil {
			t.Error(err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *Receiver) take(request *http.Request) error {
	if request.Method != http.MethodPost || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s %s of %s", request.Method, request.URL.Path, request.Header.Get("Content-Type"))
	}
	var body io.Reader = request.Body
	if request.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = packed
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var export collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(b, &export); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = request.Header.Clone()
	for _, resource := range export.GetResourceSpans() {
		service := attributes(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans = append(r.spans, span(service, s))
			}
		}
	}
	return nil
}

func span(service string, s *tracepb.Span) Span {
	return Span{Service: service, Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
		Parent: hex.EncodeToString(s.GetParentSpanId()), Name: s.GetName(), Attributes: attributes(s.GetAttributes())}
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range list {
		out[a.GetKey()] = a.GetValue().GetStringValue()
		if _, number := a.GetValue().GetValue().(*commonpb.AnyValue_IntValue); number {
			out[a.GetKey()] = fmt.Sprint(a.GetValue().GetIntValue())
		}
	}
	return out
}

// Spans returns what has come so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Header returns one of the last request's headers.
func (r *Receiver) Header(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.headers.Get(name)
}

// Rooted returns the spans of each trace that hang together: every span but one
// has its parent among them.
func Rooted(spans []Span) map[string][]Span {
	byTrace := map[string]map[string]Span{}
	for _, s := range spans {
		if byTrace[s.Trace] == nil {
			byTrace[s.Trace] = map[string]Span{}
		}
		byTrace[s.Trace][s.ID] = s
	}
	out := map[string][]Span{}
	for trace, byID := range byTrace {
		roots := 0
		for _, s := range byID {
			if _, ok := byID[s.Parent]; !ok {
				roots++
			}
		}
		if roots != 1 {
			continue
		}
		for _, s := range byID {
			out[trace] = append(out[trace], s)
		}
	}
	return out
}
