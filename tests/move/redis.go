package move

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/redis"
	"drover/internal/model"
)

// clientTimeout is how patient a client is.
const clientTimeout = 5 * time.Second

// RedisSite is a Redis behind a proxy, and a free place to move it to.
type RedisSite struct {
	*Site
	clients   string // the proxy's address
	instances map[model.ServerID]redis.Instance
	host      *redis.LocalHost
}

// NewRedisSite starts a Redis on server a; server b is free.
func NewRedisSite(ctx context.Context) (*RedisSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	return begin(ctx, site, []string{"127.0.0.2", "127.0.0.3"}, []string{"", ""})
}

// NewNamespacedRedisSite is NewRedisSite with each server in a network namespace
// of its own.
func NewNamespacedRedisSite(ctx context.Context) (*RedisSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	namespaces, addresses, err := site.Namespaces(ctx, "a", "b")
	if err != nil {
		return nil, errors.Join(err, site.Close())
	}
	return begin(ctx, site, addresses, namespaces)
}

// begin starts the first Redis and the proxy.
func begin(ctx context.Context, site *Site, addresses, namespaces []string) (*RedisSite, error) {
	s := &RedisSite{Site: site, instances: make(map[model.ServerID]redis.Instance)}
	var servers []Server
	for i, server := range []model.ServerID{"a", "b"} {
		port := "6379" // free in a new namespace
		if namespaces[i] == "" {
			var err error
			if port, err = FreePort(addresses[i]); err != nil {
				return s, err
			}
		}
		address := addresses[i] + ":" + port
		s.instances[server] = redis.Instance{
			Address: address, Namespace: namespaces[i], Route: actuator.Route{Backend: "db", Server: string(server)},
		}
		servers = append(servers, Server{Name: string(server), Address: address, Open: i == 0})
		s.Own("db/0@" + string(server))
	}
	s.host = s.newHost()
	first := &actuator.Command{Move: model.Move{Replica: "db/0"}}
	if err := s.host.Start(ctx, first, "a"); err != nil {
		return s, err
	}
	var err error
	s.clients, err = s.StartProxy(ctx, "tcp", "db", servers)
	return s, err
}

// newHost returns what starts the site's servers.
func (s *RedisSite) newHost() *redis.LocalHost {
	return &redis.LocalHost{
		Supervisor: s.Supervisor, Locate: s.locate,
		Folder: func(r model.ReplicaID, server model.ServerID) string {
			return filepath.Join(s.Folder, strings.ReplaceAll(string(r), "/", "-")+"@"+string(server))
		},
	}
}

func (s *RedisSite) locate(_ model.ReplicaID, server model.ServerID) (redis.Instance, error) {
	instance, ok := s.instances[server]
	if !ok {
		return instance, fmt.Errorf("no server %q", server)
	}
	return instance, nil
}

// Driver returns the Redis driver behind a guard.
func (s *RedisSite) Driver(trace actuator.Tracer) actuator.Driver {
	return guard.New(s.bare(trace), guard.NewMemory(), 0)
}

func (s *RedisSite) bare(trace actuator.Tracer) *redis.Driver {
	return redis.New(redis.Config{Locate: s.locate, Traffic: s.Proxy, Host: s.host, Trace: trace})
}

// KillTarget ends the process on the move's target, as a crash would.
func (s *RedisSite) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill(string(m.Replica) + "@" + string(m.To)) // none there is a crash too
}

// Dial connects a client through the proxy.
func (s *RedisSite) Dial(ctx context.Context) (Session, error) {
	c, err := redis.Dial(ctx, s.clients, "", clientTimeout)
	if err != nil {
		return nil, err
	}
	return redisSession{c}, nil
}

// redisSession writes one bit a write.
type redisSession struct{ *redis.Client }

// Write sets the number's bit in the writer's string.
func (s redisSession) Write(ctx context.Context, writer, number int) error {
	_, err := s.Do(context.WithoutCancel(ctx), "SETBIT", "writer:"+strconv.Itoa(writer), strconv.Itoa(number), "1")
	return err
}

// Lost reads everything back through the proxy and counts what isn't there.
func (s *RedisSite) Lost(ctx context.Context, acked [][]int) (int, error) {
	c, err := redis.Dial(ctx, s.clients, "", clientTimeout)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	bits := make([]string, len(acked))
	for w := range bits {
		if bits[w], err = c.Do(ctx, "GET", "writer:"+strconv.Itoa(w)); err != nil {
			return 0, err
		}
	}
	return Lost(acked, func(w, n int) bool {
		return n/8 < len(bits[w]) && bits[w][n/8]&(0x80>>(n%8)) != 0
	}), nil
}

// Serving returns the server that the proxy sends clients to, "" for none and
// an error for more than one.
func (s *RedisSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Proxy, "db", "a", "b")
}

// PromoteNaively is the negative control: it promotes the target and switches
// the proxy without waiting for anything.
func (s *RedisSite) PromoteNaively(ctx context.Context, from, to model.ServerID) error {
	c, err := redis.Dial(ctx, s.instances[to].Address, "", clientTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do(ctx, "REPLICAOF", "NO", "ONE"); err != nil {
		return err
	}
	return switchNaively(ctx, s.Proxy, s.instances[from].Route, s.instances[to].Route)
}

// switchNaively opens the target, then closes the source.
func switchNaively(ctx context.Context, t actuator.Traffic, from, to actuator.Route) error {
	if err := t.Admit(ctx, to, actuator.Open); err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond) // as a script's next process would take
	if err := t.Admit(ctx, from, actuator.Closed); err != nil {
		return err
	}
	return t.Cut(ctx, from)
}

// serving returns the one server that is open.
func serving(ctx context.Context, t actuator.Traffic, backend string, servers ...model.ServerID) (model.ServerID, error) {
	var open []model.ServerID
	for _, server := range servers {
		state, err := t.State(ctx, actuator.Route{Backend: backend, Server: string(server)})
		if err != nil {
			return "", err
		}
		if state.Admission == actuator.Open {
			open = append(open, server)
		}
	}
	switch len(open) {
	case 0:
		return "", nil
	case 1:
		return open[0], nil
	}
	return "", fmt.Errorf("clients reach %v at once", open)
}
