package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"drover/internal/graph/linker"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Sink takes events: model.Metric, Call, Path, Server, Application,
// CalendarEvent, Maintenance and Control values. It returns once they are safe.
// An error that wraps a *stage.Rejection says that some events are of no use
// and the others were taken; any other error that nothing is known to be taken.
type Sink interface {
	Publish(ctx context.Context, events []any) error
}

// Config says how the doors behave. Sink is needed, the rest has defaults.
type Config struct {
	Sink Sink
	// Credentials say who may send; nil opens the doors to this machine alone.
	Credentials *Credentials
	// LoopbackFleet is the fleet of senders on this machine without a
	// credential. Default "default".
	LoopbackFleet model.FleetID
	// Rules map metric names; nil means the shipped ones.
	Rules *mapping.Rules
	// MaxBodyBytes bounds a request's body before and after unpacking. Default 16 MiB.
	MaxBodyBytes int64
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Link says how long traces are gathered before they become calls.
	Link   linker.WindowConfig
	Logger *slog.Logger
}

// Server is the doors of one ingest.
type Server struct {
	cfg   Config
	gate  *gate
	mux   *http.ServeMux
	rooms rooms
	links struct {
		sync.Mutex
		window *linker.Window
	}
}

// New returns the doors; nothing listens yet.
func New(cfg Config) (*Server, error) {
	if cfg.Sink == nil {
		return nil, errors.New("door: Config.Sink is needed")
	}
	if cfg.Rules == nil {
		rules, err := mapping.Shipped()
		if err != nil {
			return nil, err
		}
		cfg.Rules = rules
	}
	if cfg.LoopbackFleet == "" {
		cfg.LoopbackFleet = "default"
	}
	if cfg.MaxBodyBytes == 0 {
		cfg.MaxBodyBytes = 16 << 20
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, gate: newGate(cfg), mux: http.NewServeMux()}
	s.links.window = linker.NewWindow(cfg.Link)
	s.route()
	return s, nil
}

func (s *Server) route() {
	s.mux.HandleFunc("POST /api/v1/write", s.remoteWrite)
	s.mux.HandleFunc("POST /v1/metrics", s.otlpMetrics)
	s.mux.HandleFunc("POST /v1/traces", s.otlpTraces)
	s.mux.HandleFunc("POST /write", s.influx)
	s.mux.HandleFunc("POST /api/v2/write", s.influx)
	s.mux.HandleFunc("POST /v1/events", s.events)
	s.mux.HandleFunc("POST /v1/ingest/{format}", s.anyFormat)
	s.mux.HandleFunc("GET /openapi.yaml", s.openAPI)
}

// ServeHTTP implements http.Handler. What is published stays in the sender's trace.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if trace := r.Header.Get("traceparent"); trace != "" {
		r = r.WithContext(stream.WithTrace(r.Context(), trace))
	}
	s.mux.ServeHTTP(w, r)
}

// linkInterval is how often gathered traces are looked at.
const linkInterval = time.Second

// Run publishes the calls of traces that have become quiet until ctx ends, then
// those of all others.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(linkInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			// The last calls go out although ctx has ended: nobody else has them.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.publishCalls(last, func() []model.Call { return s.links.window.Drain() })
		case <-tick.C:
			now := model.InstantOf(s.cfg.Now())
			if err := s.publishCalls(ctx, func() []model.Call { return s.links.window.Due(now) }); err != nil {
				s.cfg.Logger.Error("calls of traces could not be published", "error", err)
			}
		}
	}
}

// publishCalls takes calls out of the window under its lock and publishes them.
func (s *Server) publishCalls(ctx context.Context, take func() []model.Call) error {
	s.links.Lock()
	calls := take()
	s.links.Unlock()
	if len(calls) == 0 {
		return nil
	}
	events := make([]any, len(calls))
	for i, c := range calls {
		events[i] = c
	}
	return s.cfg.Sink.Publish(ctx, events)
}

// publish hands a batch to the sink: spans to the window, the rest to the
// topics. refused is set where the sink found some of the events of no use.
func (s *Server) publish(ctx context.Context, events []any) (refused, err error) {
	rest := make([]any, 0, len(events)) // a span can complete several calls
	spans := false
	now := model.InstantOf(s.cfg.Now())
	s.links.Lock()
	for _, e := range events {
		span, ok := e.(model.Span)
		if !ok {
			rest = append(rest, e)
			continue
		}
		spans = true
		for _, call := range s.links.window.Add(now, span) {
			rest = append(rest, call)
		}
	}
	s.links.Unlock()
	if len(rest) == 0 {
		return nil, nil
	}
	if spans {
		ctx = stream.WithoutBatch(ctx) // calls leave when their trace is complete
	}
	err = s.cfg.Sink.Publish(ctx, rest)
	var rejection *stage.Rejection
	if errors.As(err, &rejection) {
		return err, nil
	}
	return nil, err
}
