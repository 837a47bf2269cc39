package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	discovery "drover/internal/ingest/kubernetes"
	"drover/internal/kubernetes"
	"drover/internal/model"
	"drover/tests/kubernetes/site"
)

// metricsService makes the API server send the metrics API's requests to a server
// of this machine, as it sends them to metrics-server.
const metricsService = `
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %s}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
   service: {name: metrics-server, namespace: kube-system, port: %s}}
`

// metricsServer answers as metrics-server does, for the pods that there are.
func metricsServer(t *testing.T, pods func() map[string]string) string {
	t.Helper()
	answer := func(value func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value()) // a client that has gone doesn't matter
		}
	}
	usage := func(cpu, memory string) map[string]string { return map[string]string{"cpu": cpu, "memory": memory} }
	at := time.Now().UTC().Format(time.RFC3339)
	mux := http.NewServeMux()
	mux.Handle("/apis/metrics.k8s.io/v1beta1", answer(func() any {
		return metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "metrics.k8s.io/v1beta1",
			APIResources: []metav1.APIResource{{Name: "nodes", Kind: "NodeMetrics", Verbs: metav1.Verbs{"get", "list"}},
				{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}}}
	}))
	mux.Handle("/apis/metrics.k8s.io/v1beta1/nodes", answer(func() any {
		return map[string]any{"kind": "NodeMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": []any{
			map[string]any{"metadata": map[string]any{"name": "node-0"}, "timestamp": at, "window": "20s", "usage": usage("1250m", "2Gi")}}}
	}))
	mux.Handle("/apis/metrics.k8s.io/v1beta1/pods", answer(func() any {
		var items []any
		for pod := range pods() {
			items = append(items, map[string]any{"metadata": map[string]any{"name": pod, "namespace": "shop"}, "timestamp": at, "window": "20s",
				"containers": []any{map[string]any{"name": "main", "usage": usage("125000000n", "64Mi")}, map[string]any{"name": "side", "usage": usage("5m", "1Mi")}}})
		}
		return map[string]any{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": items}
	}))
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return strconv.Itoa(server.Listener.Addr().(*net.TCPAddr).Port)
}

// gauges collects the metrics that a source publishes, by entity.
type gauges struct {
	mu   sync.Mutex
	seen map[model.EntityID]model.Metric
}

func (g *gauges) publish(_ context.Context, events []any) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range events {
		if m, ok := e.(model.Metric); ok {
			g.seen[m.Entity] = m
		}
	}
	return nil
}

// of returns what was seen of an entity: CPU and memory.
func (g *gauges) of(entity model.EntityID) (cpu, memory float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.seen[entity].Samples {
		switch s.Resource {
		case model.CPU:
			cpu = s.Value
		case model.Memory:
			memory = s.Value
		}
	}
	return cpu, memory
}

// TestMetricsComeThroughTheAPIServer reads the metrics API where a real API server
// aggregates it, with discovery's rights alone.
func TestMetricsComeThroughTheAPIServer(t *testing.T) {
	s, _ := open(t, 2)
	must(t, s.MakeNamespace(t.Context(), "shop"))
	must(t, s.Stateless(t.Context(), "shop", "web", 1, 1))
	port := metricsServer(t, func() map[string]string {
		on, err := s.On(context.Background(), "shop", "web-0")
		if err != nil {
			return nil
		}
		return on
	})
	objects, err := site.ReadManifests(fmt.Appendf(nil, metricsService, port, port))
	must(t, err)
	must(t, site.Apply(t.Context(), s.Admin, corev1.NamespaceDefault, objects, false))
	config, err := s.As(t.Context(), "drover-ingest")
	must(t, err)
	client, err := kubernetes.Client(config)
	must(t, err)
	got := &gauges{seen: map[model.EntityID]model.Metric{}}
	source := discovery.New(discovery.Config{Client: client, Fleet: "shop", Producer: "test", Publish: got.publish, MetricsEvery: 200 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx) }()
	defer func() { stop(); <-ended }()
	for entity, want := range map[model.EntityID][2]float64{
		model.ServerEntity("node-0"):        {1250, 2 << 30},
		model.ReplicaEntity("shop/web-0/0"): {130, 65 << 20},
	} {
		err := site.Eventually(t.Context(), "metrics of "+string(entity), func() (bool, error) {
			cpu, memory := got.of(entity)
			return cpu == want[0] && memory == want[1], nil
		})
		cpu, memory := got.of(entity)
		if err != nil {
			t.Errorf("%v: CPU %g, memory %g, want %v", err, cpu, memory, want)
		}
	}
}
