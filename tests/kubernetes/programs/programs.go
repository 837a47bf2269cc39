// Package programs builds the programs of a Kubernetes control plane (etcd,
// API server, controller manager, scheduler) from their Go modules, so that the
// tests run against the real thing where no image and no package of it is at
// hand. They are built once, in modules of their own, and kept in a cache folder:
// Drover's go.mod knows nothing of them.
package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The versions that are built. Staging is the version of the modules that
// k8s.io/kubernetes keeps in its own tree (k8s.io/api and the like).
const (
	Kubernetes = "v1.36.3"
	Staging    = "v0.36.3"
	Etcd       = "v3.6.8"
)

// FolderVariable names the environment variable that holds the cache folder;
// unset: "drover" in the user's cache folder.
const FolderVariable = "DROVER_KUBERNETES_CACHE"

// Programs is where the programs are.
type Programs struct {
	Etcd, APIServer, ControllerManager, Scheduler string
}

// target is one program to build.
type target struct{ source, version, path, name string }

// targets are the programs, the quickest first, so that what is wrong shows soon.
var targets = []target{
	{"go.etcd.io/etcd/server/v3", Etcd, "go.etcd.io/etcd/server/v3", "etcd"},
	{"k8s.io/kubernetes", Kubernetes, "k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"},
	{"k8s.io/kubernetes", Kubernetes, "k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"},
	{"k8s.io/kubernetes", Kubernetes, "k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"},
}

// Folder returns the cache folder of these versions.
func Folder() (string, error) {
	base := os.Getenv(FolderVariable)
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("set %s to a folder for Kubernetes' programs: %w", FolderVariable, err)
		}
		base = filepath.Join(cache, "drover")
	}
	return filepath.Join(base, "kubernetes-"+Kubernetes+"-etcd-"+Etcd), nil
}

// ErrNotBuilt is returned by Find where a program is missing.
var ErrNotBuilt = errors.New("the programs of Kubernetes aren't built: go run ./tests/kubernetes/cmd build")

// Find returns the programs that were built before.
func Find() (Programs, error) {
	folder, err := Folder()
	if err != nil {
		return Programs{}, err
	}
	for _, t := range targets {
		if _, err := os.Stat(filepath.Join(folder, t.name)); err != nil {
			return Programs{}, fmt.Errorf("%w (%s is missing in %s)", ErrNotBuilt, t.name, folder)
		}
	}
	return in(folder), nil
}

func in(folder string) Programs {
	at := func(name string) string { return filepath.Join(folder, name) }
	return Programs{
		Etcd: at("etcd"), APIServer: at("kube-apiserver"),
		ControllerManager: at("kube-controller-manager"), Scheduler: at("kube-scheduler"),
	}
}

// Build builds what is missing; what it does is told on log. A build that is cut
// short goes on where it stopped, since Go caches what it has compiled.
func Build(ctx context.Context, log io.Writer) (Programs, error) {
	folder, err := Folder()
	if err != nil {
		return Programs{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Programs{}, fmt.Errorf("build Kubernetes: %w", err)
	}
	for _, t := range targets {
		if _, err := os.Stat(filepath.Join(folder, t.name)); err == nil {
			continue
		}
		fmt.Fprintf(log, "building %s %s\n", t.name, t.version)
		if err := t.build(ctx, folder, log); err != nil {
			return Programs{}, fmt.Errorf("build %s: %w", t.name, err)
		}
	}
	return in(folder), nil
}

// build builds one program. It is written beside its place and renamed, so that
// what is there is whole.
func (t *target) build(ctx context.Context, folder string, log io.Writer) error {
	module := filepath.Join(folder, "build-"+filepath.Base(strings.TrimSuffix(t.source, "/v3")))
	if err := t.writeModule(ctx, module); err != nil {
		return err
	}
	fresh := filepath.Join(folder, t.name+".fresh")
	flags := "-s -w"
	for _, p := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=36", p, Kubernetes, p, p)
	}
	cmd := command(ctx, module, "build", "-mod=mod", "-trimpath", "-ldflags", flags, "-o", fresh, t.path)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", t.path, err)
	}
	return os.Rename(fresh, filepath.Join(folder, t.name))
}

// command returns a command of the go tool in a module.
func command(ctx context.Context, module string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	return cmd
}
