package containers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"drover/deploy/oci"
)

// Image is what the image in an archive is called. Its file system is a busybox
// and a page that says "ok"; it serves that page at port 8080.
const Image = "drover.example/web:1"

// serve is what the image runs: a container's first process ends by a signal only
// where it says how.
const serve = "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"

// WriteArchive writes an archive of the image, in the OCI image layout.
func WriteArchive(path, name string) error {
	files, err := files()
	if err != nil {
		return err
	}
	image := oci.Image{Name: name, Arch: runtime.GOARCH, Files: files,
		Config: v1.ImageConfig{Env: []string{"PATH=/bin"}, Cmd: []string{"/bin/sh", "-c", serve}}}
	var archive bytes.Buffer
	if err := image.Write(&archive); err != nil {
		return err
	}
	return os.WriteFile(path, archive.Bytes(), 0o600)
}

// files is the image's file system.
func files() ([]oci.File, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	busybox, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	var out []oci.File
	for _, folder := range []string{"bin/", "www/", "tmp/", "proc/", "sys/", "dev/"} {
		out = append(out, oci.File{Name: folder, Mode: 0o755})
	}
	out = append(out, oci.File{Name: "bin/busybox", Data: busybox, Mode: 0o755})
	for _, applet := range []string{"sh", "httpd", "sleep", "cat"} {
		out = append(out, oci.File{Name: "bin/" + applet, Link: "busybox", Mode: 0o777})
	}
	return append(out, oci.File{Name: "www/index.html", Data: []byte("ok\n"), Mode: 0o644}), nil
}
