package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"drover/internal/config"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/authority"
	"drover/tests/child"
	"drover/tests/embedded"
)

// service is the ingest service on an embedded broker and store.
type service struct {
	t          *testing.T
	http, grpc string // addresses
	broker     *stream.Embedded
}

// startIngest runs the service's command with some flags until the test's end.
func startIngest(t *testing.T, flags ...string) *service {
	t.Helper()
	broker := embedded.Broker(t)
	s := &service{t: t, http: child.FreeAddress(t), grpc: child.FreeAddress(t), broker: broker}
	where := []string{"--brokers", strings.Join(broker.Brokers(), ","), "--redis", embedded.Redis(t)}
	s.apply(where)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c := IngestCommand()
	c.SetArgs(append(append(where, "--listen", s.http, "--grpc-listen", s.grpc, "--log-level", "error"), flags...))
	go func() { done <- c.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	s.awaitListening(done)
	return s
}

// apply creates the topics.
func (s *service) apply(where []string) {
	s.t.Helper()
	r := s.open(where)
	defer r.Close()
	if err := r.Apply(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) open(where []string) *Runtime {
	s.t.Helper()
	conf, err := config.Load(nil, []string{"DROVER_KAFKA_BROKERS=" + where[1], "DROVER_REDIS_ADDRESSES=" + where[3]}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := Open(s.t.Context(), conf, NewLogger(conf, io.Discard))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// awaitListening waits until both doors are open.
func (s *service) awaitListening(done <-chan error) {
	s.t.Helper()
	for _, address := range []string{s.http, s.grpc} {
		for {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_ = conn.Close()
				break
			}
			select {
			case err := <-done:
				s.t.Fatalf("the service ended with %v", err)
			case <-s.t.Context().Done():
				s.t.Fatal("the service does not listen")
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// metrics returns the first n metrics in the topic.
func (s *service) metrics(n int) (list []model.Metric) {
	s.t.Helper()
	r := s.open([]string{"", strings.Join(s.broker.Brokers(), ","), "", "127.0.0.1:1"})
	defer r.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	_ = r.Connection.Tail(ctx, stream.FromStart, func(e stream.Entry) error { // it ends with the time or the count
		if m, ok := e.Event.(model.Metric); ok {
			list = append(list, m)
		}
		if len(list) >= n {
			cancel()
		}
		return nil
	}, stream.Metrics)
	return list
}

func tokenHash(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

// post sends a body to a door and returns the answer's status and text.
func (s *service) post(client *http.Client, scheme, path, token, body string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, scheme+"://"+s.http+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(said)
}

const cpuEvent = `{"type":"metric","entity":"server:s1","samples":[{"resource":"cpu","value":5}]}`

func TestTheTokenFixesTheFleetAndTheLimits(t *testing.T) {
	file1 := file(t, "credentials.yaml", []byte(`credentials:
- {name: a, fleet: shop, token_sha256: `+tokenHash("large")+`}
- {name: b, fleet: bank, token_sha256: `+tokenHash("small")+`, limits: {series: 1, samples_per_second: 0.1}}
`))
	s := startIngest(t, "--credentials", file1, "--max-body-bytes", "2000")
	for _, c := range []struct {
		name, path, token, body string
		status                  int
		says                    string
	}{
		{"taken", "/v1/events", "large", cpuEvent, 200, `"accepted":1`},
		{"another's fleet", "/v1/events", "large", strings.Replace(cpuEvent, `"entity"`, `"fleet":"bank","entity"`, 1), 400, "fleet"},
		{"no token", "/v1/events", "", cpuEvent, 401, "bearer token"},
		{"unknown token", "/v1/events", "guess", cpuEvent, 401, "token is not known"},
		{"too large", "/v1/events", "large", strings.Repeat(cpuEvent+"\n", 50), 413, "send it in parts"},
		{"within the limits", "/v1/events", "small", strings.Repeat(cpuEvent+"\n", 3), 200, `"accepted":3`},
		{"too many samples", "/v1/events", "small", cpuEvent, 429, "samples a second"},
		{"unknown format", "/v1/ingest/tea", "large", "x", 404, "tea"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, said := s.post(http.DefaultClient, "http", c.path, c.token, c.body)
			if code != c.status || !strings.Contains(said, c.says) {
				t.Errorf("%d %q, want %d and %q", code, said, c.status, c.says)
			}
		})
	}
	fleets := map[model.FleetID]string{}
	for _, m := range s.metrics(4) {
		fleets[m.Fleet] = m.Producer
	}
	if len(fleets) != 2 || fleets["shop"] != "a" || fleets["bank"] != "b" {
		t.Errorf("fleets and producers in the topic: %v", fleets)
	}
}

func TestClientCertificatesAreCredentials(t *testing.T) {
	ours, theirs := authority.New(t), authority.New(t)
	door := ours.Issue("door", x509.ExtKeyUsageServerAuth)
	show := func(by *authority.Authority, name string) *tls.Config {
		return ours.Client(by.Issue(name, x509.ExtKeyUsageClientAuth))
	}
	s := startIngest(t, "--tls-cert", door.Cert, "--tls-key", door.Key, "--tls-client-ca", door.CA,
		"--credentials", file(t, "credentials.yaml", []byte("credentials: [{name: ops, fleet: shop, certificate_cn: ops.example}]")))
	client := func(c *tls.Config) *http.Client { return &http.Client{Transport: &http.Transport{TLSClientConfig: c}} }

	if code, said := s.post(client(show(ours, "ops.example")), "https", "/v1/events", "", cpuEvent); code != 200 {
		t.Errorf("known certificate: %d %s", code, said)
	}
	for name, c := range map[string]*tls.Config{"unknown name": show(ours, "other.example"), "no certificate": ours.Client()} {
		if code, said := s.post(client(c), "https", "/v1/events", "", cpuEvent); code != 401 || !strings.Contains(said, "client certificate") {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}
	if _, err := client(show(theirs, "ops.example")).Get("https://" + s.http + "/healthz"); err == nil {
		t.Error("a certificate of another authority was let in")
	}
	ctx := t.Context()
	if err := export(ctx, s.grpc, show(ours, "ops.example")); err != nil {
		t.Errorf("gRPC, known certificate: %v", err)
	}
	if err := export(ctx, s.grpc, show(ours, "other.example")); status.Code(err) != codes.Unauthenticated {
		t.Errorf("gRPC, unknown name: %v", err)
	}
	if err := export(ctx, s.grpc, show(theirs, "ops.example")); status.Code(err) != codes.Unavailable {
		t.Errorf("gRPC, another authority: %v", err)
	}
	list := s.metrics(2)
	if len(list) != 2 {
		t.Fatalf("%d metrics in the topic, want 2", len(list))
	}
	for _, m := range list {
		if m.Fleet != "shop" || m.Producer != "ops" {
			t.Errorf("%s of %s by %s", m.Entity, m.Fleet, m.Producer)
		}
	}
}

// export sends one data point over gRPC.
func export(ctx context.Context, address string, secure *tls.Config) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(secure)))
	if err != nil {
		return err
	}
	defer conn.Close()
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	request := &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "host.name", Value: text("h1")}}},
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "system.memory.usage", Unit: "By",
			Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{AggregationTemporality: 2, DataPoints: []*metricspb.NumberDataPoint{{
				TimeUnixNano: uint64(time.Now().UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: 2},
				Attributes: []*commonpb.KeyValue{{Key: "state", Value: text("used")}}}}}}}}}}}}}
	return conn.Invoke(ctx, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", request, &emptypb.Empty{})
}

func TestMappingsAndFeedsOfTheConfiguration(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "own_memory_used{machine=\"m7\"} 42")
	}))
	defer page.Close()
	targets := fmt.Sprintf("feeds: [{url: %q, format: prometheus, every: 1s}, {url: %q, format: icalendar}]", page.URL+"/metrics", "http://"+child.FreeAddress(t))
	s := startIngest(t, "--fleet", "shop", "--targets", file(t, "targets.yaml", []byte(targets)), "--mapping", file(t, "own.yaml", []byte(
		"name: own\noutputs: [{entity: \"server:{machine}\", resource: memory, terms: [{metric: own_memory_used}]}]")))
	list := s.metrics(1)
	if len(list) != 1 || list[0].Entity != "server:m7" || list[0].Fleet != "shop" || list[0].Samples[0].Value != 42 {
		t.Errorf("the page became %+v", list)
	}
	response, err := http.Get("http://" + s.http + "/v1/feeds")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Contains(said, []byte(page.URL)) || !bytes.Contains(said, []byte("refused")) {
		t.Errorf("GET /v1/feeds: %s, %v: want the page and why the calendar fails", said, err)
	}
}

func TestBadFilesAreNamedByTheirKey(t *testing.T) {
	bad := file(t, "bad.yaml", []byte("x: ["))
	for flag, key := range map[string]string{"--mapping": "ingest.mappings", "--targets": "ingest.targets", "--credentials": "ingest.credentials"} {
		c := IngestCommand()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs([]string{"--brokers", "127.0.0.1:1", "--redis", "127.0.0.1:1", flag, bad, "--log-level", "error"})
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v: want %s and the file's name", flag, err, key)
		}
	}
	for _, flags := range [][]string{{"--tls-cert", bad}, {"--tls-client-ca", bad}, {"--max-body-bytes", "0"}} {
		c := IngestCommand()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(append(flags, "--brokers", "127.0.0.1:1", "--redis", "127.0.0.1:1"))
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "ingest.") {
			t.Errorf("%v: %v: want the key's name", flags, err)
		}
	}
}

// file writes a file for a test and returns its path.
func file(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
