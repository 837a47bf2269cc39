package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"drover/internal/ingest/door"
	"drover/internal/model"
	"drover/tests/stream/servers"
)

// page is what a small machine's exporter says; its counter grows by one
// CPU second with each scrape.
const page = `# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="user"} %d
node_cpu_seconds_total{cpu="0",mode="system"} 4
node_cpu_seconds_total{cpu="0",mode="idle"} 900
# TYPE node_memory_MemTotal_bytes gauge
node_memory_MemTotal_bytes 1000
# TYPE node_memory_MemAvailable_bytes gauge
node_memory_MemAvailable_bytes 400
`

// sink keeps metrics and tells of each.
type sink struct {
	mu      sync.Mutex
	metrics []model.Metric
	took    chan struct{}
}

func (s *sink) Publish(_ context.Context, events []any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if m, ok := e.(model.Metric); ok {
			s.metrics = append(s.metrics, m)
		}
	}
	select {
	case s.took <- struct{}{}:
	default:
	}
	return nil
}

// await returns the metrics once there are n.
func (s *sink) await(t *testing.T, n int) []model.Metric {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		s.mu.Lock()
		list := s.metrics
		s.mu.Unlock()
		if len(list) >= n {
			return list
		}
		select {
		case <-s.took:
		case <-deadline:
			t.Fatalf("%d metrics came, want %d", len(list), n)
		}
	}
}

const settings = `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: node
    static_configs: [{targets: ["%s"], labels: {instance: "h1:9100"}}]
remote_write:
  - url: %s/api/v1/write
    authorization: {credentials: %s}
    queue_config: {batch_send_deadline: 500ms}
    write_relabel_configs:
      - {source_labels: [__name__], regex: "node_.*", action: keep}
`

// startPrometheus runs a server until the test's end.
func startPrometheus(t *testing.T, config string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = logs, logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = cmd.Wait()
		_ = logs.Close()
		if said, err := os.ReadFile(logs.Name()); err == nil && t.Failed() {
			t.Logf("prometheus said:\n%s", said)
		}
	})
}

func TestPrometheusWritesWhatItScrapes(t *testing.T) {
	servers.Need(t, "prometheus")
	const token = "a token of this test"
	credentials, err := door.ReadCredentials([]byte(fmt.Sprintf(
		"credentials: [{name: prometheus-a, fleet: shop, token_sha256: %x}]", sha256.Sum256([]byte(token)))))
	if err != nil {
		t.Fatal(err)
	}
	into := &sink{took: make(chan struct{}, 1)}
	doors, err := door.New(door.Config{Sink: into, Credentials: credentials})
	if err != nil {
		t.Fatal(err)
	}
	var refused atomic.Int64
	drover := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		doors.ServeHTTP(recorder, r)
		if recorder.Code/100 != 2 {
			refused.Add(1)
			t.Logf("answer %d: %s", recorder.Code, recorder.Body)
		}
		w.WriteHeader(recorder.Code)
	}))
	t.Cleanup(drover.Close)
	var scrapes atomic.Int64
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, page, scrapes.Add(1))
	}))
	t.Cleanup(exporter.Close)

	startPrometheus(t, fmt.Sprintf(settings, exporter.Listener.Addr(), drover.URL, `"`+token+`"`))
	list := into.await(t, 4)
	last := 0.0
	for _, m := range list {
		if m.Fleet != "shop" || m.Entity != "server:h1" || m.Producer != "prometheus-a" || len(m.Samples) == 0 {
			t.Fatalf("a metric of another kind: %+v", m)
		}
		for _, s := range m.Samples {
			switch {
			case s.Resource == model.CPU && (s.Kind != model.Counter || s.Value <= last || int64(s.Value)%1000 != 0):
				t.Errorf("cpu %+v after %v: want a raw counter that grows by whole seconds", s, last)
			case s.Resource == model.CPU:
				last = s.Value
			case s.Resource == model.Memory && s.Value != 600:
				t.Errorf("memory %+v, want 600 bytes in use", s)
			}
		}
	}
	if last == 0 || refused.Load() > 0 {
		t.Errorf("last CPU counter %v, %d requests refused", last, refused.Load())
	}
}
