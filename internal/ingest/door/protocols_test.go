package door

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

func sum(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

const (
	typeV1 = "application/x-protobuf"
	typeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
)

// v1 is a remote write 1.0 body with the memory of one server.
func v1(t *testing.T, extra ...prompb.TimeSeries) string {
	t.Helper()
	series := func(name string, value float64) prompb.TimeSeries {
		return prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: name}, {Name: "instance", Value: "h1:9100"}},
			Samples: []prompb.Sample{{Value: value, Timestamp: theTime.UnixMilli()}}}
	}
	request := prompb.WriteRequest{Timeseries: append([]prompb.TimeSeries{
		series("node_memory_MemTotal_bytes", 8), series("node_memory_MemAvailable_bytes", 6)}, extra...)}
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(snappy.Encode(nil, body))
}

const memoryOfH1 = `{"type":"metric","fleet":"shop","entity":"server:h1","at":"2026-03-01T10:00:00Z","producer":"prom-a","samples":[{"resource":"memory","kind":"gauge","value":2,"unit":"bytes"}]}` + "\n"

func TestRemoteWrite(t *testing.T) {
	nameless := prompb.TimeSeries{Labels: []prompb.Label{{Name: "a", Value: "b"}}, Samples: []prompb.Sample{{Value: 1}}}
	request2 := writev2.Request{Symbols: []string{"", "__name__", "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes", "instance", "h1:9100"},
		Timeseries: []writev2.TimeSeries{
			{LabelsRefs: []uint32{1, 2, 4, 5}, Samples: []writev2.Sample{{Value: 8, Timestamp: theTime.UnixMilli()}}},
			{LabelsRefs: []uint32{1, 3, 4, 5}, Samples: []writev2.Sample{{Value: 6, Timestamp: theTime.UnixMilli()}}}}}
	body2, err := request2.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, contentType, encoding, body string
		status                            int
		written                           string
		taken                             bool
	}{
		{"1.0", typeV1, "snappy", v1(t), 204, "2", true},
		{"1.0 by name", typeV1 + ";proto=prometheus.WriteRequest", "snappy", v1(t), 204, "2", true},
		{"2.0", typeV2, "snappy", string(snappy.Encode(nil, body2)), 204, "2", true},
		{"partly bad", typeV1, "snappy", v1(t, nameless), 400, "2", true},
		{"not snappy", typeV1, "snappy", "hello", 400, "", false},
		{"cut", typeV1, "snappy", string(snappy.Encode(nil, []byte{0x0a, 0x7f})), 400, "0", false},
		{"other encoding", typeV1, "zstd", v1(t), 415, "", false},
		{"other type", "application/json", "snappy", v1(t), 415, "", false},
		{"other message", typeV1 + ";proto=x.Y", "snappy", v1(t), 415, "", false},
		{"1.0 sent as 2.0", typeV2, "snappy", v1(t), 204, "0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := &memory{}
			w := request{path: "/api/v1/write", token: testToken, contentType: c.contentType, encoding: c.encoding, body: c.body}.send(newServer(t, sink, nil))
			if w.Code != c.status {
				t.Errorf("status %d (%s), want %d", w.Code, w.Body, c.status)
			}
			if got := w.Header().Get("X-Prometheus-Remote-Write-Samples-Written"); got != c.written {
				t.Errorf("written %q, want %q", got, c.written)
			}
			want := ""
			if c.taken {
				want = memoryOfH1
			}
			if got := sink.lines(t); got != want {
				t.Errorf("taken %s", got)
			}
		})
	}
}

func TestRemoteWriteSplitScrape(t *testing.T) {
	sink := &memory{}
	s := newServer(t, sink, nil)
	send := func(at time.Time, modes ...string) {
		var request prompb.WriteRequest
		for _, mode := range modes {
			request.Timeseries = append(request.Timeseries, prompb.TimeSeries{
				Labels:  []prompb.Label{{Name: "__name__", Value: "node_cpu_seconds_total"}, {Name: "instance", Value: "h1"}, {Name: "mode", Value: mode}},
				Samples: []prompb.Sample{{Value: 1, Timestamp: at.UnixMilli()}}})
		}
		body, err := request.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if w := post1(body).send(s); w.Code != 204 {
			t.Fatalf("status %d, %s", w.Code, w.Body)
		}
	}
	send(theTime, "user", "system", "nice")
	later := theTime.Add(time.Minute)
	send(later, "user", "system")
	if n := len(sink.events); n != 1 {
		t.Fatalf("%d metrics after half a scrape, want 1", n)
	}
	send(later, "user", "nice") // one of them again: it counts once
	if got := sink.lines(t); strings.Count(got, `"value":3000`) != 2 {
		t.Errorf("got %s", got)
	}
}

func post1(body []byte) request {
	return request{path: "/api/v1/write", token: testToken, contentType: typeV1, encoding: "snappy", body: string(snappy.Encode(nil, body))}
}

// exportMetrics is an OTLP request with the memory of one host. MetricsData has
// the same fields as the collector's request.
func exportMetrics() *metricspb.MetricsData {
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "host.name", Value: text("h1")}}},
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "system.memory.usage", Unit: "By",
			Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{AggregationTemporality: 2, DataPoints: []*metricspb.NumberDataPoint{{
				TimeUnixNano: uint64(theTime.UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: 2},
				Attributes: []*commonpb.KeyValue{{Key: "state", Value: text("used")}}}}}}}}}}}}}
}

func TestOTLPOverHTTP(t *testing.T) {
	body, err := proto.Marshal(exportMetrics())
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(body)
	_ = z.Close()
	for _, c := range []struct {
		name, path, contentType, encoding, body string
		status                                  int
		answer                                  string
	}{
		{"protobuf", "/v1/metrics", mediaProtobuf, "", string(body), 200, ""},
		{"gzip", "/v1/metrics", mediaProtobuf, "gzip", packed.String(), 200, ""},
		{"json", "/v1/metrics", mediaJSON, "", `{"resourceMetrics":[]}`, 200, "{}"},
		{"broken json", "/v1/metrics", mediaJSON, "", `{"resourceMetrics":`, 400, `"code":3`},
		{"broken protobuf", "/v1/traces", mediaProtobuf, "", "hello", 400, ""},
		{"partly bad", "/v1/traces", mediaJSON, "", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"},{"traceId":"x","spanId":"y"}]}]}]}`,
			200, `"rejectedSpans":"1"`},
		{"other type", "/v1/traces", "text/plain", "", "x", 415, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := &memory{}
			w := request{path: c.path, token: testToken, contentType: c.contentType, encoding: c.encoding, body: c.body}.send(newServer(t, sink, nil))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
				t.Errorf("status %d, %q", w.Code, w.Body)
			}
			if c.contentType == mediaProtobuf && c.status == 200 {
				if got := sink.lines(t); got != memoryOfH1 {
					t.Errorf("taken %s", got)
				}
			}
		})
	}
}

func TestTracesBecomeCalls(t *testing.T) {
	sink := &memory{}
	now := theTime
	s := newServer(t, sink, func(c *Config) { c.Now = func() time.Time { return now } })
	span := func(id, parent byte, service string, kind tracepb.Span_SpanKind) *tracepb.ResourceSpans {
		p := &tracepb.Span{TraceId: bytes.Repeat([]byte{1}, 16), SpanId: bytes.Repeat([]byte{id}, 8), Kind: kind,
			StartTimeUnixNano: uint64(now.UnixNano()), EndTimeUnixNano: uint64(now.UnixNano()) + 5000}
		if parent > 0 {
			p.ParentSpanId = bytes.Repeat([]byte{parent}, 8)
		}
		return &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{p}}},
			Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name",
				Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: service}}}}}}
	}
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{
		span(1, 0, "web", tracepb.Span_SPAN_KIND_SERVER), span(2, 1, "web", tracepb.Span_SPAN_KIND_CLIENT), span(3, 2, "cart", tracepb.Span_SPAN_KIND_SERVER)}})
	if err != nil {
		t.Fatal(err)
	}
	if w := (request{path: "/v1/traces", token: testToken, contentType: mediaProtobuf, body: string(body)}).send(s); w.Code != 200 {
		t.Fatalf("status %d", w.Code)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // Run drains what is gathered when it ends
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := sink.lines(t); !strings.Contains(got, `"caller":"web","callee":"cart"`) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %s", got)
	}
}

func TestOTLPOverGRPC(t *testing.T) {
	sink := &memory{}
	server := newServer(t, sink, nil).GRPC(nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const export = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
	if err := conn.Invoke(context.Background(), export, exportMetrics(), &emptypb.Empty{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+testToken)
	if err := conn.Invoke(ctx, export, exportMetrics(), &emptypb.Empty{}, grpc.UseCompressor("gzip")); err != nil {
		t.Fatal(err)
	}
	if got := sink.lines(t); got != memoryOfH1 {
		t.Errorf("taken %s", got)
	}
}
