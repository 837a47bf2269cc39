package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"drover/tests/module"
)

// built is the image by deploy/Dockerfile, and the name that compose.yaml runs.
const built = "drover"

// load takes the release's image, under its own name and compose.yaml's.
func (s *story) load(ctx context.Context) error {
	archives, err := filepath.Glob(filepath.Join(s.folder, "dist", "*.oci.tar"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("the release holds %q, want one image (%w)", archives, err)
	}
	said, err := s.engine.docker(ctx, "load", "-i", archives[0])
	if err != nil {
		return err
	}
	_, name, _ := strings.Cut(strings.TrimSpace(said), "Loaded image: ")
	if name == "" {
		return fmt.Errorf("docker load says %q", said)
	}
	// By its digest, since `make image` gives the same name.
	if s.Release, err = s.inspect(ctx, name, "{{.Id}}"); err != nil {
		return err
	}
	_, s.Version, _ = strings.Cut(name, ":")
	info, err := os.Stat(archives[0])
	if err != nil {
		return err
	}
	s.Figures["archive_mb"] = info.Size() / 1e6
	_, err = s.engine.docker(ctx, "tag", s.Release, built)
	return err
}

// inspect returns what the engine knows of an image.
func (s *story) inspect(ctx context.Context, image, format string) (string, error) {
	said, err := s.engine.docker(ctx, "image", "inspect", "--format", format, image)
	return strings.TrimSpace(said), err
}

// build makes the image as people do, `make image`.
func (s *story) build(ctx context.Context) error {
	root, err := module.Root()
	if err != nil {
		return err
	}
	if err := s.golang(ctx); err != nil {
		return err
	}
	begun := time.Now()
	_, err = s.engine.run(ctx, root, "make", "image", "BUILD=--network=host --progress=plain")
	s.Figures["build_s"] = seconds(begun)
	return err
}

// compare demands that both images hold the same files and are run the same way.
func (s *story) compare(ctx context.Context) error {
	id, err := s.inspect(ctx, built, "{{.Id}}")
	if err == nil && id == s.Release {
		err = fmt.Errorf("%s is the release's image itself", built)
	}
	if err != nil {
		return err
	}
	var files []map[string]string
	var configs []string
	for _, image := range []string{built, s.Release} {
		f, err := s.files(ctx, image)
		if err != nil {
			return err
		}
		c, err := s.inspect(ctx, image, "{{.Config.User}} {{json .Config.Entrypoint}} {{json .Config.Env}} {{json .Config.Labels}} {{.Architecture}}")
		if err != nil {
			return err
		}
		files, configs = append(files, f), append(configs, c)
	}
	wrong := differences(files[0], files[1])
	s.Figures["files"], s.Figures["files_differ"] = len(files[0]), len(wrong)
	if configs[0] != configs[1] {
		wrong = append(wrong, fmt.Errorf("run differently: %s and %s", configs[0], configs[1]))
	}
	size, err := s.inspect(ctx, built, "{{.Size}}")
	if err != nil {
		return err
	}
	bytes, err := strconv.ParseInt(size, 10, 64)
	s.Figures["image_mb"] = bytes / 1e6
	return errors.Join(append(wrong, err)...)
}

// differences says what the two images do not have in common.
func differences(built, released map[string]string) []error {
	names := maps.Clone(built)
	maps.Copy(names, released)
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a, b := built[name], released[name]; a != b {
			wrong = append(wrong, fmt.Errorf("%s: %q by the Dockerfile, %q in the release", name, a, b))
		}
	}
	return wrong
}

// given are the files that the engine puts into every container.
var given = []string{".dockerenv", "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"}

// files returns what a container of an image sees.
func (s *story) files(ctx context.Context, image string) (map[string]string, error) {
	id, err := s.engine.docker(ctx, "create", image)
	if err != nil {
		return nil, err
	}
	id = strings.TrimSpace(id)
	archive := filepath.Join(s.folder, "exported.tar")
	defer os.Remove(archive)
	if _, err := s.engine.docker(ctx, "export", "-o", archive, id); err != nil {
		return nil, err
	}
	if _, err := s.engine.docker(ctx, "rm", id); err != nil {
		return nil, err
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return listing(f)
}

// listing reads a tar file: kind, mode, owner, time and content of what is in it.
// Folders have the times of the container, which says nothing.
func listing(archive io.Reader) (map[string]string, error) {
	out := map[string]string{}
	for in := tar.NewReader(archive); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if name := strings.TrimSuffix(h.Name, "/"); slices.ContainsFunc(given, func(g string) bool { return name == g || strings.HasPrefix(name, g+"/") }) {
			continue
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, in); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("%c%s %o %d:%d %d bytes %x", h.Typeflag, h.Linkname, h.Mode, h.Uid, h.Gid, h.Size, sum.Sum(nil)[:8])
		if h.Typeflag == tar.TypeReg {
			what += " of " + h.ModTime.UTC().String()
		}
		out[h.Name] = what
	}
}

// programs runs every program: it says the version, it helps; a shell there isn't.
func (s *story) programs(ctx context.Context) error {
	once := []string{"run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none"}
	said, err := s.engine.docker(ctx, append(once, built, "version", "-o", "json")...)
	if err != nil {
		return err
	}
	if !strings.Contains(said, `"version":"`+s.Version+`"`) || !strings.Contains(said, `"revision":"`) {
		return fmt.Errorf("drover version says %s, want %s", said, s.Version)
	}
	for _, p := range []string{"drover", "ingest", "forecaster", "planner", "executor"} {
		for flag, want := range map[string]string{"--version": s.Version, "--help": "Usage:"} {
			said, err := s.engine.docker(ctx, append(once, "--entrypoint", "/"+p, built, flag)...)
			if err != nil {
				return err
			}
			if !strings.Contains(said, want) {
				return fmt.Errorf("%s %s says %s", p, flag, said)
			}
		}
	}
	for _, shell := range []string{"/bin/sh", "sh", "/bin/bash", "/busybox"} {
		_, err := s.engine.docker(ctx, append(once, "--entrypoint", shell, built, "-c", "true")...)
		if err == nil || !strings.Contains(err.Error(), "executable file not found") && !strings.Contains(err.Error(), "no such file") {
			return fmt.Errorf("%s in the image: %w", shell, errors.Join(err, errors.New("no shell is expected")))
		}
	}
	return nil
}

// demo runs the whole loop in one container that may write nowhere but to /tmp.
func (s *story) demo(ctx context.Context) error {
	said, err := s.engine.docker(ctx, "run", "--rm", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp", "--network", "none", built,
		"up", "--exit-after", "60s")
	if err != nil {
		return err
	}
	succeeded, back := strings.Count(said, "succeeded"), strings.Count(said, "rolled back")
	s.Figures["demo_succeeded"], s.Figures["demo_rolled_back"] = succeeded, back
	if succeeded == 0 || back == 0 {
		return fmt.Errorf("it says\n%s", said)
	}
	return nil
}
