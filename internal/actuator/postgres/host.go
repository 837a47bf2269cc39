package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"drover/internal/actuator/process"
)

// LocalHost runs servers by a supervisor on this machine. PostgreSQL refuses to
// run as root, so User and Group say whom it runs as.
type LocalHost struct {
	Supervisor  *process.Supervisor
	User, Group uint32
	// Programs is the folder of PostgreSQL's programs; empty: from PATH.
	Programs string
	// Settings are added to each server's command line, as "name=value".
	Settings []string
	// NoSync leaves copies to the operating system to write: quick, and lost with
	// the machine. For tests.
	NoSync bool
}

// What the file beside a data folder says about it. Without that file a folder
// isn't Drover's, and is neither started nor deleted.
const (
	markSuffix = ".drover"
	partial    = "partial"
	whole      = "whole"
)

// mark says what a data folder holds.
func mark(folder, state string) error {
	if err := os.WriteFile(folder+markSuffix, []byte(state), 0o600); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	return nil
}

// marked returns what is said about a data folder; "" where nothing is.
func marked(folder string) string {
	text, err := os.ReadFile(folder + markSuffix)
	if err != nil {
		return ""
	}
	return string(text)
}

// Start makes sure that the server of a data folder runs. It does nothing where
// there is no whole copy, and for what is on another host.
func (h *LocalHost) Start(ctx context.Context, i *Instance) error {
	if i.Elsewhere || marked(i.Folder) != whole {
		return nil
	}
	host, port, err := net.SplitHostPort(i.Address)
	if err != nil {
		return fmt.Errorf("postgres address %q: %w", i.Address, err)
	}
	argv := []string{h.program("postgres"), "-D", i.Folder}
	settings := append([]string{
		"listen_addresses=" + host, "port=" + port, "unix_socket_directories=", "hot_standby=on",
		"wal_log_hints=on", "wal_keep_size=256MB", "max_wal_senders=8",
	}, h.Settings...)
	for _, s := range settings {
		argv = append(argv, "-c", s)
	}
	// A server that was killed leaves this file; the supervisor knows better.
	if running, err := h.Supervisor.Running(i.Process); err != nil || running {
		return err
	}
	if err := os.Remove(filepath.Join(i.Folder, "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("postgres: %w", err)
	}
	_, err = h.Supervisor.Start(ctx, process.Spec{
		Name: i.Process, Argv: argv, Dir: i.Folder, User: h.User, Group: h.Group, Namespace: i.Namespace,
		Env: []string{"LC_ALL=C.UTF-8"},
	})
	return err
}

// Stop ends the server; its data stay.
func (h *LocalHost) Stop(ctx context.Context, i *Instance) error {
	if i.Elsewhere {
		return nil
	}
	return h.Supervisor.StopBy(ctx, i.Process, syscall.SIGINT)
}

// Remove ends the server at once and deletes its data. One on another host is
// left to that host's agent: what undoes a move asks it next.
func (h *LocalHost) Remove(ctx context.Context, i *Instance) error {
	if i.Elsewhere {
		return nil
	}
	if marked(i.Folder) == "" {
		if _, err := os.Stat(i.Folder); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("postgres data: %s isn't Drover's: write %q into %s to hand it over", i.Folder, whole, i.Folder+markSuffix)
	}
	// First of all, so that no start can follow a deletion cut short.
	if err := mark(i.Folder, partial); err != nil {
		return err
	}
	if err := h.Supervisor.StopBy(ctx, i.Process, syscall.SIGQUIT); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(i.Folder), os.Remove(i.Folder+markSuffix)); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	return nil
}

// Copy makes a standby's data folder from a running source. It is complete or
// not there.
func (h *LocalHost) Copy(ctx context.Context, source, standby *Instance, bytesPerSecond int64) error {
	if err := here(standby); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(standby.Folder), 0o755); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	// A folder of its own for each try: one that was abandoned may still write.
	copied, err := os.MkdirTemp(filepath.Dir(standby.Folder), filepath.Base(standby.Folder)+".copy-")
	if err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	defer os.RemoveAll(copied)
	if err := h.own(copied); err != nil {
		return err
	}
	// With --progress the source estimates the size first, for pg_stat_progress_basebackup.
	args := []string{"-D", copied, "-R", "-X", "stream", "-c", "fast", "--progress", "-d", source.conninfo()}
	if h.NoSync {
		args = append(args, "--no-sync")
	}
	if bytesPerSecond > 0 {
		args = append(args, "--max-rate", fmt.Sprint(max(bytesPerSecond>>10, 32)))
	}
	if err := h.run(ctx, "pg_basebackup", args...); err != nil {
		return err
	}
	return h.place(copied, standby.Folder)
}

// Rewind makes a stopped former primary a standby of the running source. A
// rewind cut short leaves a folder that counts as partial.
func (h *LocalHost) Rewind(ctx context.Context, source, standby *Instance) error {
	if err := here(standby); err != nil {
		return err
	}
	if marked(standby.Folder) != whole {
		return fmt.Errorf("postgres data: %s isn't whole", standby.Folder)
	}
	if err := mark(standby.Folder, partial); err != nil {
		return err
	}
	args := []string{"-D", standby.Folder, "--source-server", source.conninfo(), "-R"}
	if h.NoSync {
		args = append(args, "--no-sync")
	}
	if err := h.run(ctx, "pg_rewind", args...); err != nil {
		return err
	}
	return mark(standby.Folder, whole)
}

// here returns an error for an instance whose data are another host's.
func here(i *Instance) error {
	return refuse(i.Elsewhere, "postgres data: %s is on another host: its agent has to be asked", i.Folder)
}

// place moves a whole copy to where it belongs.
func (h *LocalHost) place(copied, folder string) error {
	if err := mark(folder, partial); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	if err := os.Rename(copied, folder); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	return mark(folder, whole)
}

// Initialise makes a new, empty server's data folder, in which everybody on
// loopback is trusted. It is for tests and demonstrations.
func (h *LocalHost) Initialise(ctx context.Context, i *Instance) error {
	fresh, err := os.MkdirTemp(filepath.Dir(i.Folder), "init-")
	if err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	if err := h.own(fresh); err != nil {
		return err
	}
	if err := h.run(ctx, "initdb", "-D", fresh, "-A", "trust", "-U", i.Login.User, "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8"); err != nil {
		return err
	}
	return h.place(fresh, i.Folder)
}

// own hands a folder to the user that the servers run as.
func (h *LocalHost) own(folder string) error {
	if h.User == 0 {
		return nil
	}
	if err := os.Chown(folder, int(h.User), int(h.Group)); err != nil {
		return fmt.Errorf("postgres data: %w", err)
	}
	return nil
}

func (h *LocalHost) program(name string) string {
	if h.Programs == "" {
		return name
	}
	return filepath.Join(h.Programs, name)
}

// run runs one of PostgreSQL's programs as the servers' user.
func (h *LocalHost) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, h.program(name), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if h.User != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: h.User, Gid: h.Group}
	}
	// The programs have children; all of them end with the command.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}
