package move

import (
	"path/filepath"

	"drover/internal/actuator/build"
	"drover/internal/model"
)

// Drivers returns the site's drivers as an executor's file says them.
func (s *RedisSite) Drivers() *build.Config {
	places := map[model.ServerID]build.Place{}
	for server, i := range s.instances {
		places[server] = build.Place{Backend: i.Route.Backend, Server: i.Route.Server, Address: i.Address, Namespace: i.Namespace,
			Folder: filepath.Join(s.Folder, "db-0@"+string(server))}
	}
	return s.drivers("redis", build.Driver{Kind: "redis", Places: map[model.ReplicaID]map[model.ServerID]build.Place{"db/0": places}})
}

// Drivers returns the site's drivers as an executor's file says them.
func (s *PostgresSite) Drivers() *build.Config {
	places := map[model.ServerID]build.Place{}
	for server, i := range s.instances {
		places[server] = build.Place{Backend: i.Route.Backend, Server: i.Route.Server, Address: i.Address, User: i.Login.User,
			Database: i.Login.Database, Folder: i.Folder}
	}
	return s.drivers("postgres", build.Driver{Kind: "postgres", Programs: s.host.Programs, UserID: s.host.User, GroupID: s.host.Group,
		Places: map[model.ReplicaID]map[model.ServerID]build.Place{"db/0": places}})
}

// Drivers returns the site's drivers as an executor's file says them.
func (s *HTTPSite) Drivers() *build.Config {
	places := map[model.ServerID]build.Place{}
	for server, p := range s.places {
		places[server] = build.Place{Backend: p.Route.Backend, Server: p.Route.Server, Folder: p.Spec.Dir, Argv: p.Spec.Argv,
			Env: p.Spec.Env, Health: p.Health}
	}
	return s.drivers("process", build.Driver{Kind: "process", Places: map[model.ReplicaID]map[model.ServerID]build.Place{"db/0": places}})
}

func (s *Site) drivers(name string, d build.Driver) *build.Config {
	d.Proxy = "edge"
	return &build.Config{State: s.Folder, Proxies: map[string]string{"edge": s.Proxy.Address}, Default: name, Drivers: map[string]build.Driver{name: d}}
}

// Plan returns a plan that moves the site's replica.
func Plan(id string, from, to model.ServerID) model.Plan { return planFor(id, from, to) }

// Other returns the server that isn't it.
func Other(server model.ServerID) model.ServerID { return other(server) }
