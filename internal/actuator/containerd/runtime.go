package containerd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	client "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/runtime/restart"
	"github.com/containerd/errdefs"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
)

// Config says which containerd to ask, and how.
type Config struct {
	// Address is its socket; empty: /run/containerd/containerd.sock.
	Address string
	// Namespace is where Drover's containers and their images are; empty: "drover".
	Namespace string
	// Snapshotter holds containers' file systems; empty: containerd's default.
	Snapshotter string
	// Folder takes the containers' output, a file each.
	Folder string
	// Unlimited: the host's cgroups can't be written, so that no limits are set.
	Unlimited bool
	// Grace is how long a container may take to end by itself; 0: five seconds.
	Grace time.Duration
}

// Runtime starts and stops the containers of one host. It may be used
// concurrently.
type Runtime struct {
	Config
	client *client.Client
}

// The defaults of Config, and how often containerd is looked at.
const (
	defaultAddress   = "/run/containerd/containerd.sock"
	defaultNamespace = "drover"
	defaultGrace     = 5 * time.Second
	pollEvery        = 20 * time.Millisecond
)

// New returns a runtime. containerd is connected to when it is needed, and again
// after it was away.
func New(c Config) (*Runtime, error) {
	if c.Address == "" {
		c.Address = defaultAddress
	}
	if c.Namespace == "" {
		c.Namespace = defaultNamespace
	}
	if c.Grace <= 0 {
		c.Grace = defaultGrace
	}
	connected, err := client.New(c.Address, client.WithDefaultNamespace(c.Namespace))
	if err != nil {
		return nil, fmt.Errorf("containerd at %s: %w", c.Address, err)
	}
	return &Runtime{Config: c, client: connected}, nil
}

// Close closes the connection; the containers run on.
func (r *Runtime) Close() error { return r.client.Close() }

// Start makes sure that the container runs, now and after a crash of it. One
// that runs already is left as it is. limited is false where limits were asked
// for and couldn't be set.
func (r *Runtime) Start(ctx context.Context, spec process.Spec) (limited bool, err error) {
	if spec.Elsewhere {
		return true, nil
	}
	limited = !r.Unlimited || spec.CPUMilli <= 0 && spec.MemoryBytes <= 0
	err = r.await(ctx, func() (bool, error) { return r.towardsRunning(ctx, &spec) })
	if err != nil {
		return false, fmt.Errorf("containerd at %s: container %q: %w", r.Address, spec.Name, err)
	}
	return limited, nil
}

// towardsRunning does the next thing that is missing for a container to run.
func (r *Runtime) towardsRunning(ctx context.Context, spec *process.Spec) (bool, error) {
	c, labels, err := r.look(ctx, spec.Name)
	if errdefs.IsNotFound(err) {
		return false, r.create(ctx, spec)
	}
	if err != nil {
		return false, err
	}
	task, state, err := stateOf(ctx, c)
	switch {
	case err != nil:
		return false, err
	case alive(state):
		if labels[restart.StatusLabel] != string(client.Running) {
			return true, keep(ctx, c, client.Running)
		}
		return true, nil
	case state == client.Created:
		return false, begin(ctx, task)
	case task != nil:
		_, err := task.Delete(ctx) // refused where somebody has started another one meanwhile
		return false, err
	case labels[digestLabel] != digest(spec):
		return false, c.Delete(ctx, client.WithSnapshotCleanup) // it was made for something else
	}
	return false, r.prepare(ctx, c, spec.Name)
}

// Stop makes sure that there is no such container.
func (r *Runtime) Stop(ctx context.Context, name string) error {
	signal, hard := syscall.SIGTERM, time.Now().Add(r.Grace)
	err := r.await(ctx, func() (bool, error) {
		c, labels, err := r.look(ctx, name)
		if errdefs.IsNotFound(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if labels[restart.StatusLabel] == string(client.Running) {
			return false, keep(ctx, c, client.Stopped) // before its end, or it would be revived
		}
		task, state, err := stateOf(ctx, c)
		switch {
		case err != nil:
			return false, err
		case task == nil:
			return false, c.Delete(ctx, client.WithSnapshotCleanup)
		case !alive(state):
			_, err := task.Delete(ctx, client.WithProcessKill)
			return false, err
		}
		if signal == 0 && time.Now().After(hard) {
			signal = syscall.SIGKILL
		}
		if signal != 0 {
			err = task.Kill(ctx, signal, client.WithKillAll)
			signal = 0
			if time.Now().After(hard) {
				hard = hard.Add(r.Grace)
			}
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("containerd at %s: stop container %q: %w", r.Address, name, err)
	}
	return nil
}

// Kill ends the container's processes at once, as a crash would, and doesn't
// wait.
func (r *Runtime) Kill(ctx context.Context, name string) error {
	c, _, err := r.look(ctx, name)
	if err == nil {
		var task client.Task
		if task, err = c.Task(ctx, nil); err == nil {
			err = task.Kill(ctx, syscall.SIGKILL, client.WithKillAll)
		}
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// Running tells whether the container runs.
func (r *Runtime) Running(ctx context.Context, name string) (bool, error) {
	c, _, err := r.look(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, state, err := stateOf(ctx, c)
	return alive(state), err
}

// look finds a container by its name.
func (r *Runtime) look(ctx context.Context, name string) (client.Container, map[string]string, error) {
	c, err := r.client.LoadContainer(ctx, identifier(name))
	if err != nil {
		return nil, nil, err
	}
	labels, err := c.Labels(ctx)
	return c, labels, err
}

// stateOf returns what a container's processes do; no task where there are none.
func stateOf(ctx context.Context, c client.Container) (client.Task, client.ProcessStatus, error) {
	task, err := c.Task(ctx, nil)
	if errdefs.IsNotFound(err) {
		return nil, client.Stopped, nil
	}
	if err != nil {
		return nil, client.Unknown, err
	}
	status, err := task.Status(ctx)
	return task, status.Status, err
}

func alive(state client.ProcessStatus) bool {
	return state == client.Running || state == client.Paused || state == client.Pausing
}

// keep tells containerd's monitor what the container should do from now on.
func keep(ctx context.Context, c client.Container, state client.ProcessStatus) error {
	_, err := c.SetLabels(ctx, map[string]string{restart.StatusLabel: string(state)})
	return err
}

// await does the next thing until nothing is missing, the context ends, or it
// meets an error that trying again doesn't change. Somebody else may be at work
// on the same container, containerd's monitor among others: what isn't there any
// more, or is there already, is looked at again.
func (r *Runtime) await(ctx context.Context, next func() (bool, error)) error {
	var final error
	err := actuator.Poll(ctx, pollEvery, func() (bool, error) {
		done, err := next()
		if err == nil || contended(err) || errdefs.IsUnavailable(err) {
			return done && err == nil, err
		}
		final = err
		return true, nil
	})
	if err != nil {
		return err
	}
	return final
}

// contended tells whether somebody else has done the same or the opposite
// meanwhile. containerd has no types for two of these cases: two who start a
// container at once meet in a shim's folder, and a shim may end while it is asked.
// Where a shim can't be started at all, that is told when the time is up.
func contended(err error) bool {
	text := err.Error()
	return errors.Is(err, errAgain) || errdefs.IsNotFound(err) && !errors.Is(err, errNoImage) || errdefs.IsAlreadyExists(err) || errdefs.IsFailedPrecondition(err) ||
		strings.Contains(text, "failed to start shim") || strings.Contains(text, "ttrpc: closed")
}
