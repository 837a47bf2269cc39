package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// How spans are gathered.
const (
	queueSize   = 16384
	batchSize   = 512
	flushEvery  = time.Second
	sendTimeout = 10 * time.Second
)

// Settings say where spans go.
type Settings struct {
	// Endpoint is the receiver's base URL, such as http://127.0.0.1:4318; the path
	// /v1/traces is added where it has none.
	Endpoint string
	// Service is what spans that name none belong to; Version is its build.
	Service, Version string
	Logger           *slog.Logger          // nil: silent
	Metrics          prometheus.Registerer // nil: none
}

// CheckEndpoint returns what is wrong with an endpoint.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q: want a URL such as http://127.0.0.1:4318", endpoint)
	}
	if u.User != nil {
		return errors.New("no user or password in the URL: use OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// Exporter sends spans. Make it with Open and end it with Close. It is safe for
// concurrent use.
type Exporter struct {
	settings Settings
	client   otlptrace.Client
	spans    chan Span
	stop     chan struct{}
	done     chan struct{}
	end      sync.Once
	dropped  prometheus.Counter
	sent     prometheus.Counter
}

// Open starts an exporter. A receiver that doesn't answer is no error: spans are
// then dropped. Headers for the receiver, such as a token, are taken from
// OTEL_EXPORTER_OTLP_HEADERS.
func Open(ctx context.Context, s Settings) (*Exporter, error) {
	if err := CheckEndpoint(s.Endpoint); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, err
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Exporter{settings: s, spans: make(chan Span, queueSize), stop: make(chan struct{}), done: make(chan struct{}),
		client: otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
			otlptracehttp.WithTimeout(sendTimeout), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{})),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "drover_tracing_spans_dropped_total", Help: "Spans that the queue or the receiver did not take."}),
		sent:    prometheus.NewCounter(prometheus.CounterOpts{Name: "drover_tracing_spans_total", Help: "Spans that the receiver took."})}
	if s.Metrics != nil {
		for _, c := range []prometheus.Collector{e.dropped, e.sent} {
			if err := s.Metrics.Register(c); err != nil {
				return nil, fmt.Errorf("telemetry: %w", err)
			}
		}
	}
	if err := e.client.Start(ctx); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	go e.run()
	return e, nil
}

// Record takes a finished span; it never waits. What comes after Close is lost.
func (e *Exporter) Record(s Span) {
	select {
	case e.spans <- s:
	default:
		e.dropped.Inc()
	}
}

// Close sends what is left and ends the exporter.
func (e *Exporter) Close() error {
	e.end.Do(func() { close(e.stop) })
	<-e.done
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	return e.client.Stop(ctx)
}

func (e *Exporter) run() {
	defer close(e.done)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	var batch []Span
	for {
		select {
		case <-e.stop:
			e.drain(batch)
			return
		case s := <-e.spans:
			if batch = append(batch, s); len(batch) < batchSize {
				continue
			}
		case <-ticker.C:
		}
		e.send(batch)
		batch = batch[:0]
	}
}

// drain sends what is left.
func (e *Exporter) drain(batch []Span) {
	for {
		select {
		case s := <-e.spans:
			batch = append(batch, s)
		default:
			e.send(batch)
			return
		}
	}
}

// send uploads a batch; what fails is dropped, since tracing may not hold memory
// for a receiver that is away.
func (e *Exporter) send(batch []Span) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	if err := e.client.UploadTraces(ctx, e.group(batch)); err != nil {
		e.dropped.Add(float64(len(batch)))
		e.settings.Logger.Warn("spans were dropped", "spans", len(batch), "error", err)
		return
	}
	e.sent.Add(float64(len(batch)))
}

// group puts spans under their services, in the order of their first spans.
func (e *Exporter) group(batch []Span) []*tracepb.ResourceSpans {
	of := map[string]*tracepb.ScopeSpans{}
	var out []*tracepb.ResourceSpans
	for i := range batch {
		service := batch[i].Service
		if service == "" {
			service = e.settings.Service
		}
		scope := of[service]
		if scope == nil {
			scope = &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "drover", Version: e.settings.Version}}
			of[service] = scope
			out = append(out, &tracepb.ResourceSpans{Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
				Attribute{Key: "service.name", Text: service}.proto(), Attribute{Key: "service.version", Text: e.settings.Version}.proto()}},
				ScopeSpans: []*tracepb.ScopeSpans{scope}})
		}
		scope.Spans = append(scope.Spans, batch[i].proto())
	}
	return out
}
