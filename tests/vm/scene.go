package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/qemu"
	"drover/internal/model"
	"drover/tests/move"
)

// Scene is a guest that is moved between two hosts, for the table. A write is a
// page of the guest's that is read; it has to be the same guest.
type Scene struct {
	*Site
	boot string
	dead atomic.Bool
}

// World is the table's world of the qemu driver.
func World() *move.World {
	return &move.World{
		Driver: "qemu",
		Note: "A guest between two network namespaces; a write is a page of the guest's that is read. \"target killed\" kills the target's QEMU; " +
			"where that has the guest already, the guest is lost with its host, and the move is parked.",
		Open:     func(ctx context.Context) (move.Scene, error) { return OpenScene(ctx) },
		Missing:  Missing,
		Deadline: 2 * time.Minute, Hasty: 20 * time.Second,
	}
}

// Missing lists what the guest and its hosts need and what isn't there.
func Missing() []string {
	var missing []string
	if os.Getuid() != 0 {
		missing = append(missing, "root")
	}
	for _, p := range []string{program, "ip", "busybox"} {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// OpenScene starts the hosts and the guest.
func OpenScene(ctx context.Context) (*Scene, error) {
	site, err := Open(ctx)
	s := &Scene{Site: site}
	if err == nil {
		s.boot, err = s.Get(ctx, "boot-id")
	}
	if err != nil {
		return s, errors.Join(err, s.Close())
	}
	return s, nil
}

// Driver returns the driver behind a guard.
func (s *Scene) Driver(trace actuator.Tracer) actuator.Driver {
	return guard.New(s.Site.Driver(qemu.Config{Trace: trace}), guard.NewMemory(), 0)
}

// KillTarget ends the target's QEMU, and with it a guest that it has.
func (s *Scene) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill(name(m.To)) // none there is a crash too
	if on, err := s.Serving(context.Background()); err == nil && on == "" {
		s.dead.Store(true)
	}
}

// Dead tells whether the guest was lost with its host.
func (s *Scene) Dead() bool { return s.dead.Load() }

// Serving returns the host that the guest runs on, as the driver itself sees it.
func (s *Scene) Serving(ctx context.Context) (model.ServerID, error) {
	d := s.Site.Driver(qemu.Config{})
	for _, server := range []model.ServerID{"a", "b"} {
		c := actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: model.Move{Replica: "db/0", From: server, To: move.Other(server)}}
		if d.Perform(ctx, c) == nil {
			return server, nil
		}
	}
	return "", nil
}

// Tidy waits until no QEMU is left on the host that the guest isn't on.
func (s *Scene) Tidy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	on, err := s.Serving(ctx)
	if err != nil {
		return err
	}
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		running, err := s.Supervisor.Running(name(move.Other(on)))
		if running {
			err = fmt.Errorf("a QEMU is left on %s", move.Other(on))
		}
		return err == nil, err
	})
}

// Dial returns a client of the guest.
func (s *Scene) Dial(context.Context) (move.Session, error) { return pageSession{s}, nil }

// Lost is nothing: every read has checked that it is the same guest.
func (s *Scene) Lost(context.Context, [][]int) (int, error) { return 0, nil }

// pageSession reads a page, a write each.
type pageSession struct{ scene *Scene }

// Write reads the guest's boot id.
func (p pageSession) Write(ctx context.Context, _, _ int) error {
	got, err := p.scene.Get(context.WithoutCancel(ctx), "boot-id")
	if err == nil && got != p.scene.boot {
		err = fmt.Errorf("the guest calls itself %q", got)
	}
	return errors.Join(err, actuator.Pause(ctx, readEvery))
}

// readEvery spares the guest: an emulated processor that is interrupted while its
// memory is copied can lose a write (QEMU's own fault, seen once in a hundred
// migrations at a load of 40 with twenty reads a second and more).
const readEvery = 250 * time.Millisecond

// Close does nothing: each page has a connection of its own.
func (p pageSession) Close() error { return nil }

// Drivers returns the driver as an executor's file says it.
func (s *Scene) Drivers() *build.Config {
	places := map[model.ServerID]build.Place{}
	for _, server := range []model.ServerID{"a", "b"} {
		p, err := s.Place(model.Move{}, server)
		if err != nil {
			panic(err) // there are these two
		}
		places[server] = build.Place{Argv: p.Spec.Argv, Folder: p.Spec.Dir, Namespace: p.Spec.Namespace, Address: p.QMP, Incoming: p.Incoming,
			Health: p.Health, Identity: p.Identity}
	}
	return &build.Config{State: s.Folder, Default: "vm", Drivers: map[string]build.Driver{
		"vm": {Kind: "qemu", Places: map[model.ReplicaID]map[model.ServerID]build.Place{"db/0": places}}}}
}
