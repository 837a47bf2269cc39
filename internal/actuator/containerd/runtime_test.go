package containerd_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/containerd"
	"drover/internal/actuator/process"
	"drover/tests/containers"
	"drover/tests/leaveout"
)

// patience is how long anything may take on a busy machine.
const patience = 2 * time.Minute

// daemon starts a containerd for the test.
func daemon(t *testing.T) (*containers.Daemon, *containerd.Runtime) {
	t.Helper()
	leaveout.Missing(t, containers.Missing()...)
	folder, err := os.MkdirTemp("", "drover-ctd-")
	must(t, err)
	s := &process.Supervisor{State: folder}
	d, err := containers.Start(within(t), s, folder)
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
		must(t, os.RemoveAll(folder))
	})
	must(t, err)
	r, err := d.Runtime()
	must(t, err)
	t.Cleanup(func() { must(t, r.Close()) })
	return d, r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// spec is a container that serves at a free port of this host.
func spec(t *testing.T, d *containers.Daemon, name string) (s process.Spec, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	return process.Spec{Name: name, Image: containers.Image, Archive: d.Archive,
		Argv: []string{"/bin/httpd", "-f", "-p", address, "-h", "/www"}}, "http://" + address + "/"
}

// start starts a container.
func start(t *testing.T, r *containerd.Runtime, s process.Spec) {
	t.Helper()
	limited, err := r.Start(within(t), s)
	must(t, err)
	if !limited {
		t.Errorf("%s runs without limits", s.Name)
	}
}

func running(t *testing.T, r *containerd.Runtime, name string) bool {
	t.Helper()
	is, err := r.Running(within(t), name)
	must(t, err)
	return is
}

// answers waits until somebody answers at the URL.
func answers(t *testing.T, url string) {
	t.Helper()
	err := actuator.Poll(within(t), 10*time.Millisecond, func() (bool, error) {
		response, err := http.Get(url)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return err == nil && string(text) == "ok\n", err
	})
	must(t, err)
}

func TestAContainerLives(t *testing.T) {
	d, r := daemon(t)
	s, url := spec(t, d, "web/0@a")
	start(t, r, s)
	start(t, r, s) // changes nothing
	answers(t, url)
	// Another runtime, as after a crash of the driver's process, finds it.
	again, err := d.Runtime()
	must(t, err)
	defer again.Close()
	if !running(t, again, s.Name) || running(t, again, "web/1@a") {
		t.Error("it isn't found, or another one is")
	}
	// containerd's own end changes nothing for it.
	must(t, d.End(within(t)))
	answers(t, url)
	must(t, d.Run(within(t)))
	// A crash is made good by containerd.
	must(t, r.Kill(within(t), s.Name))
	answers(t, url)
	must(t, again.Stop(within(t), s.Name))
	if running(t, r, s.Name) {
		t.Error("it runs after its stop")
	}
	must(t, again.Stop(within(t), s.Name)) // what isn't there is no error
	must(t, again.Kill(within(t), s.Name))
	if response, err := http.Get(url); err == nil {
		response.Body.Close()
		t.Error("it answers after its stop")
	}
	// What is made of another image or with other arguments is made anew.
	s.Argv = append(s.Argv, "-v")
	start(t, r, s)
	answers(t, url)
	must(t, r.Stop(within(t), s.Name))
}

func TestOneContainerIsStartedByMany(t *testing.T) {
	d, r := daemon(t)
	s, url := spec(t, d, "web/0@a")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := r.Start(within(t), s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	answers(t, url)
	for range 3 {
		all.Go(func() {
			if err := r.Stop(within(t), s.Name); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if running(t, r, s.Name) {
		t.Error("it runs after its stop")
	}
}

// TestLimitsHold reads a container's limits where the kernel keeps them.
func TestLimitsHold(t *testing.T) {
	d, r := daemon(t)
	s, url := spec(t, d, "web/0@a")
	s.CPUMilli, s.MemoryBytes = 250, 64<<20
	limited, err := r.Start(within(t), s)
	must(t, err)
	answers(t, url)
	if _, err := process.FindCgroups("/sys/fs/cgroup"); (err == nil) != limited {
		t.Errorf("limited: %v, cgroups: %v", limited, err)
	}
	if !limited {
		t.Skip("cgroups can't be written here")
	}
	for what, want := range map[string]struct{ one, two, value string }{
		"memory": {"memory/%s/*/memory.limit_in_bytes", "%s/*/memory.max", "67108864"},
		"CPU":    {"cpu/%s/*/cpu.cfs_quota_us", "%s/*/cpu.max", "25000"},
	} {
		var found []string
		for _, pattern := range []string{want.one, want.two} {
			paths, err := filepath.Glob(filepath.Join("/sys/fs/cgroup", fmt.Sprintf(pattern, d.Namespace)))
			must(t, err)
			found = append(found, paths...)
		}
		if len(found) != 1 {
			t.Errorf("%s: limits are in %q", what, found)
			continue
		}
		text, err := os.ReadFile(found[0])
		must(t, err)
		if got := strings.Fields(string(text))[0]; got != want.value {
			t.Errorf("%s: %s in %s, want %s", what, got, found[0], want.value)
		}
	}
	must(t, r.Stop(within(t), s.Name))
	unlimited, err := containerd.New(containerd.Config{Address: d.Address, Namespace: d.Namespace, Snapshotter: containers.Snapshotter,
		Folder: t.TempDir(), Unlimited: true, Grace: time.Millisecond})
	must(t, err)
	defer unlimited.Close()
	if limited, err := unlimited.Start(within(t), s); err != nil || limited {
		t.Errorf("limits are said to hold (%v), %v", limited, err)
	}
	must(t, unlimited.Stop(within(t), s.Name))
}

func TestAContainerHasItsNetwork(t *testing.T) {
	d, r := daemon(t)
	name := fmt.Sprintf("dctd%d", os.Getpid())
	ip(t, "netns", "add", name)
	t.Cleanup(func() { ip(t, "netns", "del", name) })
	ip(t, "-n", name, "link", "set", "lo", "up")
	s, url := spec(t, d, "web/0@a")
	s.Namespace = name
	start(t, r, s)
	err := actuator.Poll(within(t), 20*time.Millisecond, func() (bool, error) {
		said, err := exec.Command("ip", "netns", "exec", name, "busybox", "wget", "-q", "-O", "-", url).CombinedOutput()
		return string(said) == "ok\n", err
	})
	must(t, err)
	if response, err := http.Get(url); err == nil {
		response.Body.Close()
		t.Error("it answers in the host's network")
	}
	must(t, r.Stop(within(t), s.Name))
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if said, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, said)
	}
}

func TestWhatCanNotBeStartedSaysWhy(t *testing.T) {
	d, r := daemon(t)
	good, _ := spec(t, d, "web/0@a")
	for why, change := range map[string]func(*process.Spec){
		"images import":     func(s *process.Spec) { s.Image, s.Archive = "drover.example/none:1", "" },
		"no such file":      func(s *process.Spec) { s.Image, s.Archive = "drover.example/none:1", "/no/such/archive" },
		containers.Image:    func(s *process.Spec) { s.Image = "drover.example/none:1" },
		"/bin/no-such-file": func(s *process.Spec) { s.Argv = []string{"/bin/no-such-file"} },
		"no-such-namespace": func(s *process.Spec) { s.Namespace = "no-such-namespace" },
	} {
		s := good
		change(&s)
		if _, err := r.Start(within(t), s); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), s.Name) {
			t.Errorf("%s: %v", why, err)
		}
		must(t, r.Stop(within(t), s.Name))
	}
	elsewhere := good
	elsewhere.Elsewhere = true
	start(t, r, elsewhere)
	if running(t, r, good.Name) {
		t.Error("what is elsewhere was started here")
	}
	away, err := containerd.New(containerd.Config{Address: filepath.Join(t.TempDir(), "none.sock")})
	must(t, err)
	defer away.Close()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := away.Start(short, good); err == nil || !strings.Contains(err.Error(), "none.sock") {
		t.Errorf("no containerd: %v", err)
	}
}
