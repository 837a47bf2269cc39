package containers

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// Image is what the image in an archive is called. Its file system is a busybox
// and a page that says "ok"; it serves that page at port 8080.
const Image = "drover.example/web:1"

// serve is what the image runs: a container's first process ends by a signal only
// where it says how.
const serve = "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"

// The media types of the archive's parts.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor points at a part of the archive.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// WriteArchive writes an archive of the image, in the OCI image layout.
func WriteArchive(path, name string) error {
	layer, err := layer()
	if err != nil {
		return err
	}
	a := &archive{}
	filesystem := a.blob(layerType, layer)
	config := a.json(configType, map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Env": []string{"PATH=/bin"}, "Cmd": []string{"/bin/sh", "-c", serve}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{filesystem.Digest}},
	})
	manifest := a.json(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{filesystem},
	})
	manifest.Annotations = map[string]string{"io.containerd.image.name": name}
	a.file("index.json", a.text(map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}}))
	a.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	text, err := a.end()
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return os.WriteFile(path, text, 0o600)
}

// layer packs the image's file system.
func layer() ([]byte, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	busybox, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	a := &archive{}
	for _, folder := range []string{"bin/", "www/", "tmp/", "proc/", "sys/", "dev/"} {
		a.entry(&tar.Header{Name: folder, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	}
	a.entry(&tar.Header{Name: "bin/busybox", Typeflag: tar.TypeReg, Mode: 0o755}, busybox)
	for _, applet := range []string{"sh", "httpd", "sleep", "cat"} {
		a.entry(&tar.Header{Name: "bin/" + applet, Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil)
	}
	a.file("www/index.html", []byte("ok\n"))
	return a.end()
}

// archive is a tar file under way; the first error stays.
type archive struct {
	bytes  bytes.Buffer
	writer *tar.Writer
	err    error
}

func (a *archive) entry(h *tar.Header, content []byte) {
	if a.writer == nil {
		a.writer = tar.NewWriter(&a.bytes)
	}
	h.Size = int64(len(content))
	if a.err == nil {
		a.err = a.writer.WriteHeader(h)
	}
	if a.err == nil {
		_, a.err = io.Copy(a.writer, bytes.NewReader(content))
	}
}

func (a *archive) file(name string, content []byte) {
	a.entry(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}, content)
}

func (a *archive) text(value any) []byte {
	text, err := json.Marshal(value)
	if a.err == nil {
		a.err = err
	}
	return text
}

func (a *archive) json(kind string, value any) descriptor { return a.blob(kind, a.text(value)) }

func (a *archive) blob(kind string, content []byte) descriptor {
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	a.file("blobs/sha256/"+sum, content)
	return descriptor{MediaType: kind, Digest: "sha256:" + sum, Size: len(content)}
}

func (a *archive) end() ([]byte, error) {
	if a.err != nil {
		return nil, a.err
	}
	err := a.writer.Close()
	return a.bytes.Bytes(), err
}
