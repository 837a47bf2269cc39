package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageOf builds the package of the small program under all names.
func packageOf(t *testing.T, name string) (*release, string) {
	t.Helper()
	need(t, "dpkg-deb", "dpkg", "systemd-analyze", "systemd-sysusers")
	r := small()
	r.version.Name = name
	r.archs, r.programs = []string{"amd64"}, nil
	for _, p := range programs {
		r.programs = append(r.programs, program{"drover/deploy/release/testdata/hello", p.name})
	}
	dist := filepath.Join(t.TempDir(), "dist")
	if err := r.make(t.Context(), dist); err != nil {
		t.Fatal(err)
	}
	return r, filepath.Join(dist, r.debianName("amd64"))
}

// TestThePackage reads it back with dpkg, systemd and the shell.
func TestThePackage(t *testing.T) {
	r, deb := packageOf(t, "v1.2.3-4-g0123abc")
	dir := t.TempDir()
	if err := r.tryPackage(t.Context(), deb, dir); err != nil {
		t.Fatal(err)
	}
	if got := dpkg(t, "--field", deb, "Package", "Version", "Architecture"); got != "Package: drover\nVersion: 1.2.3+4.g0123abc\nArchitecture: amd64\n" {
		t.Errorf("fields:\n%s", got)
	}
	list := dpkg(t, "--contents", deb)
	if n := strings.Count(list, "\n"); strings.Count(list, " root/root ") != n ||
		strings.Count(list, " 2026-11-27 01:02 ") != n {
		t.Errorf("owners or times are not fixed:\n%s", list)
	}
	if got := dpkg(t, "--info", deb, "conffiles"); got != "/etc/drover/drover.yaml\n" {
		t.Errorf("conffiles: %q", got)
	}
	root := filepath.Join(dir, "root")
	for _, name := range []string{"usr/share/man/man1/drover.1.gz", "usr/share/bash-completion/completions/drover", "usr/share/doc/drover/copyright",
		"usr/share/doc/drover/NOTICES.gz", "usr/share/doc/drover/examples/prometheus/rules.yaml", "etc/drover/drover.yaml", "usr/lib/sysusers.d/drover.conf"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("the package lacks %s", name)
		}
	}
	unitsWork(t, root)
}

// TestThePackageIsInstalledUpgradedAndPurged goes the ways of install.md and
// operations.md, `apt install ./drover_NEW_amd64.deb` and back, by dpkg in a root
// of its own, so that this machine stays as it is.
func TestThePackageIsInstalledUpgradedAndPurged(t *testing.T) {
	_, old := packageOf(t, "v1.2.3")
	_, fresh := packageOf(t, "v1.2.4")
	root := t.TempDir()
	for _, d := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/drover", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	inRoot := func(args ...string) {
		t.Helper()
		flags := []string{"--root=" + root, "--force-script-chrootless", "--force-depends", "--force-not-root",
			"--force-downgrade"}
		cmd := exec.Command("dpkg", append(flags, args...)...)
		cmd.Env = append(cmd.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("dpkg %v: %v\n%s", args, err, out)
		}
	}
	content := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(root, name))
		return string(text)
	}
	says := func(version string) {
		t.Helper()
		out, err := exec.Command(filepath.Join(root, "usr/bin/drover-planner"), "--version").CombinedOutput()
		if err != nil || !strings.Contains(string(out), version+" ") {
			t.Errorf("the program says %s, %v; want %s", out, err, version)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	inRoot("--install", old)
	says("v1.2.3")
	if !strings.Contains(content("etc/passwd"), "drover:") {
		t.Errorf("no user was made: %q", content("etc/passwd"))
	}
	const conf = "etc/drover/drover.yaml"
	if err := os.WriteFile(filepath.Join(root, conf), []byte("kafka: {brokers: [mine:9092]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	inRoot("--install", fresh)
	says("v1.2.4")
	inRoot("--install", old)
	says("v1.2.3")
	if !strings.Contains(content(conf), "mine") {
		t.Errorf("an upgrade changed the configuration to %q", content(conf))
	}
	inRoot("--remove", "drover")
	if !strings.Contains(content(conf), "mine") || content("usr/bin/drover") != "" {
		t.Error("removing takes the configuration, or leaves programs")
	}
	inRoot("--purge", "drover")
	if _, err := os.Stat(filepath.Join(root, "var/lib/drover")); content(conf) != "" || err == nil {
		t.Error("purging leaves something")
	}
}

func dpkg(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("dpkg-deb", args...)
	cmd.Env = append(cmd.Environ(), "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dpkg-deb %v: %v\n%s", args, err, out)
	}
	return string(out)
}

var starts = regexp.MustCompile(`(?m)^(ExecStart|User)=(\S+)`)

// unitsWork lets systemd verify the units within the package's own tree: each
// starts a program of the package, as a user that the package makes.
func unitsWork(t *testing.T, root string) {
	t.Helper()
	units, err := filepath.Glob(filepath.Join(root, "lib/systemd/system/*.service"))
	if err != nil || len(units) != 5 {
		t.Fatalf("units %v, %v", units, err)
	}
	users, err := os.ReadFile(filepath.Join(root, "usr/lib/sysusers.d/drover.conf"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range starts.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "ExecStart" {
				if _, err := os.Stat(filepath.Join(root, m[2])); err != nil {
					t.Errorf("%s starts %s, which is not in the package", filepath.Base(unit), m[2])
				}
			} else if !strings.Contains(string(users), "\nu "+m[2]+" ") {
				t.Errorf("%s runs as %s, whom the package does not make", filepath.Base(unit), m[2])
			}
		}
		named = append(named, strings.TrimPrefix(unit, root+"/lib/systemd/system/"))
	}
	slices.Sort(named)
	out, err := exec.Command(
		"systemd-analyze",
		append([]string{"verify", "--man=no", "--recursive-errors=no", "--root=" + root}, named...)...).CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, "drover") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	if err != nil && !strings.Contains(string(out), "drover") {
		t.Logf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.Command("systemd-sysusers", "--root="+root, "--dry-run").CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "drover") {
		t.Errorf("systemd-sysusers: %v\n%s", err, out)
	}
}
