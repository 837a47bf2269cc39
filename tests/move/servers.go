package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/haproxy"
	"drover/internal/actuator/process"
)

// Site is what one run stands on: a folder, a supervisor and a proxy.
type Site struct {
	Folder     string
	Supervisor *process.Supervisor
	Proxy      *haproxy.Proxy
	Traffic    actuator.Traffic // the proxy, whichever it is
	names      []string         // of processes started here, to be ended
	undo       [][]string       // of what Namespaces made: arguments of ip
	tidy       string           // a script that ends what the supervisor doesn't know
	lifeline   io.Closer        // of the reaper
	stopKeeper context.CancelFunc
	kept       sync.WaitGroup
}

// reviveEvery is how often the supervisor looks for what has ended.
const reviveEvery = 100 * time.Millisecond

// NewSite makes a folder and a supervisor for it.
func NewSite() (*Site, error) {
	folder, err := os.MkdirTemp("", "drover-move-")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	if err := os.Chmod(folder, 0o755); err != nil { // PostgreSQL runs as somebody else
		return nil, fmt.Errorf("site: %w", err)
	}
	s := &Site{Folder: folder, Supervisor: &process.Supervisor{State: folder, Grace: time.Second}}
	if err := s.watchOver(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stopKeeper = cancel
	s.kept.Go(func() { s.Supervisor.Keep(ctx, reviveEvery, func(error) {}) })
	return s, nil
}

// Close ends everything that runs here and deletes the folder.
func (s *Site) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.stopKeeper()
	s.kept.Wait()
	for _, name := range s.names {
		if err := s.Supervisor.Kill(name); err != nil {
			return err
		}
		if err := s.Supervisor.Stop(ctx, name); err != nil {
			return err
		}
	}
	return errors.Join(s.dissolve(ctx), os.RemoveAll(s.Folder), s.lifeline.Close())
}

// Own makes Close end a process that a driver may start.
func (s *Site) Own(names ...string) { s.names = append(s.names, names...) }

// FreePort returns a port that nothing listens on at the address.
func FreePort(address string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", fmt.Errorf("free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// Missing returns which of the programs aren't installed.
func Missing(programs ...string) []string {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// Server is one line of a backend.
type Server struct {
	Name, Address string
	Open          bool // from the beginning
}

// StartProxy starts HAProxy with one backend and returns the clients' address.
// mode is "tcp" or "http".
func (s *Site) StartProxy(ctx context.Context, mode, backend string, servers []Server) (string, error) {
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return "", err
	}
	address, socket := "127.0.0.1:"+port, filepath.Join(s.Folder, "haproxy.sock")
	var b strings.Builder
	fmt.Fprintf(&b, "global\n  maxconn 2000\n  nbthread 1\n  stats socket %s mode 600 level admin\n", socket)
	fmt.Fprintf(&b, "defaults\n  mode %s\n  timeout connect 1s\n  timeout client 1m\n  timeout server 1m\n  timeout queue 3s\n", mode)
	if mode == "http" {
		b.WriteString("  option redispatch\n  retries 3\n  retry-on conn-failure empty-response\n")
	}
	fmt.Fprintf(&b, "frontend in\n  bind %s\n  default_backend %s\nbackend %s\n", address, backend, backend)
	for _, server := range servers {
		state := " disabled"
		if server.Open {
			state = ""
		}
		fmt.Fprintf(&b, "  server %s %s weight 100%s\n", server.Name, server.Address, state)
	}
	path := filepath.Join(s.Folder, "haproxy.cfg")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return "", fmt.Errorf("haproxy: %w", err)
	}
	s.Own("haproxy")
	if _, err := s.Supervisor.Start(ctx, process.Spec{Name: "haproxy", Argv: []string{"haproxy", "-db", "-f", path}, Dir: s.Folder}); err != nil {
		return "", err
	}
	s.Proxy = &haproxy.Proxy{Address: "unix:" + socket}
	s.Traffic = s.Proxy
	first := actuator.Route{Backend: backend, Server: servers[0].Name}
	return address, actuator.Poll(ctx, 10*time.Millisecond, func() (bool, error) {
		_, err := s.Proxy.State(ctx, first)
		return err == nil, err
	})
}
