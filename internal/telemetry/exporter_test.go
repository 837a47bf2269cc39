package telemetry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"drover/tests/otlp"
)

func spanNumber(n int) Span {
	s := Span{Name: fmt.Sprint("span ", n), Kind: Kind(n % 2), Start: time.Unix(100, 0), End: time.Unix(101, int64(n)),
		Attributes: []Attribute{{Key: "number", Number: int64(n)}, {Key: "text", Text: "t"}}}
	s.Trace[0], s.Context.Span[0], s.Context.Span[1], s.Parent[0] = 1, 1, byte(n), 9
	if n%3 == 0 {
		s.Service = "planner"
	}
	return s
}

func TestSpansAreSent(t *testing.T) {
	receiver := otlp.Start(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20token")
	metrics := prometheus.NewRegistry()
	e, err := Open(t.Context(), Settings{Endpoint: receiver.URL, Service: "ingest", Version: "v1", Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2*batchSize + 7
	for i := range n {
		e.Record(spanNumber(i))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	got := receiver.Spans()
	if len(got) != n || testutil.ToFloat64(e.sent) != n || testutil.ToFloat64(e.dropped) != 0 {
		t.Fatalf("%d of %d spans came, %v sent", len(got), n, testutil.ToFloat64(e.sent))
	}
	services := map[string]int{}
	for _, s := range got {
		services[s.Service]++
		if s.Trace != "01"+strings.Repeat("0", 30) || s.Parent != "09"+strings.Repeat("0", 14) || s.Attributes["text"] != "t" || "span "+s.Attributes["number"] != s.Name {
			t.Fatalf("span %+v", s)
		}
	}
	if services["planner"] != (n+2)/3 || services["ingest"] != n-(n+2)/3 {
		t.Errorf("services %v", services)
	}
	if receiver.Header("Authorization") != "Bearer token" || receiver.Header("Content-Encoding") != "gzip" {
		t.Errorf("headers: %q, %q", receiver.Header("Authorization"), receiver.Header("Content-Encoding"))
	}
}

func TestAReceiverThatIsAwayHoldsNothingUp(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadRequest) }))
	defer refuses.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, endpoint := range []string{refuses.URL, gone.URL} {
		e, err := Open(t.Context(), Settings{Endpoint: endpoint, Service: "x"})
		if err != nil {
			t.Fatal(err)
		}
		const n = 3 * queueSize
		for i := range n {
			e.Record(spanNumber(i))
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if got := testutil.ToFloat64(e.dropped); got != n {
			t.Errorf("%s: %v of %d are counted as dropped", endpoint, got, n)
		}
		e.Record(spanNumber(1)) // after the end: no panic
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	for endpoint, says := range map[string]string{"localhost:4318": "want a URL", "ftp://x": "want a URL", "http://": "want a URL", "http://u:p@x": "OTEL_EXPORTER_OTLP_HEADERS", ":": "want a URL"} {
		if _, err := Open(t.Context(), Settings{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	if err := CheckEndpoint("https://collector:4318/v1/traces"); err != nil {
		t.Error(err)
	}
}
