package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/internal/config"
	"drover/internal/ingest/door"
	"drover/internal/stream"
	"drover/internal/web"
	"drover/internal/web/access"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
)

// WebCommand returns the command of the console and the HTTP API.
func WebCommand() *cobra.Command {
	c := &cobra.Command{Use: "web", Short: "Serve the web console and the HTTP API",
		Long: `Follow all topics into memory, and serve what they say as a web console and an
HTTP API (described at /api/v1/openapi.json). Orders that people give there go
into the topics control and audit.

Without --access only requests from this machine are answered, as admin. With
it, the file says who may come in:

  tokens:
    - {name: alice, role: approver, token_sha256: ...}   # from: drover token new
  certificates:
    - {common_name: night-shift, role: operator}         # with --web-client-ca
  oidc: {issuer: https://id.example, audience: drover, roles: {sre: approver}}`,
		Example: `  drover web --brokers kafka:9092 --redis redis:6379 --listen 127.0.0.1:8080
  drover web --brokers kafka:9092 --access access.yaml --listen :8443 --web-tls-cert web.pem --web-tls-key web.key`}
	return configured(c, runWeb, "kafka", "redis", "listen", "log", "data_dir", "web", "planning", "seed")
}

func runWeb(ctx context.Context, conf *config.Config) (err error) {
	log := NewLogger(conf, os.Stderr)
	r, err := Open(ctx, conf, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	producer, err := stream.NewProducer(r.Connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	model := readmodel.New(readmodel.DefaultLimits())
	web.NewMeters(model, r.Metrics)
	handler, secure, err := NewWeb(ctx, conf, model, r.Connection, producer, log)
	if err != nil {
		return err
	}
	mux := r.NewMux(map[string]Check{"kafka": producer.Ready, "redis": r.Store.Ping})
	mux.Handle("/", handler)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return r.Connection.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
			web.Follow(model, log, e)
			return nil
		}, web.Topics()...)
	})
	group.Go(func() error {
		return ServeTLS(ctx, conf.Listen, secure, mux, func(a net.Addr) { log.Info("web runs", "listen", a.String(), "brokers", conf.Kafka.Brokers) })
	})
	return group.Wait()
}

// NewWeb makes the console and the API, and what they are served with; event
// streams end with ctx.
func NewWeb(ctx context.Context, conf *config.Config, model *readmodel.Model, connection *stream.Connection, producer *stream.Producer, log *slog.Logger) (http.Handler, *tls.Config, error) {
	var rules *access.Rules
	var err error
	if conf.Web.Access != "" {
		if rules, err = access.LoadRules(conf.Web.Access); err != nil {
			return nil, nil, err
		}
	}
	gate, err := access.NewGate(rules, time.Now)
	if err != nil {
		return nil, nil, err
	}
	secure, err := webTLS(conf)
	if err != nil {
		return nil, nil, err
	}
	policies, err := Policies(conf, Version())
	if err != nil {
		return nil, nil, err
	}
	handler, err := web.NewHandler(api.Config{Model: model, Publisher: producer, Letters: letters{connection, producer}, Gate: gate, Planning: policies.Of,
		Version: Version(), Log: log, Ended: ctx.Done()})
	return handler, secure, err
}

// webTLS reads the certificate that the console is served with; nil: plain.
func webTLS(conf *config.Config) (*tls.Config, error) {
	if conf.Web.TLSCert == "" {
		return nil, nil
	}
	c, err := door.TLS(conf.Web.TLSCert, conf.Web.TLSKey, conf.Web.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("web.tls_cert, web.tls_key, web.client_ca: %w", err)
	}
	return c, nil
}
