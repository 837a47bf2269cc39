package move

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"

	"drover/internal/actuator"
	"drover/internal/actuator/protocol"
	"drover/internal/actuator/webhook"
)

// HookedSite is an HTTPSite whose driver is reached as a webhook: it remembers and
// goes on when the executor is killed.
type HookedSite struct {
	*HTTPSite
	server *http.Server
	url    string

	mu    sync.Mutex
	trace actuator.Tracer
}

// NewHookedSite starts the service, and the driver's server.
func NewHookedSite(ctx context.Context) (*HookedSite, error) {
	site, err := NewHTTPSite(ctx)
	if err != nil {
		return &HookedSite{HTTPSite: site}, err
	}
	s := &HookedSite{HTTPSite: site}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s.url = "http://" + listener.Addr().String() + "/"
	driver := site.Driver(s.at)
	s.server = &http.Server{ReadHeaderTimeout: clientTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request protocol.Request
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(protocol.Answer(r.Context(), driver, &request)) // the asker has gone
	})}
	go func() { _ = s.server.Serve(listener) }() // until it is closed
	return s, nil
}

// at is a point of the driver: what dies there is the executor, not the driver.
func (s *HookedSite) at(point string) {
	s.mu.Lock()
	trace := s.trace
	s.mu.Unlock()
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		trace.At(point)
	}()
	<-passed
}

// Driver returns the webhook as a newly started executor has it.
func (s *HookedSite) Driver(trace actuator.Tracer) actuator.Driver {
	s.mu.Lock()
	s.trace = trace
	s.mu.Unlock()
	client := webhook.New(webhook.Endpoint{URL: s.url})
	_, _ = client.Describe(context.Background()) // one that can't be reached promises nothing
	return client
}

// Close ends the driver's server too.
func (s *HookedSite) Close() error {
	if s.server != nil {
		_ = s.server.Close() // its askers have gone
	}
	return s.HTTPSite.Close()
}
