package main

import (
	"archive/tar"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"drover/internal/actuator/process"
	"drover/tests/containers"
	"drover/tests/leaveout"
)

// imageOf makes a release of small programs and returns the image's archive.
func imageOf(t *testing.T) (*release, string) {
	t.Helper()
	need(t, "git")
	r, dir := small(), t.TempDir()
	r.archs = r.archs[:1]
	if err := r.build(t.Context(), "amd64", dir); err != nil {
		t.Fatal(err)
	}
	c, err := r.contents(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, r.imageName("amd64"))
	if err := r.image(path, "amd64", c.files); err != nil {
		t.Fatal(err)
	}
	return r, path
}

// TestTheImageIsWhatEnginesRead reads its index and what `docker load` goes by.
func TestTheImageIsWhatEnginesRead(t *testing.T) {
	_, path := imageOf(t)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	blobs := map[string][]byte{}
	for in := tar.NewReader(f); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if blobs[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	var saved []struct{ Config, Layers any }
	var index v1.Index
	var manifest v1.Manifest
	var config v1.Image
	decode := func(name string, into any) {
		t.Helper()
		if err := json.Unmarshal(blobs[name], into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	decode("manifest.json", &saved)
	decode("index.json", &index)
	decode("blobs/sha256/"+index.Manifests[0].Digest.Encoded(), &manifest)
	decode("blobs/sha256/"+manifest.Config.Digest.Encoded(), &config)
	if saved[0].Config != "blobs/sha256/"+manifest.Config.Digest.Encoded() {
		t.Errorf("docker load takes %v, others %s", saved[0].Config, manifest.Config.Digest)
	}
	if config.Config.User != "65534:65534" || config.Architecture != "amd64" || config.Config.Labels[v1.AnnotationVersion] != "v1.2.3-4-g0123abc" ||
		!config.Created.Equal(time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)) {
		t.Errorf("the image is described as %+v", config)
	}
}

// TestTheImageRuns runs it by containerd: as nobody, on a file system that can't be
// written to, without a shell.
func TestTheImageRuns(t *testing.T) {
	leaveout.Missing(t, containers.Missing()...)
	need(t, "ctr")
	r, archive := imageOf(t)
	folder, err := os.MkdirTemp("", "drover-img-")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	d, err := containers.Start(ctx, &process.Supervisor{State: folder}, folder)
	t.Cleanup(func() {
		if err := errors.Join(d.Close(context.Background()), os.RemoveAll(folder)); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctr := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "ctr", append([]string{"--address", d.Address, "--namespace", d.Namespace}, args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := ctr("images", "import", "--snapshotter", containers.Snapshotter, archive); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	name := "docker.io/library/drover:" + r.tag()
	run := func(id string, argv ...string) (string, error) {
		return ctr(append([]string{"run", "--rm", "--read-only", "--snapshotter", containers.Snapshotter, name, id}, argv...)...)
	}
	if out, err := run("version"); err != nil || !strings.HasPrefix(out, "hello v1.2.3-4-g0123abc 0123abc45678 2026-11-27T01:02:03Z") {
		t.Errorf("the image's program says %q, %v", out, err)
	}
	// Whoever runs it may write nowhere: not as the user, not on this file system.
	if out, err := run("writes", "/drover", "docs", "man", "/var/lib/drover/x"); err == nil {
		t.Errorf("a read-only image was written to: %s", out)
	}
	spec, err := ctr("run", "--rm", "--snapshotter", containers.Snapshotter, name, "stays", "/drover", "docs", "man", "/var/lib/drover/x")
	if err != nil {
		t.Errorf("the user of the image may not write to its own folder: %v, %s", err, spec)
	}
	if out, err := ctr("run", "--rm", "--snapshotter", containers.Snapshotter, name, "root", "/drover", "docs", "man", "/etc/x"); err == nil {
		t.Errorf("the program runs as root: %s", out)
	}
}

// TestTheImageTrustsThePublicWeb reads the authorities back.
func TestTheImageTrustsThePublicWeb(t *testing.T) {
	pool, all := x509.NewCertPool(), authorities()
	if !pool.AppendCertsFromPEM(all) || strings.Count(string(all), "BEGIN CERTIFICATE") < 100 {
		t.Errorf("%d bytes of certificates", len(all))
	}
}

// TestTheImageHasNoShell lists what is in it.
func TestTheImageHasNoShell(t *testing.T) {
	var names []string
	for _, f := range imageFiles([]file{{name: "drover"}, {name: "drover-ingest"}, {name: "README.md"}, {name: "LICENSE"}, {name: "systemd/drover.yaml"}}) {
		names = append(names, f.Name)
	}
	want := "etc/ etc/ssl/ etc/ssl/certs/ tmp/ var/ var/lib/ var/lib/drover/ etc/ssl/certs/ca-certificates.crt drover ingest LICENSE"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the image holds %s, want %s", got, want)
	}
}

// TestARootIsLaidOutForTheContainerFile has modes and the commit's time on it,
// whatever the umask.
func TestARootIsLaidOutForTheContainerFile(t *testing.T) {
	r, root := small(), t.TempDir()
	r.archs = r.archs[:1]
	if err := r.lay(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"drover": 0o755, "ingest": 0o755, "NOTICES": 0o644, "tmp": 0o777 | os.ModeDir | os.ModeSticky} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || info.Mode() != mode || !info.ModTime().Equal(r.version.Committed) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	r.archs = []string{"amd64", "arm64"}
	if err := r.lay(t.Context(), root); !errors.Is(err, errUsage) {
		t.Errorf("two architectures in one root: %v", err)
	}
}

func TestTold(t *testing.T) {
	v, err := told("v1-dirty", "0123abc456789 1795741323")
	if err != nil || v.Revision != "0123abc45678+" || v.Time() != "2026-11-27T01:02:03Z" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := told("", ""); err != nil || v.Name != "devel" || v.Time() != "" {
		t.Errorf("told nothing: %+v, %v", v, err)
	}
	for _, wrong := range []string{"abc", "0123abc456789", "0123abc456789 now"} {
		if _, err := told("v1", wrong); err == nil {
			t.Errorf("%q is taken for a commit", wrong)
		}
	}
}
