package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"drover/tests/leaveout"
)

// need leaves a test out where a program isn't there.
func need(t *testing.T, names ...string) {
	t.Helper()
	var missing []string
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			missing = append(missing, n)
		}
	}
	leaveout.Missing(t, missing...)
}

// small is a release of the real layout whose programs are all the small one, so
// that making it takes seconds.
func small() *release {
	r := &release{
		sources:  filepath.Join("..", ".."),
		archs:    []string{"amd64", "arm64"},
		settings: "main",
		out:      io.Discard,
		log:      io.Discard,
		version: version{
			Name:      "v1.2.3-4-g0123abc",
			Revision:  "0123abc45678",
			Committed: time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC),
		},
	}
	for _, p := range programs {
		r.programs = append(r.programs, program{"drover/deploy/release/testdata/hello", p.name})
	}
	r.programs = r.programs[:2]
	return r
}

// TestTheSameSourcesGiveTheSameBytes makes a release twice, the second time from
// a copy elsewhere, with another umask and time of day.
func TestTheSameSourcesGiveTheSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	need(t, "dpkg-deb", "git", "sha256sum")
	r, dir := small(), t.TempDir()
	first := filepath.Join(dir, "first")
	if err := r.make(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	want := []string{"SHA256SUMS", "drover_1.2.3+4.g0123abc_amd64.deb", "drover_1.2.3+4.g0123abc_arm64.deb",
		"drover_1.2.3-4-g0123abc_linux_amd64.cdx.json", "drover_1.2.3-4-g0123abc_linux_amd64.oci.tar", "drover_1.2.3-4-g0123abc_linux_amd64.tar.gz",
		"drover_1.2.3-4-g0123abc_linux_arm64.cdx.json", "drover_1.2.3-4-g0123abc_linux_arm64.oci.tar", "drover_1.2.3-4-g0123abc_linux_arm64.tar.gz"}
	var names []string
	entries, _ := os.ReadDir(first)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("the release holds %q, want %q", names, want)
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sums.Dir = first
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	if err := r.check(t.Context(), first); err != nil {
		t.Error(err)
	}
	readArchive(t, filepath.Join(first, r.archiveName("amd64")), dir)
	readBill(t, filepath.Join(first, r.sbomName("amd64")))
	// The negative control: one byte more in one file is seen.
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sameBytes(first, dir); err == nil {
		t.Error("two different folders are called the same")
	}
}

// readArchive checks owners, times and order, and that the program is static and
// says its version.
func readArchive(t *testing.T, path, dir string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil || !packed.ModTime.IsZero() {
		t.Fatalf("gzip: %v, made %v", err, packed.ModTime)
	}
	in, last, seen := tar.NewReader(packed), "", map[string]bool{}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || h.ModTime.Unix() != 1795741323 || h.Name <= last {
			t.Errorf("%s: owner %d:%d, %s, after %s", h.Name, h.Uid, h.Gid, h.ModTime.UTC(), last)
		}
		last, seen[filepath.Base(h.Name)] = h.Name, true
		if filepath.Base(h.Name) == "drover-ingest" {
			program := filepath.Join(dir, "program")
			text, _ := io.ReadAll(in)
			if err := os.WriteFile(program, text, 0o755); err != nil {
				t.Fatal(err)
			}
			isStatic(t, program)
		}
	}
	for _, name := range []string{"drover", "LICENSE", "NOTICES", "sbom.cdx.json", "drover.1", "drover.bash", "drover-web.service", "drover.yaml"} {
		if !seen[name] {
			t.Errorf("the archive lacks %s", name)
		}
	}
}

func isStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil && !errors.Is(err, elf.ErrNoSymbols) || len(libraries) > 0 {
		t.Errorf("%s needs %v, %v", path, libraries, err)
	}
	for _, s := range f.Sections {
		if s.Name == ".interp" || s.Name == ".debug_info" || s.Name == ".symtab" {
			t.Errorf("%s has a section %s", path, s.Name)
		}
	}
}

// readBill reads the bill of materials back: the one module of the small program
// with go.sum's hash, and Go's own library.
func readBill(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range *bom.Components {
		names = append(names, c.Name)
		if c.Name != "std" && (c.Hashes == nil || len((*c.Hashes)[0].Value) != 64) {
			t.Errorf("%s has no hash", c.Name)
		}
	}
	if !slices.Equal(names, []string{"std", "github.com/cespare/xxhash/v2"}) ||
		bom.Metadata.Component.Version != "v1.2.3-4-g0123abc" {
		t.Errorf("components %q of version %s", names, bom.Metadata.Component.Version)
	}
}

func TestNoticesHoldEveryLicence(t *testing.T) {
	r, dir := small(), t.TempDir()
	r.programs = r.programs[:1]
	if err := r.build(t.Context(), "amd64", dir); err != nil {
		t.Fatal(err)
	}
	c, err := r.contents(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.files {
		if f.name == "NOTICES" && (!strings.Contains(string(f.data), "==== github.com/cespare/xxhash/v2 v") ||
			!strings.Contains(string(f.data), "Permission is hereby granted")) {
			t.Errorf("the notices are\n%s", f.data)
		}
	}
}

func TestWrongUsageIsSaid(t *testing.T) {
	for _, args := range [][]string{{"-arch", "riscv"}, {"-what"}, {"more"}} {
		if err := run(context.Background(), args); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want wrong usage", args, err)
		}
	}
}
