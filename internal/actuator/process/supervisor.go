package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"drover/internal/actuator"
)

// Spec says what to run.
type Spec struct {
	// Name is unique on the host, for example "web/3@s1".
	Name string
	Argv []string
	// Image and Archive are what a container is made from, and the file that the
	// image is imported from where it isn't there; for containers only.
	Image, Archive string
	Dir            string
	Env            []string // besides PATH
	// User and Group run it as somebody else where not zero.
	User, Group uint32
	// Namespace is a network namespace (ip netns) to run in; empty: the host's.
	Namespace string
	// CPUMilli and MemoryBytes limit it; 0: no limit.
	CPUMilli, MemoryBytes int64
	// Elsewhere: it runs on another host, whose agent starts and stops it.
	Elsewhere bool
}

// Supervisor starts and stops the processes of one host. State is where their
// logs go. It may be used concurrently for different names.
type Supervisor struct {
	State string // folder
	// Grace is how long a process may take to end by itself; 0: five seconds.
	Grace time.Duration
	// Cgroups is where limits are set; see FindCgroups. nil: no limits.
	Cgroups *Cgroups

	// mu keeps Revive from starting again what is being stopped.
	mu sync.Mutex
}

// Start makes sure that the process runs, now and after a crash of it (see
// Revive). limited is false where limits were asked for and couldn't be set. A
// process that runs already is left as it is.
func (s *Supervisor) Start(ctx context.Context, spec Spec) (limited bool, err error) {
	if spec.Elsewhere {
		return true, nil
	}
	if len(spec.Argv) == 0 {
		return false, fmt.Errorf("process %q: no command", spec.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.want(spec); err != nil {
		return false, err
	}
	return s.start(ctx, spec)
}

// start starts the process unless it runs.
func (s *Supervisor) start(ctx context.Context, spec Spec) (limited bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	lock, free, err := s.lock(spec.Name)
	if err != nil || !free {
		return true, err
	}
	defer lock.Close()
	argv := spec.Argv
	if spec.Namespace != "" {
		argv = append([]string{"ip", "netns", "exec", spec.Namespace}, argv...)
	}
	// Not CommandContext: the process outlives the command that starts it.
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = spec.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if spec.User != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: spec.User, Gid: spec.Group}
	}
	log, err := os.OpenFile(s.logPath(spec.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return false, fmt.Errorf("process %q: %w", spec.Name, err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{lock} // becomes lockDescriptor
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("process %q: %w", spec.Name, err)
	}
	go func() { _ = cmd.Wait() }() // so that it leaves no zombie; how it ended is in its log
	return s.Cgroups.limit(spec, cmd.Process.Pid), nil
}

// Stop makes sure that the process, with its children, doesn't run.
func (s *Supervisor) Stop(ctx context.Context, name string) error {
	return s.StopBy(ctx, name, syscall.SIGTERM)
}

// StopBy is Stop with the signal that asks the process to end by itself.
func (s *Supervisor) StopBy(ctx context.Context, name string, ask syscall.Signal) error {
	grace := s.Grace
	if grace <= 0 {
		grace = 5 * time.Second
	}
	if err := s.unwant(name); err != nil {
		return err
	}
	signal, hard := ask, time.Now().Add(grace)
	err := actuator.Poll(ctx, 10*time.Millisecond, func() (bool, error) {
		pids, err := s.find(name)
		if err != nil || len(pids) == 0 {
			return err == nil, err
		}
		if signal == 0 && time.Now().After(hard) {
			signal = syscall.SIGKILL
		}
		for _, pid := range pids {
			if signal != 0 {
				err = errors.Join(err, ignoreGone(syscall.Kill(pid, signal)))
			}
		}
		if signal == ask {
			signal = 0
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("stop process %q: %w", name, err)
	}
	s.Cgroups.forget(name)
	return nil
}

// Kill ends the process at once, as a crash would, and doesn't wait.
func (s *Supervisor) Kill(name string) error {
	pids, err := s.find(name)
	for _, pid := range pids {
		err = errors.Join(err, ignoreGone(syscall.Kill(pid, syscall.SIGKILL)))
	}
	return err
}

// Running tells whether the process runs.
func (s *Supervisor) Running(name string) (bool, error) {
	pids, err := s.find(name)
	return len(pids) > 0, err
}

func ignoreGone(err error) error {
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// lock opens the name's lock file and takes the lock, which the process will
// inherit and hold for as long as it or a child of it lives. free is false where
// one does.
func (s *Supervisor) lock(name string) (file *os.File, free bool, err error) {
	file, err = os.OpenFile(s.lockPath(name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("process %q: %w", name, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, true, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("process %q: lock: %w", name, err)
}

func (s *Supervisor) lockPath(name string) string {
	return filepath.Join(s.State, fileName(name)+".lock")
}

func (s *Supervisor) logPath(name string) string {
	return filepath.Join(s.State, fileName(name)+".log")
}

// fileName makes a name fit for a file: other characters become "_".
func fileName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '@') {
			b[i] = '_'
		}
	}
	return string(b)
}
