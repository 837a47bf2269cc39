// Package service wires the services: configuration to connections to stages.
// The four service commands and `drover up` are made of it.
package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"drover/internal/codec"
	"drover/internal/config"
	"drover/internal/engine"
	"drover/internal/pipeline"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/internal/telemetry"
)

// Runtime is what a program runs on: its connections, logger and metrics.
type Runtime struct {
	Config     *config.Config
	Log        *slog.Logger
	Metrics    *prometheus.Registry
	Connection *stream.Connection
	Store      *store.Store
	spans      *telemetry.Exporter // nil: traces are not recorded
}

// NewLogger returns the logger that the configuration asks for.
func NewLogger(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// Open connects to what the configuration names.
func Open(ctx context.Context, c *config.Config, log *slog.Logger) (*Runtime, error) {
	if len(c.Kafka.Brokers) == 0 {
		return nil, errors.New("kafka.brokers: not set: give --brokers host:port, DROVER_KAFKA_BROKERS or the key in the file")
	}
	var err error
	r := &Runtime{Config: c, Log: log, Metrics: prometheus.NewRegistry()}
	r.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if r.Store, err = OpenStore(c); err != nil {
		return nil, err
	}
	if c.Tracing.Endpoint != "" {
		if r.spans, err = telemetry.Open(ctx, telemetry.Settings{Endpoint: c.Tracing.Endpoint, Service: filepath.Base(os.Args[0]), Version: Version(),
			Logger: log, Metrics: r.Metrics}); err != nil {
			return nil, errors.Join(fmt.Errorf("tracing.endpoint: %w", err), r.Store.Close())
		}
	}
	if r.Connection, err = connect(ctx, c, log, r.Metrics, r.spans); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// OpenStore makes a connection to Redis alone.
func OpenStore(c *config.Config) (*store.Store, error) {
	if len(c.Redis.Addresses) == 0 {
		return nil, errors.New("redis.addresses: not set: give --redis host:port, DROVER_REDIS_ADDRESSES or the key in the file")
	}
	redisTLS, err := tlsConfig("redis.tls", c.Redis.TLS)
	if err != nil {
		return nil, err
	}
	return store.Open(store.Config{Addresses: c.Redis.Addresses, Cluster: c.Redis.Cluster, Username: c.Redis.User,
		Password: c.Redis.Password, TLS: redisTLS, Namespace: c.Kafka.Prefix})
}

// Connect makes a connection to Kafka and the registry.
func Connect(ctx context.Context, c *config.Config, log *slog.Logger, metrics prometheus.Registerer) (*stream.Connection, error) {
	return connect(ctx, c, log, metrics, nil)
}

// connect is Connect that may record spans.
func connect(ctx context.Context, c *config.Config, log *slog.Logger, metrics prometheus.Registerer, spans *telemetry.Exporter) (*stream.Connection, error) {
	kafkaTLS, err := tlsConfig("kafka.tls", c.Kafka.TLS)
	if err != nil {
		return nil, err
	}
	registry, err := openRegistry(c)
	if err != nil {
		return nil, err
	}
	settings := stream.Settings{Brokers: c.Kafka.Brokers, Prefix: c.Kafka.Prefix, TLS: kafkaTLS, User: c.Kafka.User,
		Password: c.Kafka.Password, Mechanism: c.Kafka.Mechanism, Registry: registry, Logger: log, Metrics: metrics}
	if spans != nil {
		settings.Spans, settings.SampledPPM = spans.Record, c.Tracing.SampledPPM
	}
	return stream.Connect(ctx, settings)
}

func openRegistry(c *config.Config) (codec.Registry, error) {
	if c.Kafka.Registry != "" {
		return stream.OpenRemoteRegistry(c.Kafka.Registry, c.Kafka.Prefix,
			stream.RegistryLogin{User: c.Kafka.RegistryUser, Password: c.Kafka.RegistryPassword})
	}
	dir := ""
	if c.Data != "" {
		dir = filepath.Join(c.Data, "schemas")
	}
	return stream.OpenFileRegistry(dir, c.Kafka.Prefix)
}

// tlsConfig reads the files of a TLS configuration; nil means plain.
func tlsConfig(key string, t config.TLS) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("%s.ca: %w", key, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s.ca: %s holds no PEM certificate", key, t.CA)
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("%s.cert and %s.key: %w", key, key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Close sends the spans that are left and ends the connections. Stages and
// producers have ended before.
func (r *Runtime) Close() error {
	if r.spans != nil {
		if err := r.spans.Close(); err != nil {
			r.Log.Warn("the last spans were not sent", "error", err)
		}
	}
	return r.Store.Close()
}

// Apply creates the topics that are missing.
func (r *Runtime) Apply(ctx context.Context) error {
	admin, err := stream.NewAdmin(r.Connection)
	if err != nil {
		return err
	}
	defer admin.Close()
	_, err = admin.Apply(ctx, r.topicPlan())
	return err
}

func (r *Runtime) topicPlan() stream.Plan {
	replicas := int16(max(0, r.Config.Kafka.Replication))
	return stream.Plan{Replicas: replicas, Partitions: stream.Partitions{
		ByKey: int32(r.Config.Kafka.ByKey), ByFleet: int32(r.Config.Kafka.ByFleet)}}
}

// RunStage runs one stage until ctx ends. The forecaster's volume asks for
// snapshots on a cadence; every output of the others counts.
func (r *Runtime) RunStage(ctx context.Context, s engine.Stage) error {
	return stream.Run(ctx, r.loop(s))
}

// loop returns the configuration of a stage's loop.
func (r *Runtime) loop(s engine.Stage) stream.Config {
	mode := stream.Transaction
	if s.Name == pipeline.Forecaster {
		mode = stream.Snapshot
	}
	return stream.Config{
		Connection: r.Connection, Stage: s.Name, Group: s.Name, Topics: s.Topics, NewTask: s.NewTask, Mode: mode,
		Store: r.Store, Fenced: store.ErrFenced, SaveEvery: r.Config.SaveEvery, Instance: r.Config.Kafka.Instance,
		Classic: r.Config.Kafka.Classic,
	}
}
