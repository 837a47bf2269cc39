package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// program is one binary of a release.
type program struct {
	pkg  string // import path
	name string // of the file
}

// programs is what a release holds. The services carry Drover's name, since they
// share /usr/bin with others.
var programs = []program{
	{"drover/cmd/drover", "drover"},
	{"drover/cmd/ingest", "drover-ingest"},
	{"drover/cmd/forecaster", "drover-forecaster"},
	{"drover/cmd/planner", "drover-planner"},
	{"drover/cmd/executor", "drover-executor"},
}

// release is one version to be made.
type release struct {
	sources  string // folder of the module
	version  version
	archs    []string
	programs []program // the first one writes the man pages and completions
	settings string    // package of the variables that the linker sets
	out, log io.Writer // what a check found; progress
}

// make makes the release in a folder, which it empties first.
func (r *release) make(ctx context.Context, out string) error {
	if err := os.RemoveAll(out); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	work, err := os.MkdirTemp("", "drover-release-")
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	texts, err := r.texts(ctx, filepath.Join(work, "texts"))
	if err != nil {
		return err
	}
	for _, arch := range r.archs {
		bin := filepath.Join(work, arch)
		if err := r.build(ctx, arch, bin); err != nil {
			return err
		}
		parts, err := r.contents(ctx, bin)
		if err != nil {
			return err
		}
		if err := r.image(filepath.Join(out, r.imageName(arch)), arch, parts.files); err != nil {
			return err
		}
		parts.files = append(parts.files, texts...)
		if err := r.archive(filepath.Join(out, r.archiveName(arch)), parts.files); err != nil {
			return err
		}
		if err := r.debian(ctx, filepath.Join(out, r.debianName(arch)), arch, parts.files); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, r.sbomName(arch)), parts.sbom, 0o644); err != nil {
			return fmt.Errorf("release: %w", err)
		}
	}
	return writeSums(out)
}

// build compiles every program for an architecture: static, without paths or the
// state of the working tree in it.
func (r *release) build(ctx context.Context, arch, out string) error {
	flags := "-s -w"
	for _, v := range [][2]string{{"release", r.version.Name}, {"revision", r.version.Revision}, {"committed", r.version.Time()}} {
		flags += " -X " + r.settings + "." + v[0] + "=" + v[1]
	}
	for _, p := range r.programs {
		fmt.Fprintf(r.log, "release: build %s for linux/%s\n", p.name, arch)
		target, err := filepath.Abs(filepath.Join(out, p.name))
		if err != nil {
			return fmt.Errorf("build: %w", err)
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o",
			target, p.pkg)
		cmd.Dir = r.sources
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=", "GOAMD64=v1",
			"GOARM64=v8.0", "GOEXPERIMENT=")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s for %s: %w\n%s", p.pkg, arch, err, said)
		}
	}
	return nil
}

// texts returns the man pages and completions, which the first program writes
// when it is built for the machine that we are on.
func (r *release) texts(ctx context.Context, dir string) ([]file, error) {
	host := *r
	host.programs = r.programs[:1]
	if err := host.build(ctx, runtime.GOARCH, dir); err != nil {
		return nil, err
	}
	var out []file
	for _, kind := range []string{"man", "completion"} {
		folder := filepath.Join(dir, kind)
		said, err := exec.CommandContext(ctx, filepath.Join(dir, r.programs[0].name), "docs", kind,
			folder).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("docs %s: %w\n%s", kind, err, said)
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("docs %s: %w", kind, err)
		}
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("docs %s: %w", kind, err)
			}
			out = append(out, file{name: kind + "/" + e.Name(), data: data, mode: 0o644})
		}
	}
	return out, nil
}

// copySources copies what git knows of the sources.
func copySources(ctx context.Context, from, to string) error {
	list, err := exec.CommandContext(ctx, "git", "-C", from, "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	names := strings.Split(strings.TrimRight(string(list), "\x00"), "\x00")
	for _, name := range slices.Compact(names) {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
	}
	return nil
}
