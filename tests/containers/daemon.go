package containers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/containerd"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// Daemon is a containerd under a supervisor of a test's.
type Daemon struct {
	// Address is its socket, Namespace a namespace of this test's own, Archive the
	// file that Image can be imported from.
	Address, Namespace, Archive string

	folder     string
	supervisor *process.Supervisor
}

// daemonName is what the supervisor knows it by.
const daemonName = "containerd"

// Snapshotter works on every file system; containerd's default, overlayfs,
// doesn't.
const Snapshotter = "native"

// config leaves out what isn't needed, and has crashed containers revived after
// a second in place of ten.
const config = `version = 2
root = "FOLDER/root"
state = "FOLDER/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt"]
[grpc]
address = "FOLDER/c.sock"
[plugins."io.containerd.internal.v1.restart"]
interval = "500ms"
`

// tidy ends what a containerd has left: processes in the namespace's cgroups,
// shims of the folder's socket, mounts below the folder.
const tidy = `cat /sys/fs/cgroup/NAMESPACE/*/cgroup.procs /sys/fs/cgroup/*/NAMESPACE/*/cgroup.procs 2>/dev/null | sort -u | xargs -r kill -9 2>/dev/null
for p in /proc/[0-9]*; do
	tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q '^[^ ]*containerd-shim.* FOLDER/' && kill -9 "${p#/proc/}"
done
awk '$2 ~ "^FOLDER/" {print $2}' /proc/mounts | sort -r | xargs -r -n1 umount -l
rmdir /sys/fs/cgroup/NAMESPACE/* /sys/fs/cgroup/*/NAMESPACE/* /sys/fs/cgroup/NAMESPACE /sys/fs/cgroup/*/NAMESPACE 2>/dev/null
true`

// Missing lists what a daemon needs and what isn't there.
func Missing() []string {
	var missing []string
	if os.Getuid() != 0 {
		missing = append(missing, "root")
	}
	for _, p := range []string{"containerd", "containerd-shim-runc-v2", "runc", "busybox"} {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// Start starts a daemon in a folder, which may not be deep: a socket's path is
// short. What has been started when it fails is ended by Close.
func Start(ctx context.Context, s *process.Supervisor, folder string) (*Daemon, error) {
	d := &Daemon{folder: folder, supervisor: s, Address: filepath.Join(folder, "c.sock"), Namespace: "d" + model.Digest(folder)[:12],
		Archive: filepath.Join(folder, "image.tar")}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return d, fmt.Errorf("containerd: %w", err)
	}
	if err := WriteArchive(d.Archive, Image); err != nil {
		return d, err
	}
	path := filepath.Join(folder, "config.toml")
	if err := os.WriteFile(path, []byte(d.fill(config)), 0o600); err != nil {
		return d, fmt.Errorf("containerd: %w", err)
	}
	if err := d.Run(ctx); err != nil {
		return d, err
	}
	return d, nil
}

// Run starts the daemon (again) and waits until it answers.
func (d *Daemon) Run(ctx context.Context) error {
	argv := []string{"containerd", "-c", filepath.Join(d.folder, "config.toml")}
	return actuator.Poll(ctx, 20*time.Millisecond, func() (bool, error) {
		// Time and again: on a busy machine it may find what the one before it has
		// not let go of yet, and end.
		if _, err := d.supervisor.Start(ctx, process.Spec{Name: daemonName, Argv: argv}); err != nil {
			return false, err
		}
		c, err := net.Dial("unix", d.Address)
		if err != nil {
			return false, err
		}
		return true, c.Close()
	})
}

// End ends the daemon; its containers run on.
func (d *Daemon) End(ctx context.Context) error { return d.supervisor.Stop(ctx, daemonName) }

// Tidy returns a shell script that ends everything but the daemon itself.
func (d *Daemon) Tidy() string { return d.fill(tidy) }

// Close ends the daemon and its containers.
func (d *Daemon) Close(ctx context.Context) error {
	err := d.End(ctx)
	said, wrong := exec.CommandContext(ctx, "sh", "-c", d.Tidy()).CombinedOutput()
	if wrong != nil {
		wrong = fmt.Errorf("tidy: %w: %s", wrong, said)
	}
	return errors.Join(err, wrong)
}

// Runtime connects to the daemon. Containers that don't end by themselves are
// killed soon: the first process of a container has no default signal handlers.
func (d *Daemon) Runtime() (*containerd.Runtime, error) {
	_, err := process.FindCgroups("/sys/fs/cgroup")
	return containerd.New(containerd.Config{Address: d.Address, Namespace: d.Namespace, Snapshotter: Snapshotter, Folder: d.folder,
		Unlimited: err != nil, Grace: 100 * time.Millisecond})
}

func (d *Daemon) fill(text string) string {
	return strings.NewReplacer("FOLDER", d.folder, "NAMESPACE", d.Namespace).Replace(text)
}
