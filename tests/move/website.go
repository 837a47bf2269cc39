package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// webSite is what sites of a stateless service behind a proxy share: where it may
// run, and clients that ask it over HTTP.
type webSite struct {
	*Site
	clients string // where the proxy listens
	places  map[model.ServerID]process.Place
}

func newWebSite(site *Site) webSite {
	return webSite{Site: site, places: make(map[model.ServerID]process.Place)}
}

// answers waits until the service answers through the proxy.
func (s *webSite) answers(ctx context.Context) error {
	return actuator.Poll(ctx, reviveEvery, func() (bool, error) {
		session, err := s.Dial(ctx)
		if err != nil {
			return false, err
		}
		err = session.Write(ctx, 0, 0)
		return err == nil, errors.Join(err, session.Close())
	})
}

// driver returns the process driver with a runner, behind a guard.
func (s *webSite) driver(runner process.Runner, trace actuator.Tracer) actuator.Driver {
	return guard.New(process.New(process.Config{
		Locate: func(_ model.Move, server model.ServerID) (process.Place, error) {
			p, ok := s.places[server]
			if !ok {
				return p, fmt.Errorf("no server %q", server)
			}
			return p, nil
		},
		Traffic: s.Traffic, Runner: runner, RampStep: 50 * time.Millisecond, Drain: 2 * time.Second, Trace: trace,
	}), guard.NewMemory(), 0)
}

// Dial returns a client with a connection of its own.
func (s *webSite) Dial(context.Context) (Session, error) {
	return httpSession{&http.Client{Transport: &http.Transport{}, Timeout: clientTimeout}, "http://" + s.clients + "/"}, nil
}

// Lost is nothing: the service keeps nothing.
func (s *webSite) Lost(context.Context, [][]int) (int, error) { return 0, nil }

// httpSession makes one request a write.
type httpSession struct {
	client *http.Client
	url    string
}

// Write makes one request; anything but 200 is a failure.
func (s httpSession) Write(ctx context.Context, _, _ int) error {
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, s.url, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %s", response.Status)
	}
	return nil
}

// Close closes the client's connection.
func (s httpSession) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
