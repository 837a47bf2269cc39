package redis

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// LocalHost runs the servers' processes by a supervisor on this machine, each
// server at its own address or in its own network namespace. Writes are on the
// disk before they are acknowledged, so that a killed process loses none: with
// Redis' usual `appendfsync everysec` it holds writes back for up to two seconds
// while the disk is slow, and has acknowledged them by then.
type LocalHost struct {
	Supervisor *process.Supervisor
	Locate     func(model.ReplicaID, model.ServerID) (Instance, error)
	// Folder returns where the replica's data stand on a server.
	Folder func(model.ReplicaID, model.ServerID) string
	// Binary is the server's program; empty: "redis-server".
	Binary string
}

// Start makes sure that the process runs and answers.
func (h *LocalHost) Start(ctx context.Context, c *actuator.Command, server model.ServerID) error {
	instance, err := h.Locate(c.Move.Replica, server)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(instance.Address)
	if err != nil {
		return fmt.Errorf("redis address %q: %w", instance.Address, err)
	}
	folder := h.Folder(c.Move.Replica, server)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("redis data: %w", err)
	}
	spec := process.Spec{
		Name: h.name(c, server), Dir: folder, Elsewhere: instance.Elsewhere, Namespace: instance.Namespace,
		Argv: []string{h.binary(), "--bind", host, "--port", port, "--dir", folder, "--save", "", "--appendonly", "yes",
			"--appendfsync", "always", "--repl-diskless-sync-delay", "0", "--protected-mode", "no"},
		CPUMilli: c.Move.Demand[model.CPU], MemoryBytes: c.Move.Demand[model.Memory],
	}
	if instance.Password != "" {
		spec.Argv = append(spec.Argv, "--requirepass", instance.Password)
	}
	if _, err := h.Supervisor.Start(ctx, spec); err != nil {
		return err
	}
	s := &side{Instance: instance, timeout: pollEvery * 25}
	defer s.close()
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		_, err := s.do(ctx, "PING")
		return err == nil, err
	})
}

// Remove stops the process and deletes its data.
func (h *LocalHost) Remove(ctx context.Context, c *actuator.Command, server model.ServerID) error {
	if err := h.Supervisor.Stop(ctx, h.name(c, server)); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Clean(h.Folder(c.Move.Replica, server))); err != nil {
		return fmt.Errorf("redis data: %w", err)
	}
	return nil
}

func (h *LocalHost) name(c *actuator.Command, server model.ServerID) string {
	return string(c.Move.Replica) + "@" + string(server)
}

func (h *LocalHost) binary() string {
	if h.Binary == "" {
		return "redis-server"
	}
	return h.Binary
}
