// Package update runs a server's update or reboot as a step of a plan: a hook
// (a program or a URL) from a list, then a check that the server is healthy
// again. Hooks are named in plans and defined here, so that a plan can't bring a
// command of its own.
//
// A hook may be run again after a crash or a lost outcome: it has to converge,
// as "bring this server to version 7" does and "upgrade by one" doesn't.
package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"syscall"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Hook is one way to update a server. Exactly one of Argv and URL is set; in all
// texts "{server}" stands for the server's name.
type Hook struct {
	Argv []string `json:"argv,omitempty"`
	URL  string   `json:"url,omitempty"` // is sent a POST; done at 2xx
	// Health is a URL that answers 200 where the server is in service; empty: it
	// is taken to be when the hook has succeeded.
	Health string `json:"health,omitempty"`
}

// Driver runs hooks by name.
type Driver struct {
	Hooks map[string]Hook
	// Client makes the requests; nil: http.DefaultClient.
	Client *http.Client
	// Every is the wait between two looks at the health; 0: one second.
	Every time.Duration
}

// maxSaid bounds what is kept of a program's output, in bytes.
const maxSaid = 4 << 10

// Capabilities says that updates are all it does.
func (d *Driver) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "update", Steps: []model.StepKind{model.StepUpdate}}
}

// Status knows nothing of earlier commands: hooks converge.
func (d *Driver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// Perform runs the command's hook and waits until the server is healthy.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	if c.Step.Kind != model.StepUpdate {
		return fmt.Errorf("update: %w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	hook, ok := d.Hooks[c.UpdateHook]
	if !ok {
		names := make([]string, 0, len(d.Hooks))
		for n := range d.Hooks {
			names = append(names, n)
		}
		sort.Strings(names)
		return fmt.Errorf("update: there is no hook %q: there are %s", c.UpdateHook, strings.Join(names, ", "))
	}
	if err := d.run(ctx, hook.on(string(c.UpdateServer)), &c); err != nil {
		return fmt.Errorf("update %q of server %s: %w", c.UpdateHook, c.UpdateServer, err)
	}
	return nil
}

// on puts the server's name in.
func (h Hook) on(server string) Hook {
	in := strings.NewReplacer("{server}", server)
	argv := make([]string, len(h.Argv))
	for i, a := range h.Argv {
		argv[i] = in.Replace(a)
	}
	return Hook{Argv: argv, URL: in.Replace(h.URL), Health: in.Replace(h.Health)}
}

func (d *Driver) run(ctx context.Context, hook Hook, c *actuator.Command) error {
	var err error
	switch {
	case (len(hook.Argv) > 0) == (hook.URL != ""):
		return errors.New("a hook has either a program or a URL")
	case hook.URL != "":
		err = d.post(ctx, hook.URL, c)
	default:
		err = program(ctx, hook.Argv, c)
	}
	if err != nil || hook.Health == "" {
		return err
	}
	every := d.Every
	if every <= 0 {
		every = time.Second
	}
	return actuator.Poll(ctx, every, func() (bool, error) {
		err := d.ask(ctx, http.MethodGet, hook.Health, c)
		return err == nil, err
	})
}

// program runs a hook's program. It is told what it is run for, so that it can
// tell a repeat.
func program(ctx context.Context, argv []string, c *actuator.Command) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "DROVER_KEY="+string(c.Step.ID), "DROVER_SERVER="+string(c.UpdateServer))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		text := said.Bytes()
		return fmt.Errorf("%s: %w: %s", argv[0], err, bytes.TrimSpace(text[max(len(text)-maxSaid, 0):]))
	}
	return nil
}

func (d *Driver) post(ctx context.Context, url string, c *actuator.Command) error {
	return d.ask(ctx, http.MethodPost, url, c)
}

// ask makes one request and takes 2xx for yes.
func (d *Driver) ask(ctx context.Context, method, url string, c *actuator.Command) error {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Idempotency-Key", string(c.Step.ID))
	client := d.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
