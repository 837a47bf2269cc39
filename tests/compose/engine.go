package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// engine is a Docker daemon in the namespaces of this process.
type engine struct {
	folder string
	daemon *exec.Cmd
	log    *os.File
	ended  chan struct{} // closed when the daemon has ended
}

// patience is how long anything may take: decisions are made every five minutes,
// and the machine may be busy.
const patience = 15 * time.Minute

// start sets the namespaces up and starts the daemon.
func start(ctx context.Context, folder string) (*engine, error) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return nil, fmt.Errorf("mount /proc: %w", err)
	}
	if err := do(ctx, "/", nil, "ip", "link", "set", "lo", "up"); err != nil {
		return nil, err
	}
	e := &engine{folder: folder, ended: make(chan struct{})}
	// What a run that was killed says about its daemon is no longer so.
	for _, name := range []string{"pid", "exec"} {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(folder, "dockerd.log"))
	if err != nil {
		return nil, err
	}
	e.log = log
	e.daemon = exec.Command("dockerd", "--data-root", filepath.Join(folder, "data"), "--exec-root", filepath.Join(folder, "exec"),
		"--pidfile", filepath.Join(folder, "pid"), "--cgroup-parent", group(folder), "-H", "unix://"+filepath.Join(folder, "s"))
	e.daemon.Stdout, e.daemon.Stderr = log, log
	if err := e.daemon.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = e.daemon.Wait() // the log says why
		close(e.ended)
	}()
	return e, e.await(ctx, "the engine answers", func() (bool, error) {
		_, err := e.docker(ctx, "version")
		return err == nil, err
	})
}

// stop ends the daemon; the namespaces' end would end it, too, less orderly.
func (e *engine) stop() {
	_ = e.daemon.Process.Signal(syscall.SIGTERM) // it may have ended
	<-e.ended
	_ = e.log.Close()
}

// docker runs a command of Docker's.
func (e *engine) docker(ctx context.Context, args ...string) (string, error) {
	return e.run(ctx, e.folder, append([]string{"docker"}, args...)...)
}

func (e *engine) run(ctx context.Context, dir string, argv ...string) (string, error) {
	return output(ctx, dir, []string{"DOCKER_HOST=unix://" + filepath.Join(e.folder, "s"), "DOCKER_BUILDKIT=1",
		"DOCKER_CONFIG=" + filepath.Join(e.folder, "config")}, argv...)
}

// await looks until something holds.
func (e *engine) await(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := holds()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v in vain until %s (%w)", patience, what, err)
		case <-e.ended:
			text, _ := os.ReadFile(e.log.Name())
			return fmt.Errorf("the engine has ended before %s:\n%s", what, text[max(0, len(text)-2000):])
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// modules serves Go's module cache of this machine to builds, which have no other
// way out, and returns its address.
func modules(ctx context.Context) (string, error) {
	cache, err := output(ctx, ".", nil, "go", "env", "GOMODCACHE")
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	files := http.FileServer(http.Dir(filepath.Join(strings.TrimSpace(cache), "cache", "download")))
	go func() { _ = http.Serve(listener, files) }() // until the process ends
	return "http://" + listener.Addr().String(), nil
}

// group is the name of the containers' control groups.
func group(folder string) string { return "/drover-" + filepath.Base(folder) }

// sweep takes the control groups away that containers have left; whatever was in
// them has ended with the namespaces. One that is in use stays, and is no harm.
func sweep(folder string) {
	roots, _ := filepath.Glob("/sys/fs/cgroup/*" + group(folder)) // the pattern is well-formed
	for _, root := range append(roots, "/sys/fs/cgroup"+group(folder)) {
		var found []string
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { // what isn't there needs no sweeping
			if err == nil && d.IsDir() {
				found = append(found, path)
			}
			return nil
		})
		for _, path := range slices.Backward(found) {
			_ = os.Remove(path)
		}
	}
}
