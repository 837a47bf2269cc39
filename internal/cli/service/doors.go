package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"drover/internal/ingest/door"
	"drover/internal/ingest/mapping"
	"drover/internal/ingest/pull"
	"drover/internal/model"
)

// Doors are ingest's ways in as the configuration asks for them: HTTP, gRPC
// where it has an address, both behind TLS where there is a certificate, and
// the feeds that are polled.
type Doors struct {
	http    *door.Server
	grpc    *grpc.Server // nil: not asked for
	secure  *tls.Config  // nil: plain
	poller  *pull.Poller // nil: nothing is polled
	runtime *Runtime
}

// NewDoors reads the files that the configuration names; nothing listens yet.
// fleet is that of senders without a credential and of feeds.
func (r *Runtime) NewDoors(sink door.Sink, fleet model.FleetID) (*Doors, error) {
	c := &r.Config.Ingest
	d := &Doors{runtime: r}
	settings := door.Config{Sink: sink, LoopbackFleet: fleet, MaxBodyBytes: c.MaxBodyBytes, Logger: r.Log}
	var err error
	if settings.Rules, err = mapping.Load(c.Mappings); err != nil {
		return nil, fmt.Errorf("ingest.mappings: %w", err)
	}
	if c.Credentials != "" {
		if settings.Credentials, err = door.LoadCredentials(c.Credentials); err != nil {
			return nil, fmt.Errorf("ingest.credentials: %s: %w", c.Credentials, err)
		}
	}
	if c.TLS.Cert != "" {
		if d.secure, err = door.TLS(c.TLS.Cert, c.TLS.Key, c.TLS.ClientCA); err != nil {
			return nil, fmt.Errorf("ingest.tls: %w", err)
		}
	}
	if d.http, err = door.New(settings); err != nil {
		return nil, err
	}
	if c.GRPCListen != "" {
		d.grpc = d.http.GRPC(d.secure)
	}
	if c.Targets != "" {
		if d.poller, err = newPoller(c.Targets, pull.Config{Sink: sink, Fleet: fleet, Rules: settings.Rules, Logger: r.Log}); err != nil {
			return nil, fmt.Errorf("ingest.targets: %s: %w", c.Targets, err)
		}
	}
	return d, nil
}

func newPoller(path string, c pull.Config) (*pull.Poller, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	targets, err := pull.ReadTargets(data)
	if err != nil {
		return nil, err
	}
	return pull.New(c, targets)
}

// Secure returns how connections are encrypted; nil: not at all.
func (d *Doors) Secure() *tls.Config { return d.secure }

// Handle puts the HTTP doors and the page of feeds on a mux.
func (d *Doors) Handle(mux *http.ServeMux) {
	mux.Handle("POST /", d.http)
	mux.Handle("GET /openapi.yaml", d.http)
	mux.HandleFunc("GET /v1/feeds", d.feeds)
}

// feeds tells how the polled feeds are doing, so that a stale one is seen.
func (d *Doors) feeds(w http.ResponseWriter, _ *http.Request) {
	list := []pull.Status{}
	if d.poller != nil {
		list = d.poller.Status()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"feeds": list}) // the reader has gone
}

// Run lets traces become calls, polls the feeds and serves gRPC until ctx ends.
func (d *Doors) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.http.Run(ctx) })
	if d.poller != nil {
		group.Go(func() error { return d.poller.Run(ctx) })
	}
	if d.grpc != nil {
		group.Go(func() error { return d.serveGRPC(ctx) })
	}
	return group.Wait()
}

// lastCalls is how long calls under way may take once the service is to end.
const lastCalls = 5 * time.Second

func (d *Doors) serveGRPC(ctx context.Context) error {
	address := d.runtime.Config.Ingest.GRPCListen
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another address with --grpc-listen)", address, err)
	}
	d.runtime.Log.Info("gRPC door is open", "listen", listener.Addr().String(), "tls", d.secure != nil)
	done := make(chan error, 1)
	go func() { done <- d.grpc.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve gRPC on %s: %w", address, err)
	case <-ctx.Done():
	}
	force := time.AfterFunc(lastCalls, d.grpc.Stop)
	defer force.Stop()
	d.grpc.GracefulStop()
	if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("end serving gRPC on %s: %w", address, err)
	}
	return nil
}
