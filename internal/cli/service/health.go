package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check tells whether something that the service depends on answers.
type Check func(context.Context) error

// DescribeMeters registers what a service says of its dependencies.
func DescribeMeters(registerer prometheus.Registerer) { newDependencies(registerer) }

func newDependencies(registerer prometheus.Registerer) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "drover", Name: "dependency_up",
		Help: "1 where what the service depends on (kafka, redis) answered when this page was asked for, as /readyz says it."}, []string{"on"})
	registerer.MustRegister(g)
	return g
}

// NewMux returns a mux with /metrics, /healthz (the process runs) and /readyz
// (what it depends on answers; the body says what doesn't).
func (r *Runtime) NewMux(checks map[string]Check) *http.ServeMux {
	mux, up := http.NewServeMux(), newDependencies(r.Metrics)
	page := promhttp.HandlerFor(r.Metrics, promhttp.HandlerOpts{})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, req *http.Request) {
		for name, err := range ask(req.Context(), checks) {
			up.WithLabelValues(name).Set(0)
			if err == nil {
				up.WithLabelValues(name).Set(1)
			}
		}
		page.ServeHTTP(w, req)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, req *http.Request) {
		state := map[string]string{}
		status := http.StatusOK
		for name, err := range ask(req.Context(), checks) {
			state[name] = "ok"
			if err != nil {
				state[name], status = err.Error(), http.StatusServiceUnavailable
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(state) // the reader has gone
	})
	return mux
}

// ask makes all checks side by side, in two seconds at most.
func ask(ctx context.Context, checks map[string]Check) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	out := map[string]error{}
	for name, check := range checks {
		all.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			out[name] = err
		})
	}
	all.Wait()
	return out
}

// Serve serves until ctx ends, then lets requests under way finish. ready is
// called with the address once it listens.
func Serve(ctx context.Context, address string, handler http.Handler, ready func(net.Addr)) error {
	return ServeTLS(ctx, address, nil, handler, ready)
}

// ServeTLS is Serve behind TLS; secure may be nil: then the connection is plain.
func ServeTLS(ctx context.Context, address string, secure *tls.Config, handler http.Handler, ready func(net.Addr)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another address with --listen)", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, TLSConfig: secure,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	if ready != nil {
		ready(listener.Addr())
	}
	done := make(chan error, 1)
	go func() {
		if secure != nil {
			done <- server.ServeTLS(listener, "", "")
			return
		}
		done <- server.Serve(listener)
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve on %s: %w", address, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("end serving on %s: %w", address, err)
	}
	return nil
}
