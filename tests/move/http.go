package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// serveVariable makes a program of ours serve HTTP at its value's address;
// storeVariable makes it keep what is posted in that folder.
const (
	serveVariable = "DROVER_MOVE_SERVE"
	storeVariable = "DROVER_MOVE_STORE"
)

// ServeIfAsked turns the process into the service that is moved, or into a
// driver's program, and doesn't return then. Programs that use this package call
// it first.
func ServeIfAsked() {
	if path := os.Getenv(driverVariable); path != "" {
		if err := answerOnce(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	address := os.Getenv(serveVariable)
	if address == "" {
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Millisecond) // as if it did something
		fmt.Fprintln(w, address)         // a client that has gone doesn't matter
	})
	if folder := os.Getenv(storeVariable); folder != "" {
		handler = keep(folder)
	}
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: clientTimeout}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

// HTTPSite is a stateless service behind a proxy, and a free place to move it to.
type HTTPSite struct {
	*Site
	clients string
	places  map[model.ServerID]process.Place
}

// NewHTTPSite starts the service on server a behind HAProxy; server b is free.
func NewHTTPSite(ctx context.Context) (*HTTPSite, error) {
	return newHTTPSite(ctx, func(ctx context.Context, s *Site, servers []Server) (string, error) {
		return s.StartProxy(ctx, "http", "db", servers)
	})
}

// NewEnvoySite is NewHTTPSite behind Envoy.
func NewEnvoySite(ctx context.Context) (*HTTPSite, error) {
	return newHTTPSite(ctx, func(ctx context.Context, s *Site, servers []Server) (string, error) {
		return s.StartEnvoy(ctx, "db", servers)
	})
}

func newHTTPSite(ctx context.Context, proxy func(context.Context, *Site, []Server) (string, error)) (*HTTPSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &HTTPSite{Site: site, places: make(map[model.ServerID]process.Place)}
	self, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("own program: %w", err)
	}
	var servers []Server
	for i, server := range []model.ServerID{"a", "b"} {
		host := "127.0.0." + strconv.Itoa(6+i)
		port, err := FreePort(host)
		if err != nil {
			return s, err
		}
		address := host + ":" + port
		s.places[server] = process.Place{
			Spec:   process.Spec{Name: "db/0@" + string(server), Argv: []string{self}, Dir: s.Folder, Env: []string{serveVariable + "=" + address}},
			Health: "http://" + address + "/", Route: actuator.Route{Backend: "db", Server: string(server)},
		}
		servers = append(servers, Server{Name: string(server), Address: address, Open: i == 0})
		s.Own("db/0@" + string(server))
	}
	if _, err := s.Supervisor.Start(ctx, s.places["a"].Spec); err != nil {
		return s, err
	}
	s.clients, err = proxy(ctx, s.Site, servers)
	if err != nil {
		return s, err
	}
	return s, actuator.Poll(ctx, reviveEvery, func() (bool, error) {
		session, err := s.Dial(ctx)
		if err != nil {
			return false, err
		}
		err = session.Write(ctx, 0, 0)
		return err == nil, errors.Join(err, session.Close())
	})
}

// Driver returns the process driver behind a guard.
func (s *HTTPSite) Driver(trace actuator.Tracer) actuator.Driver {
	return guard.New(process.New(process.Config{
		Locate: func(_ model.Move, server model.ServerID) (process.Place, error) {
			p, ok := s.places[server]
			if !ok {
				return p, fmt.Errorf("no server %q", server)
			}
			return p, nil
		},
		Traffic: s.Traffic, Runner: s.Supervisor, RampStep: 50 * time.Millisecond, Drain: 2 * time.Second, Trace: trace,
	}), guard.NewMemory(), 0)
}

// KillTarget ends the process on the move's target, as a crash would.
func (s *HTTPSite) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill("db/0@" + string(m.To)) // none there is a crash too
}

// Dial returns a client with a connection of its own.
func (s *HTTPSite) Dial(context.Context) (Session, error) {
	return httpSession{&http.Client{Transport: &http.Transport{}, Timeout: clientTimeout}, "http://" + s.clients + "/"}, nil
}

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

// Lost is nothing: the service keeps nothing.
func (s *HTTPSite) Lost(context.Context, [][]int) (int, error) { return 0, nil }

// Serving returns the server that the proxy sends clients to.
func (s *HTTPSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Traffic, "db", "a", "b")
}
