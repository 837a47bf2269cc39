package move

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"drover/internal/actuator"
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
type HTTPSite struct{ webSite }

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
	s := &HTTPSite{newWebSite(site)}
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
	return s, s.answers(ctx)
}

// Driver returns the process driver behind a guard.
func (s *HTTPSite) Driver(trace actuator.Tracer) actuator.Driver {
	return s.driver(s.Supervisor, trace)
}

// KillTarget ends the process on the move's target, as a crash would.
func (s *HTTPSite) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill("db/0@" + string(m.To)) // none there is a crash too
}

// Serving returns the server that the proxy sends clients to.
func (s *HTTPSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Traffic, "db", "a", "b")
}
