package move

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"drover/internal/actuator"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/postgres"
	"drover/internal/model"
)

// login is how everything reaches the servers of a test.
var login = postgres.Login{User: "drover", Database: "postgres"}

// PostgresSite is a PostgreSQL behind a proxy, and a free place to move it to.
type PostgresSite struct {
	*Site
	clients   string
	instances map[model.ServerID]postgres.Instance
	host      *postgres.LocalHost
}

// PostgresPrograms returns the folder of PostgreSQL's programs, "" where it
// isn't installed.
func PostgresPrograms() string {
	if path, err := exec.LookPath("pg_basebackup"); err == nil {
		if _, err := exec.LookPath("postgres"); err == nil && exec.Command(path, "--version").Run() == nil {
			if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Base(real) == "pg_basebackup" {
				return filepath.Dir(real)
			}
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is well formed
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// NewPostgresSite starts a PostgreSQL on server a; server b is free.
func NewPostgresSite(ctx context.Context) (*PostgresSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &PostgresSite{Site: site, instances: make(map[model.ServerID]postgres.Instance)}
	s.host = &postgres.LocalHost{
		Supervisor: s.Supervisor, Programs: PostgresPrograms(), NoSync: true,
		Settings: []string{"shared_buffers=16MB", "autovacuum=off", "max_connections=40"},
	}
	if os.Getuid() == 0 {
		if err := s.asSomebody(); err != nil {
			return s, err
		}
	}
	var servers []Server
	for i, server := range []model.ServerID{"a", "b"} {
		host := "127.0.0." + strconv.Itoa(4+i)
		port, err := FreePort(host)
		if err != nil {
			return s, err
		}
		name := "db/0@" + string(server)
		s.instances[server] = postgres.Instance{
			Address: host + ":" + port, Login: login, Route: actuator.Route{Backend: "db", Server: string(server)},
			Folder: filepath.Join(s.Folder, "pg-"+string(server)), Process: name,
		}
		servers = append(servers, Server{Name: string(server), Address: host + ":" + port, Open: i == 0})
		s.Own(name)
	}
	return s, s.begin(ctx, servers)
}

// begin makes the first server and its table.
func (s *PostgresSite) begin(ctx context.Context, servers []Server) error {
	first := s.instances["a"]
	if err := s.host.Initialise(ctx, &first); err != nil {
		return err
	}
	if err := s.host.Start(ctx, &first); err != nil {
		return err
	}
	if err := actuator.Poll(ctx, reviveEvery, func() (bool, error) {
		c, err := postgres.Dial(ctx, first.Address, login, clientTimeout)
		if err != nil {
			return false, err
		}
		_, err = c.Query(ctx, "CREATE TABLE IF NOT EXISTS written (writer int, number int)")
		return err == nil, errors.Join(err, c.Close())
	}); err != nil {
		return err
	}
	var err error
	s.clients, err = s.StartProxy(ctx, "tcp", "db", servers)
	return err
}

// asSomebody runs the servers as the user "postgres", since they refuse root.
func (s *PostgresSite) asSomebody() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("postgres refuses to run as root: %w", err)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return fmt.Errorf("user postgres: %w", err)
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	s.host.User, s.host.Group = uint32(id), uint32(group)
	return err
}

func (s *PostgresSite) locate(_ model.ReplicaID, server model.ServerID) (postgres.Instance, error) {
	instance, ok := s.instances[server]
	if !ok {
		return instance, fmt.Errorf("no server %q", server)
	}
	return instance, nil
}

// Driver returns the PostgreSQL driver behind a guard.
func (s *PostgresSite) Driver(trace actuator.Tracer) actuator.Driver {
	return guard.New(postgres.New(postgres.Config{Locate: s.locate, Traffic: s.Proxy, Host: s.host, Trace: trace}), guard.NewMemory(), 0)
}

// KillTarget ends the process on the move's target, as a crash would.
func (s *PostgresSite) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill(s.instances[m.To].Process) // none there is a crash too
}

// Dial connects a client through the proxy.
func (s *PostgresSite) Dial(ctx context.Context) (Session, error) {
	c, err := postgres.Dial(ctx, s.clients, login, clientTimeout)
	if err != nil {
		return nil, err
	}
	return postgresSession{c}, nil
}

// postgresSession writes one row a write.
type postgresSession struct{ *postgres.Client }

// Write inserts and commits one row.
func (s postgresSession) Write(ctx context.Context, writer, number int) error {
	_, err := s.Query(context.WithoutCancel(ctx), fmt.Sprintf("INSERT INTO written VALUES (%d, %d)", writer, number))
	return err
}

// Lost reads everything back through the proxy and counts what isn't there.
func (s *PostgresSite) Lost(ctx context.Context, acked [][]int) (int, error) {
	c, err := postgres.Dial(ctx, s.clients, login, clientTimeout)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	lost := 0
	for w, numbers := range acked {
		text, err := c.Query(ctx, fmt.Sprintf("SELECT string_agg(DISTINCT number::text, ',') FROM written WHERE writer = %d", w))
		if err != nil {
			return 0, err
		}
		there := make(map[string]bool)
		for n := range strings.SplitSeq(text, ",") {
			there[n] = true
		}
		lost += Lost([][]int{numbers}, func(_, n int) bool { return there[strconv.Itoa(n)] })
	}
	return lost, nil
}

// Serving returns the server that the proxy sends clients to.
func (s *PostgresSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Proxy, "db", "a", "b")
}
