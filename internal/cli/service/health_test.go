package service

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestPagesSayWhatIsMissing(t *testing.T) {
	var kafka error
	r := &Runtime{Metrics: prometheus.NewRegistry()}
	mux := r.NewMux(map[string]Check{
		"kafka": func(context.Context) error { return kafka },
		"redis": func(context.Context) error { return nil },
	})
	page := func(path string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		kafka   error
		status  int
		ready   string
		figures string
	}{
		{nil, 200, `"kafka":"ok"`, `drover_dependency_up{on="kafka"} 1`},
		{errors.New("no broker answers"), 503, `"kafka":"no broker answers"`, `drover_dependency_up{on="kafka"} 0`},
		{nil, 200, `"redis":"ok"`, `drover_dependency_up{on="kafka"} 1`},
	} {
		kafka = c.kafka
		if status, said := page("/readyz"); status != c.status || !strings.Contains(said, c.ready) {
			t.Errorf("%v: /readyz says %d %s, want %d and %s", c.kafka, status, said, c.status, c.ready)
		}
		if _, said := page("/metrics"); !strings.Contains(said, c.figures) || !strings.Contains(said, `drover_dependency_up{on="redis"} 1`) {
			t.Errorf("%v: /metrics lacks %s:\n%s", c.kafka, c.figures, said)
		}
		if status, _ := page("/healthz"); status != 200 {
			t.Errorf("%v: /healthz says %d: the process runs", c.kafka, status)
		}
	}
}
