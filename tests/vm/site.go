// Package vm migrates a real guest between two QEMUs in two network namespaces
// while somebody polls it.
package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/actuator/qemu"
	"drover/internal/model"
)

// Site is two hosts, and a guest that runs on one of them.
type Site struct {
	Folder     string
	Supervisor *process.Supervisor
	network    *network
	guest      Guest
}

// program is the emulator: no hardware virtualisation is needed.
const program = "qemu-system-x86_64"

// Open makes hosts and a guest, and starts it on server a. The caller closes it,
// in case of an error too.
func Open(ctx context.Context) (*Site, error) {
	s := &Site{}
	if _, err := exec.LookPath(program); err != nil {
		return s, fmt.Errorf("%w: %s", ErrMissing, program)
	}
	var err error
	if s.Folder, err = os.MkdirTemp("", "drover-vm-"); err != nil {
		return s, fmt.Errorf("site: %w", err)
	}
	s.Supervisor = &process.Supervisor{State: s.Folder, Grace: 2 * time.Second}
	if s.network, err = newNetwork(ctx); err != nil {
		return s, err
	}
	if s.guest, err = BuildGuest(ctx, s.Folder, s.network.guest()); err != nil {
		return s, err
	}
	first, err := s.Place(model.Move{}, "a")
	if err != nil {
		return s, err
	}
	if _, err := s.Supervisor.Start(ctx, first.Spec); err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute) // emulated, on a busy machine
	defer cancel()
	err = actuator.Poll(ctx, 200*time.Millisecond, func() (bool, error) {
		_, err := s.Get(ctx, "health")
		return err == nil, err
	})
	if err != nil {
		console, _ := os.ReadFile(filepath.Join(s.Folder, "a.console"))
		log, _ := os.ReadFile(filepath.Join(s.Folder, "db_0@a.log"))
		err = fmt.Errorf("the guest doesn't answer: %w; its console: %s; QEMU: %s", err, console[max(0, len(console)-1500):], log)
	}
	return s, err
}

// Close ends both QEMUs and takes the hosts away.
func (s *Site) Close() error {
	var err error
	if s.network != nil {
		for _, server := range []model.ServerID{"a", "b"} {
			err = errors.Join(err, s.Supervisor.Stop(context.Background(), name(server)))
		}
		err = errors.Join(err, s.network.close())
	}
	if s.Folder != "" {
		err = errors.Join(err, os.RemoveAll(s.Folder))
	}
	return err
}

// name is what the supervisor knows a host's QEMU by, as a file of drivers has it.
func name(server model.ServerID) string { return "db/0@" + string(server) }

// Place says how the guest is run on a server.
func (s *Site) Place(_ model.Move, server model.ServerID) (qemu.Place, error) {
	i := int(server[0] - 'a')
	if len(server) != 1 || i < 0 || i > 1 {
		return qemu.Place{}, fmt.Errorf("no server %q", server)
	}
	monitor := filepath.Join(s.Folder, string(server)+".qmp")
	url := "http://" + s.network.guest() + "/"
	return qemu.Place{
		Spec: process.Spec{Name: name(server), Dir: s.Folder, Namespace: s.network.hosts[i], Argv: []string{
			program, "-accel", "tcg", "-machine", "pc", "-m", "160", "-smp", "1", "-nodefaults", "-display", "none",
			"-serial", "file:" + filepath.Join(s.Folder, string(server)+".console"), "-qmp", "unix:" + monitor + ",server=on,wait=off",
			"-kernel", s.guest.Kernel, "-initrd", s.guest.Initrd, "-append", "console=ttyS0 quiet panic=1 no_timer_check",
			"-netdev", "tap,id=net,ifname=tap,script=no,downscript=no", "-device", "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:77:00:64",
		}},
		QMP: "unix:" + monitor, Incoming: fmt.Sprintf("tcp:%s:4444", s.network.address(i)), Health: url + "health", Identity: url + "boot-id",
	}, nil
}

// ErrEmulator says that the guest's kernel met what no kernel meets on a real
// machine: QEMU's emulation can lose a write while memory is copied.
var ErrEmulator = errors.New("the emulator has spoilt the guest")

// faults begin what a guest's kernel says then.
var faults = []string{"BUG: ", "Oops: ", "general protection fault", "Kernel panic"}

// Broken returns what the guest's kernel says of a fault of its own, or "".
func (s *Site) Broken() string {
	for _, server := range []string{"a", "b"} {
		console, err := os.ReadFile(filepath.Join(s.Folder, server+".console"))
		if err != nil {
			continue // none was started there
		}
		for line := range strings.Lines(string(console)) {
			for _, fault := range faults {
				if strings.Contains(line, fault) {
					return strings.TrimSpace(line)
				}
			}
		}
	}
	return ""
}

// Driver returns the driver under test.
func (s *Site) Driver(c qemu.Config) *qemu.Driver {
	c.Locate, c.Supervisor = s.Place, s.Supervisor
	return qemu.New(c)
}
