package move

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/containerd"
	"drover/internal/actuator/process"
	"drover/internal/model"
	"drover/tests/containers"
)

// ContainerdSite is a stateless service in a container behind HAProxy, and a free
// place to move it to. Each server is a network namespace; both have the same
// containerd.
type ContainerdSite struct {
	webSite
	daemon  *containers.Daemon
	runtime *containerd.Runtime
}

// The limits of the service's containers.
const (
	containerCPUMilli    = 500
	containerMemoryBytes = 64 << 20
)

// NewContainerdSite starts containerd, imports the image and starts the service on
// server a; server b is free.
func NewContainerdSite(ctx context.Context) (*ContainerdSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &ContainerdSite{webSite: newWebSite(site)}
	if s.daemon, err = containers.Start(ctx, s.Supervisor, filepath.Join(s.Folder, "c")); err != nil {
		return s, errors.Join(err, s.Close())
	}
	s.Own("containerd")
	s.tidy = s.daemon.Tidy()
	if s.runtime, err = s.daemon.Runtime(); err != nil {
		return s, errors.Join(err, s.Close())
	}
	if err := s.furnish(ctx); err != nil {
		return s, errors.Join(err, s.Close())
	}
	return s, nil
}

// furnish makes the servers and the proxy, and starts the service.
func (s *ContainerdSite) furnish(ctx context.Context) error {
	namespaces, addresses, err := s.Namespaces(ctx, "a", "b")
	if err != nil {
		return err
	}
	var servers []Server
	for i, server := range []model.ServerID{"a", "b"} {
		address := addresses[i] + ":8080"
		s.places[server] = process.Place{
			Spec: process.Spec{Name: "db/0@" + string(server), Image: containers.Image, Archive: s.daemon.Archive, Namespace: namespaces[i],
				CPUMilli: containerCPUMilli, MemoryBytes: containerMemoryBytes},
			Health: "http://" + address + "/", Route: actuator.Route{Backend: "db", Server: string(server)},
		}
		servers = append(servers, Server{Name: string(server), Address: address, Open: i == 0})
	}
	if _, err := s.runtime.Start(ctx, s.places["a"].Spec); err != nil {
		return err
	}
	if s.clients, err = s.StartProxy(ctx, "http", "db", servers); err != nil {
		return err
	}
	return s.answers(ctx)
}

// Driver returns the process driver over containers, behind a guard.
func (s *ContainerdSite) Driver(trace actuator.Tracer) actuator.Driver {
	return s.driver(s.runtime, trace)
}

// Drivers returns the site's drivers as a file says them, for an executor or for
// the agent of a host (empty: every place is here).
func (s *ContainerdSite) Drivers(host string) *build.Config {
	places := map[model.ServerID]build.Place{}
	for server, p := range s.places {
		places[server] = build.Place{Backend: p.Route.Backend, Server: p.Route.Server, Health: p.Health, Host: string(server),
			Image: p.Spec.Image, Archive: p.Spec.Archive, Namespace: p.Spec.Namespace}
	}
	c := s.drivers("containerd", build.Driver{Kind: "containerd", Places: map[model.ReplicaID]map[model.ServerID]build.Place{"db/0": places},
		Containerd: build.Containerd{Address: s.daemon.Address, Namespace: s.daemon.Namespace, Snapshotter: containers.Snapshotter}})
	c.Host = host
	return c
}

// KillTarget ends the container on the move's target, as a crash would.
func (s *ContainerdSite) KillTarget(m model.Move) {
	_ = s.runtime.Kill(context.Background(), "db/0@"+string(m.To)) // none there is a crash too
}

// Running tells whether there is a running container on a server.
func (s *ContainerdSite) Running(ctx context.Context, server model.ServerID) (bool, error) {
	return s.runtime.Running(ctx, "db/0@"+string(server))
}

// Serving returns the server that the proxy sends clients to.
func (s *ContainerdSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Traffic, "db", "a", "b")
}

// Close stops the service, containerd and the rest.
func (s *ContainerdSite) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if s.runtime != nil {
		for _, p := range s.places {
			err = errors.Join(err, s.runtime.Stop(ctx, p.Spec.Name))
		}
		err = errors.Join(err, s.runtime.Close())
	}
	if s.daemon != nil {
		err = errors.Join(err, s.daemon.Close(ctx))
	}
	return errors.Join(err, s.Site.Close())
}
