// Package oci writes container images as archives, without an engine: the file
// that it writes is an OCI image layout, which containerd, Podman and skopeo read,
// and what `docker save` writes, so that every Docker loads it. The same image
// gives the same bytes.
package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// File is one entry of an image's file system. A name that ends in a slash is a
// folder; Link makes a symbolic link. Folders come before what is in them.
type File struct {
	Name  string // relative, with slashes
	Data  []byte
	Mode  fs.FileMode // permissions; fs.ModeSticky is kept
	Owner int         // user and group
	Link  string
}

// Image is what an archive holds: one layer of files and how it is run.
type Image struct {
	Name    string // with its tag, such as "docker.io/library/drover:v1"
	Arch    string // amd64 or arm64
	Created time.Time
	Config  v1.ImageConfig
	Files   []File
	Packed  bool // the layer is compressed (gzip)
}

// Write writes the archive.
func (i *Image) Write(w io.Writer) error {
	layer, plain, err := i.layer()
	if err != nil {
		return err
	}
	a := &archive{writer: tar.NewWriter(w), at: i.Created}
	kind := v1.MediaTypeImageLayer
	if i.Packed {
		kind = v1.MediaTypeImageLayerGzip
	}
	files := a.blob(kind, layer)
	described := v1.Image{
		Platform: v1.Platform{Architecture: i.Arch, OS: "linux"},
		Config:   i.Config,
		RootFS:   v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{plain}},
	}
	if !i.Created.IsZero() {
		described.Created = &i.Created
	}
	config := a.json(v1.MediaTypeImageConfig, described)
	manifest := a.json(v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageManifest,
		Config:    config,
		Layers:    []v1.Descriptor{files},
	})
	manifest.Platform = &v1.Platform{Architecture: i.Arch, OS: "linux"}
	manifest.Annotations = map[string]string{"io.containerd.image.name": i.Name}
	a.text(v1.ImageIndexFile, v1.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageIndex,
		Manifests: []v1.Descriptor{manifest},
	})
	a.text(v1.ImageLayoutFile, v1.ImageLayout{Version: v1.ImageLayoutVersion})
	a.text("manifest.json", []saved{{
		Config:   blobName(config.Digest),
		RepoTags: []string{i.Name},
		Layers:   []string{blobName(files.Digest)},
	}})
	return a.end()
}

// saved is an image as `docker save` lists it.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// layer returns the image's file system as it is stored, and the digest of its
// plain tar file, which is held nowhere: programs are large.
func (i *Image) layer() (stored []byte, plain digest.Digest, err error) {
	var out bytes.Buffer
	var to io.Writer = &out
	compressor := gzip.NewWriter(&out)
	if i.Packed {
		to = compressor
	}
	sum := digest.Canonical.Digester()
	a := &archive{writer: tar.NewWriter(io.MultiWriter(to, sum.Hash())), at: i.Created}
	for _, f := range i.Files {
		a.entry(f)
	}
	if err = a.end(); err == nil && i.Packed {
		err = compressor.Close()
	}
	return out.Bytes(), sum.Digest(), err
}

// archive is a tar file under way; the first error stays.
type archive struct {
	writer *tar.Writer
	at     time.Time // of every file
	err    error
}

func (a *archive) entry(f File) {
	h := &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     f.Name,
		Mode:     int64(f.Mode.Perm()),
		Uid:      f.Owner,
		Gid:      f.Owner,
		Size:     int64(len(f.Data)),
		ModTime:  a.at,
		Linkname: f.Link,
	}
	if f.Mode&fs.ModeSticky != 0 {
		h.Mode |= 0o1000
	}
	switch {
	case f.Link != "":
		h.Typeflag = tar.TypeSymlink
	case f.Name[len(f.Name)-1] == '/':
		h.Typeflag = tar.TypeDir
	}
	if a.err == nil {
		a.err = a.writer.WriteHeader(h)
	}
	if a.err == nil {
		_, a.err = a.writer.Write(f.Data)
	}
}

func (a *archive) file(name string, content []byte) {
	a.entry(File{Name: name, Data: content, Mode: 0o644})
}

func (a *archive) text(name string, value any) { a.file(name, a.encode(value)) }

func (a *archive) encode(value any) []byte {
	text, err := json.Marshal(value)
	if a.err == nil {
		a.err = err
	}
	return text
}

func (a *archive) json(kind string, value any) v1.Descriptor { return a.blob(kind, a.encode(value)) }

func (a *archive) blob(kind string, content []byte) v1.Descriptor {
	d := v1.Descriptor{MediaType: kind, Digest: digest.FromBytes(content), Size: int64(len(content))}
	a.file(blobName(d.Digest), content)
	return d
}

func blobName(d digest.Digest) string { return "blobs/sha256/" + d.Encoded() }

func (a *archive) end() error {
	if a.err != nil {
		return fmt.Errorf("image: %w", a.err)
	}
	return a.writer.Close()
}
