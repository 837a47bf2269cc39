package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func (r *release) debianName(arch string) string {
	return fmt.Sprintf("drover_%s_%s.deb", r.version.Debian(), arch)
}

// places says where a package keeps the files of the archive; the first that
// matches counts.
var places = []struct {
	pattern *regexp.Regexp
	to      string
	packed  bool // gzip, as man pages are
}{
	{regexp.MustCompile(`^man/(.*\.(\d))$`), "usr/share/man/man$2/$1.gz", true},
	{regexp.MustCompile(`^completion/drover\.bash$`), "usr/share/bash-completion/completions/drover", false},
	{regexp.MustCompile(`^completion/(_drover)$`), "usr/share/zsh/vendor-completions/$1", false},
	{regexp.MustCompile(`^completion/(.*\.fish)$`), "usr/share/fish/vendor_completions.d/$1", false},
	{regexp.MustCompile(`^systemd/(.*\.service)$`), "lib/systemd/system/$1", false},
	{regexp.MustCompile(`^systemd/drover\.sysusers$`), "usr/lib/sysusers.d/drover.conf", false},
	{regexp.MustCompile(`^systemd/(.*\.yaml)$`), "etc/drover/$1", false},
	{regexp.MustCompile(`^((?:grafana|prometheus)/.*)$`), "usr/share/doc/drover/examples/$1", false},
	{regexp.MustCompile(`^LICENSE$`), "usr/share/doc/drover/copyright", false},
	{regexp.MustCompile(`^NOTICES$`), "usr/share/doc/drover/NOTICES.gz", true},
	{regexp.MustCompile(`^(README\.md|sbom\.cdx\.json)$`), "usr/share/doc/drover/$1", false},
	{regexp.MustCompile(`^(drover[-a-z]*)$`), "usr/bin/$1", false},
}

// place returns where a file of the archive goes in the package.
func place(name string) (to string, packed, ok bool) {
	for _, p := range places {
		if p.pattern.MatchString(name) {
			return p.pattern.ReplaceAllString(name, p.to), p.packed, true
		}
	}
	return "", false, false
}

// debian writes the package. dpkg-deb takes its times from SOURCE_DATE_EPOCH.
func (r *release) debian(ctx context.Context, out, arch string, files []file) (err error) {
	root, err := os.MkdirTemp("", "drover-deb-")
	if err != nil {
		return fmt.Errorf("package: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	size := 0
	for _, f := range files {
		to, packed, ok := place(f.name)
		if !ok {
			return fmt.Errorf("package: %s has no place in it", f.name)
		}
		data := f.data
		if packed {
			data = pack(data)
		}
		if path.Base(to) == "copyright" {
			data = append([]byte(copyright), data...)
		}
		size += len(data)
		if err := put(root, to, data, f.mode); err != nil {
			return err
		}
	}
	control := fmt.Sprintf(controlFile, r.version.Debian(), arch, (size+1023)/1024)
	for name, text := range map[string]string{"control": control, "conffiles": "/etc/drover/drover.yaml\n"} {
		if err := put(root, "DEBIAN/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		text, err := os.ReadFile(filepath.Join(r.sources, "deploy", "debian", name))
		if err != nil {
			return fmt.Errorf("package: %w", err)
		}
		if err := put(root, "DEBIAN/"+name, text, 0o755); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", root, out)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.version.Committed.Unix(), 10))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w\n%s", err, said)
	}
	return nil
}

const copyright = `This package holds Drover (Apache-2.0, below) and, built in, the modules that
NOTICES.gz lists with their licences.

`

const controlFile = `Package: drover
Version: %s
Architecture: %s
Installed-Size: %d
Maintainer: The Drover authors <drover@example.com>
Section: admin
Priority: optional
Depends: systemd | systemd-standalone-sysusers
Recommends: ca-certificates
Suggests: redis-server, haproxy, prometheus
Description: moves workloads before the load arrives
 Drover watches a fleet of servers, learns which application talks to which,
 predicts the load, picks the placement that meets every service level
 objective at least cost, and carries the migration out in phases, undoing it
 when something goes wrong. It needs Kafka and Redis, or runs whole in one
 process for trial.
`

// put writes a file below root with exactly these rights, whatever the umask.
func put(root, name string, data []byte, mode os.FileMode) error {
	folder := root
	for _, part := range strings.Split(path.Dir(name), "/") {
		folder = filepath.Join(folder, part)
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
			return fmt.Errorf("package: %w", err)
		}
	}
	target := filepath.Join(root, name)
	if err := errors.Join(os.Chmod(root, 0o755), os.WriteFile(target, data, mode), os.Chmod(target, mode)); err != nil {
		return fmt.Errorf("package: %w", err)
	}
	return nil
}

// pack is gzip without a time or a name.
func pack(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a constant that is right
	_, _ = w.Write(data)                                  // into memory: neither can fail
	_ = w.Close()
	return b.Bytes()
}

// tryPackage takes a package apart and asks every program for its version.
func (r *release) tryPackage(ctx context.Context, deb, dir string) error {
	root := filepath.Join(dir, "root")
	if said, err := exec.CommandContext(ctx, "dpkg-deb", "--extract", deb, root).CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb --extract: %w\n%s", err, said)
	}
	for _, p := range r.programs {
		said, err := exec.CommandContext(ctx, filepath.Join(root, "usr", "bin", p.name), "--version").CombinedOutput()
		if err != nil || !strings.Contains(string(said), r.version.Name) {
			return fmt.Errorf("%s --version says %q, want %s in it (%w)", p.name, said, r.version.Name, err)
		}
	}
	return nil
}
