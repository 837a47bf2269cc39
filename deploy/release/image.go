package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"drover/deploy/oci"
)

// nobody is the user and group that the image's programs run as.
const nobody = 65534

// kept is the folder of an image that its programs may write to.
const kept = "var/lib/drover/"

func (r *release) imageName(arch string) string {
	return fmt.Sprintf("drover_%s_linux_%s.oci.tar", r.version.File(), arch)
}

// image writes the container image of an architecture, of the archive's files.
func (r *release) image(out, arch string, files []file) (err error) {
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	image := oci.Image{Name: "docker.io/library/drover:" + r.tag(), Arch: arch, Created: r.version.Committed, Packed: true,
		Files: imageFiles(files), Config: r.config()}
	return image.Write(f)
}

// config says how the image is run; deploy/Dockerfile says the same.
func (r *release) config() v1.ImageConfig {
	return v1.ImageConfig{
		User:       fmt.Sprintf("%d:%d", nobody, nobody),
		Env:        []string{"PATH=/"},
		Entrypoint: []string{"/drover"},
		Labels: map[string]string{
			v1.AnnotationTitle:       "Drover",
			v1.AnnotationDescription: "Moves workloads before the load arrives",
			v1.AnnotationLicenses:    "Apache-2.0",
			v1.AnnotationVersion:     r.version.Name,
			v1.AnnotationRevision:    r.version.Revision,
		},
	}
}

// untagged is what may not stand in an image's tag.
var untagged = regexp.MustCompile(`[^0-9A-Za-z_.-]`)

// tag returns the version as the tag of an image.
func (r *release) tag() string { return untagged.ReplaceAllString(r.version.Name, "-") }

// imageFiles is the file system of an image: the programs, under the names that
// they have among themselves, what they are made of and under which terms, the
// authorities of the public web, and two folders to write to.
func imageFiles(files []file) []oci.File {
	out := []oci.File{
		{Name: "etc/", Mode: 0o755}, {Name: "etc/ssl/", Mode: 0o755}, {Name: "etc/ssl/certs/", Mode: 0o755},
		{Name: "tmp/", Mode: 0o777 | fs.ModeSticky},
		{Name: "var/", Mode: 0o755}, {Name: "var/lib/", Mode: 0o755}, {Name: kept, Mode: 0o755, Owner: nobody},
		{Name: "etc/ssl/certs/ca-certificates.crt", Data: authorities(), Mode: 0o644},
	}
	for _, f := range files {
		switch name, program := strings.CutPrefix(f.name, "drover-"); {
		case program || f.name == "drover", f.name == "LICENSE", f.name == "NOTICES", f.name == "sbom.cdx.json":
			out = append(out, oci.File{Name: name, Data: f.data, Mode: f.mode})
		}
	}
	return out
}

// authorities returns the certificates of the authorities that Mozilla trusts.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
	}
	return out.Bytes()
}

// lay builds the programs and lays out an image's file system in a folder, with
// the commit's time on everything.
func (r *release) lay(ctx context.Context, root string) error {
	if len(r.archs) != 1 {
		return fmt.Errorf("%w: -root takes one architecture", errUsage)
	}
	work, err := os.MkdirTemp("", "drover-release-")
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	defer os.RemoveAll(work)
	if err := r.build(ctx, r.archs[0], work); err != nil {
		return err
	}
	parts, err := r.contents(ctx, work)
	if err != nil {
		return err
	}
	files := imageFiles(parts.files)
	for _, f := range files {
		if err := makeFile(root, f); err != nil {
			return fmt.Errorf("root: %w", err)
		}
	}
	if r.version.Committed.IsZero() {
		return nil
	}
	for _, f := range files {
		if err := os.Chtimes(filepath.Join(root, f.Name), r.version.Committed, r.version.Committed); err != nil {
			return fmt.Errorf("root: %w", err)
		}
	}
	return nil
}

// makeFile makes one file or folder; the mode is not subject to the umask.
func makeFile(root string, f oci.File) error {
	path := filepath.Join(root, f.Name)
	var err error
	if strings.HasSuffix(f.Name, "/") {
		err = os.MkdirAll(path, 0o755)
	} else {
		err = os.WriteFile(path, f.Data, f.Mode)
	}
	return errors.Join(err, os.Chmod(path, f.Mode))
}
