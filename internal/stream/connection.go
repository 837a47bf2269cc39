package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"drover/internal/codec"
	"drover/internal/telemetry"
)

// Settings say how to reach Kafka and what the deployment is called there.
type Settings struct {
	Brokers []string // host:port of some brokers
	// Prefix stands before every topic's, group's and transactional id's name,
	// for example "drover.".
	Prefix   string
	ClientID string // shown in the broker's logs; empty: "drover"
	TLS      *tls.Config
	// User and Password log in by Mechanism: "PLAIN", "SCRAM-SHA-256" or
	// "SCRAM-SHA-512" (the default). An empty User logs in by nothing, or by TLS.
	User, Password, Mechanism string
	// Registry gives schemas their ids.
	Registry codec.Registry
	Logger   *slog.Logger          // nil: silent
	Metrics  prometheus.Registerer // nil: none
	// Spans takes the spans of what is published and handled; nil: none are made.
	// It must not wait. SampledPPM is how many of a million traces that begin here
	// are recorded; a trace that comes from elsewhere says so itself.
	Spans      func(telemetry.Span)
	SampledPPM int64
}

// Connection is what everything that talks to Kafka is made from: settings, the
// codec and the names. It holds no socket of its own; every client made from it
// does. It is safe for concurrent use.
type Connection struct {
	settings Settings
	codec    *codec.Codec
	log      *slog.Logger
	meters   *meters
	dials    dials
}

// Connect checks the settings, registers the schemas and returns a connection.
func Connect(ctx context.Context, settings Settings) (*Connection, error) {
	if len(settings.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers: want host:port")
	}
	if settings.Registry == nil {
		return nil, errors.New("kafka: no schema registry")
	}
	if _, err := settings.mechanism(); err != nil {
		return nil, err
	}
	c, err := codec.New(ctx, settings.Registry)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	log := settings.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Connection{settings: settings, codec: c, log: log, meters: newMeters(settings.Metrics)}, nil
}

// Codec returns the connection's codec.
func (c *Connection) Codec() *codec.Codec { return c.codec }

// Name returns the broker's name of a topic, group or transactional id.
func (c *Connection) Name(logical string) string { return c.settings.Prefix + logical }

// logical is the inverse of Name.
func (c *Connection) logical(name string) string { return strings.TrimPrefix(name, c.settings.Prefix) }

// principal is what brokers take us for: the user, or else the common name of our
// certificate (with the mapping rule of docs/stream.md).
func (s Settings) principal() string {
	if s.User != "" || s.TLS == nil || len(s.TLS.Certificates) == 0 {
		return s.User
	}
	cert := s.TLS.Certificates[0].Leaf
	if cert == nil {
		return ""
	}
	return cert.Subject.CommonName
}

func (s Settings) mechanism() (sasl.Mechanism, error) {
	if s.User == "" {
		return nil, nil
	}
	auth := scram.Auth{User: s.User, Pass: s.Password}
	switch s.Mechanism {
	case "", "SCRAM-SHA-512":
		return auth.AsSha512Mechanism(), nil
	case "SCRAM-SHA-256":
		return auth.AsSha256Mechanism(), nil
	case "PLAIN":
		return plain.Auth{User: s.User, Pass: s.Password}.AsMechanism(), nil
	}
	return nil, fmt.Errorf("kafka: SASL mechanism %q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
}

// options are those that every client has.
func (c *Connection) options() []kgo.Opt {
	s := c.settings
	id := s.ClientID
	if id == "" {
		id = "drover"
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(s.Brokers...),
		kgo.ClientID(id),
		kgo.WithHooks(&c.dials),
		kgo.WithLogger(clientLog{c.log}),
		kgo.DialTimeout(5 * time.Second),
		// A broker that dies, or a proxy before it, ends new connections at once: that
		// is no wrong configuration, and what was to be sent is not lost.
		kgo.AlwaysRetryEOF(),
		kgo.RetryBackoffFn(func(attempt int) time.Duration {
			return min(time.Duration(attempt)*100*time.Millisecond, 2*time.Second)
		}),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.MetadataMaxAge(time.Minute),
	}
	if s.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(s.TLS))
	}
	if m, err := s.mechanism(); err == nil && m != nil { // checked by Connect
		opts = append(opts, kgo.SASL(m))
	}
	return opts
}

// client returns a new client with the common options and more.
func (c *Connection) client(more ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(c.options(), more...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return client, nil
}

// clientLog passes on what the client warns about.
type clientLog struct{ log *slog.Logger }

// Level implements kgo.Logger.
func (clientLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

// Log implements kgo.Logger. A client complains at level error about things that
// it then retries; for us these are warnings.
func (l clientLog) Log(_ kgo.LogLevel, message string, pairs ...any) {
	l.log.Warn("kafka client: "+message, pairs...)
}
