package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"drover/tests/module"
)

// The containers that run on, ours and those of others.
var (
	ours   = []string{"ingest", "forecaster", "planner", "executor", "web"}
	others = []string{"kafka", "redis"}
)

// compose runs Docker Compose over the file as it stands.
func (s *story) compose(ctx context.Context, args ...string) (string, error) {
	return s.engine.run(ctx, s.project(), append([]string{"docker-compose", "--ansi", "never", "-f", "compose.yaml"}, args...)...)
}

// project is the folder that stands for deploy/.
func (s *story) project() string { return filepath.Join(s.folder, "deploy") }

// up does what the head of the file says: tokens, then everything.
func (s *story) up(ctx context.Context) error {
	root, err := module.Root()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "deploy", "compose.yaml"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.project(), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.project(), "compose.yaml"), text, 0o644); err != nil {
		return err
	}
	if _, err := s.engine.run(ctx, s.project(), "bash", "-ec", commands(string(text))); err != nil {
		return err
	}
	token, err := os.ReadFile(filepath.Join(s.project(), "me.token"))
	if err != nil {
		return err
	}
	s.Token = strings.TrimSpace(string(token))
	begun := time.Now()
	if _, err := s.compose(ctx, "up", "--wait", "--no-build"); err != nil {
		return err
	}
	s.Figures["up_s"] = seconds(begun)
	return nil
}

// indented are the lines of the file's head that people type.
var indented = regexp.MustCompile(`(?m)^#   (.*)$`)

// commands are those that make tokens: the image is there already, this is the
// folder, and Compose is run by other means.
func commands(head string) string {
	var out []string
	for _, line := range indented.FindAllStringSubmatch(head, -1) {
		if !strings.HasPrefix(line[1], "docker build ") && !strings.HasPrefix(line[1], "cd ") && !strings.HasPrefix(line[1], "docker compose ") {
			out = append(out, line[1])
		}
	}
	return strings.Join(out, "\n")
}

func seconds(since time.Time) float64 {
	return float64(time.Since(since).Round(100*time.Millisecond)) / float64(time.Second)
}

// state is what the engine knows of a container.
type state struct {
	State struct {
		Pid, ExitCode int
		Running       bool
		OOMKilled     bool
		Health        struct{ Status string }
	}
	RestartCount int
}

func (s *story) state(ctx context.Context, service string) (*state, error) {
	said, err := s.engine.docker(ctx, "inspect", "drover-"+service+"-1")
	if err != nil {
		return nil, err
	}
	var all []state
	if err := json.Unmarshal([]byte(said), &all); err != nil || len(all) != 1 {
		return nil, fmt.Errorf("docker inspect %s: %w", service, errors.Join(err, errors.New(said)))
	}
	return &all[0], nil
}

// status are the lines of /proc/PID/status that say what a process may do.
var status = regexp.MustCompile(`(?m)^(Uid|Gid|CapEff|NoNewPrivs):\s+(\S+)`)

// may says what a process may do, by its status.
func may(text string) string {
	var out []string
	for _, m := range status.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1]+" "+m[2])
	}
	return strings.Join(out, ", ")
}

// rights demands that Drover's programs are nobody's, have no capability and can't
// get one, and can't write to the image.
func (s *story) rights(ctx context.Context) error {
	for _, service := range ours {
		c, err := s.state(ctx, service)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
		if err != nil {
			return err
		}
		if got, want := may(string(text)), "Uid 65534, Gid 65534, CapEff 0000000000000000, NoNewPrivs 1"; got != want {
			return fmt.Errorf("%s: %q, want %s", service, got, want)
		}
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mounts", c.State.Pid))
		if err != nil {
			return err
		}
		if first, _, _ := strings.Cut(string(mounts), "\n"); !strings.Contains(first, " / overlay ro,") {
			return fmt.Errorf("%s: the root is %q, want it read-only", service, first)
		}
		if _, err := s.engine.docker(ctx, "exec", "drover-"+service+"-1", "/drover", "health"); err != nil {
			return err
		}
		if _, err := s.engine.docker(ctx, "exec", "drover-"+service+"-1", "/bin/sh"); err == nil {
			return fmt.Errorf("%s has a shell", service)
		}
	}
	return nil
}

// kill kills the program of each container, one after the other, and waits until
// it is back and well; then what is sent must get to the console.
func (s *story) kill(ctx context.Context) error {
	for _, service := range append(others, ours...) {
		before, err := s.state(ctx, service)
		if err != nil {
			return err
		}
		if err := syscall.Kill(before.State.Pid, syscall.SIGKILL); err != nil {
			return err
		}
		if err := s.engine.await(ctx, service+" is back", func() (bool, error) {
			c, err := s.state(ctx, service)
			if err != nil {
				return false, err
			}
			return c.RestartCount > before.RestartCount && c.State.Running && (c.State.Health.Status == "healthy" || service == "kafka"),
				fmt.Errorf("%+v", *c)
		}); err != nil {
			return err
		}
	}
	s.Figures["killed"] = len(ours) + len(others)
	return s.news(ctx, "after-kills")
}

// grace is what compose.yaml gives Drover's programs to end.
const grace = 30 * time.Second

// downAndUp stops everything, which must end by itself, takes the containers away
// and makes them anew: what was known before is known again, and life goes on.
func (s *story) downAndUp(ctx context.Context) error {
	before, err := s.plans(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if _, err := s.compose(ctx, append([]string{"stop"}, ours...)...); err != nil {
		return err
	}
	s.Figures["stop_s"] = seconds(begun)
	for _, service := range ours {
		c, err := s.state(ctx, service)
		if err != nil {
			return err
		}
		if c.State.ExitCode != 0 || c.State.Running || c.State.OOMKilled {
			return fmt.Errorf("%s did not end by itself within %v: %+v", service, grace, *c)
		}
	}
	if _, err := s.compose(ctx, "down"); err != nil {
		return err
	}
	if _, err := s.compose(ctx, "up", "--wait", "--no-build"); err != nil {
		return err
	}
	for name := range before {
		if err := s.engine.await(ctx, "the plan "+name+" is known again", func() (bool, error) {
			now, err := s.plans(ctx)
			return now[name] != "", err
		}); err != nil {
			return err
		}
	}
	s.Figures["plans_kept"] = len(before)
	return s.another(ctx, "after-down")
}

// away takes everything away; nothing may be left.
func (s *story) away(ctx context.Context) error {
	if _, err := s.compose(ctx, "down", "--volumes"); err != nil {
		return err
	}
	said, err := s.engine.docker(ctx, "ps", "-aq")
	if err == nil && strings.TrimSpace(said) != "" {
		err = fmt.Errorf("containers are left: %s", said)
	}
	return err
}

// logs is the last that everything said, for a story that ended badly.
func (s *story) logs() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := os.Stat(s.project()); err != nil {
		return ""
	}
	ps, _ := s.compose(ctx, "ps", "-a") // what can't be had is left out
	said, _ := s.compose(ctx, "logs", "--no-color", "--tail", "25")
	return "\n" + ps + said
}
