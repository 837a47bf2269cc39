package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// composeVersion is the Docker Compose that is run.
const composeVersion = "v2.40.3"

// packages are those of Debian that the engine is made of, without what the
// project's tests need anyway (containerd, runc).
var packages = []string{"docker.io", "iptables", "libip4tc2", "libip6tc2", "libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11", "libxtables12"}

// fetch brings the engine, Compose and Kafka into the cache folder and returns the
// variables that programs find them by.
func fetch(ctx context.Context, root string) ([]string, error) {
	for _, p := range []string{"apt-get", "dpkg", "containerd", "runc", "java", "mvn", "redis-server", "busybox", "git", "make", "ip"} {
		if _, err := exec.LookPath(p); err != nil {
			return nil, fmt.Errorf("%s is needed: %w", p, err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache = filepath.Join(cache, "drover", "compose")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	if err := fetchEngine(ctx, filepath.Join(cache, "engine")); err != nil {
		return nil, err
	}
	if err := fetchCompose(ctx, filepath.Join(cache, "compose-"+composeVersion)); err != nil {
		return nil, err
	}
	if err := do(ctx, root, nil, filepath.Join(root, "deploy", "kafka", "local.sh"), "fetch"); err != nil {
		return nil, err
	}
	engine := filepath.Join(cache, "engine")
	libraries, err := filepath.Glob(filepath.Join(engine, "usr", "lib", "*-linux-gnu"))
	if err != nil || len(libraries) != 1 {
		return nil, fmt.Errorf("%s: %d folders of libraries, want one", engine, len(libraries))
	}
	path := []string{filepath.Join(engine, "usr", "sbin"), filepath.Join(engine, "usr", "bin"),
		filepath.Join(cache, "compose-"+composeVersion), os.Getenv("PATH")}
	return []string{"PATH=" + strings.Join(path, ":"), "LD_LIBRARY_PATH=" + libraries[0],
		"XTABLES_LIBDIR=" + filepath.Join(libraries[0], "xtables")}, nil
}

// fetchEngine unpacks Debian's Docker, without installing or starting it.
func fetchEngine(ctx context.Context, folder string) error {
	if _, err := os.Stat(filepath.Join(folder, ".complete")); err == nil {
		return nil
	}
	say("fetch Docker from Debian")
	debs := filepath.Join(folder, "debs")
	if err := os.MkdirAll(debs, 0o755); err != nil {
		return err
	}
	if err := do(ctx, debs, nil, append([]string{"apt-get", "download", "-q"}, packages...)...); err != nil {
		return fmt.Errorf("%w (apt-get update may be due)", err)
	}
	archives, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil {
		return err
	}
	for _, a := range archives {
		if err := do(ctx, folder, nil, "dpkg", "-x", a, folder); err != nil {
			return err
		}
	}
	// The names that Docker calls are made when the package is installed.
	for _, name := range []string{"iptables", "ip6tables"} {
		link := filepath.Join(folder, "usr", "sbin", name)
		if err := os.Symlink(name+"-nft", link); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, ".complete"), nil, 0o644)
}

// fetchCompose builds Docker Compose in a module of its own.
func fetchCompose(ctx context.Context, folder string) error {
	program := filepath.Join(folder, "docker-compose")
	if _, err := os.Stat(program); err == nil {
		return nil
	}
	say("build Docker Compose %s (some CPU minutes, once)", composeVersion)
	build, err := os.MkdirTemp("", "drover-compose-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	const source = "github.com/docker/compose/v2/cmd"
	environment := []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod"}
	for _, argv := range [][]string{
		{"mod", "init", "compose"},
		{"get", "-tool", source + "@" + composeVersion},
		{"build", "-trimpath", "-ldflags", "-s -w -X github.com/docker/compose/v2/internal.Version=" + composeVersion, "-o", program + ".fresh", source},
	} {
		if err := do(ctx, build, environment, append([]string{"go"}, argv...)...); err != nil {
			return err
		}
	}
	return os.Rename(program+".fresh", program)
}
