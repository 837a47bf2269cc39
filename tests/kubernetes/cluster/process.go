package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// server is one of the control plane's processes.
type server struct {
	name string
	argv []string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// stopPatience is how long a process may take to end by itself.
const stopPatience = 10 * time.Second

// start starts the process; it ends with the test's process, whatever happens.
func (s *server) start() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer log.Close()
	s.cmd = exec.Command(s.argv[0], s.argv[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	done := make(chan struct{})
	s.done = done
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // how it ended is in its log
		close(done)
	}(s.cmd)
	return nil
}

// stop ends the process: by a request first, then at once.
func (s *server) stop(ask syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Signal(ask)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", s.name, err)
	}
	select {
	case <-s.done:
	case <-time.After(stopPatience):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	s.cmd = nil
	return nil
}

// ended tells that the process has gone, with the end of what it said.
func (s *server) ended() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	text, _ := os.ReadFile(s.log)
	return fmt.Errorf("%s has ended: ...%s", s.name, text[max(0, len(text)-2000):])
}

// ports returns so many free ports of the loopback address.
func ports(n int) ([]string, error) {
	var list []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("free port: %w", err)
		}
		defer l.Close()
		list = append(list, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return list, nil
}

// await looks every so often until ready says true, a process has ended or the
// context has.
func await(ctx context.Context, servers []*server, ready func() error) error {
	for {
		err := ready()
		if err == nil {
			return nil
		}
		for _, s := range servers {
			if gone := s.ended(); gone != nil {
				return gone
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *Cluster) server(name string, argv ...string) *server {
	return &server{name: name, argv: argv, log: filepath.Join(c.Folder, name+".log")}
}
