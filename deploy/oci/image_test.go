package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// sample has one of each kind of file.
func sample(packed bool) *Image {
	return &Image{Name: "docker.io/library/sample:v1", Arch: "arm64", Created: time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC), Packed: packed,
		Config: v1.ImageConfig{User: "7:7", Entrypoint: []string{"/a"}},
		Files: []File{{Name: "tmp/", Mode: 0o777 | fs.ModeSticky}, {Name: "a", Data: []byte("text"), Mode: 0o755, Owner: 7},
			{Name: "b", Link: "a", Mode: 0o777}}}
}

func written(t *testing.T, i *Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := i.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// entries reads a tar file: a line on each entry, and what is in them.
func entries(t *testing.T, text []byte) ([]string, map[string][]byte) {
	t.Helper()
	var lines []string
	content := map[string][]byte{}
	for in := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return lines, content
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%c %s %o %d:%d %s%s", h.Typeflag, h.Name, h.Mode, h.Uid, h.Gid, content[h.Name], h.Linkname))
		if !h.ModTime.Equal(time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)) {
			t.Errorf("%s is of %v", h.Name, h.ModTime)
		}
	}
}

// TestTheLayerHoldsTheFiles reads the file system back, packed and plain, by what
// the manifest says of it.
func TestTheLayerHoldsTheFiles(t *testing.T) {
	for _, packed := range []bool{false, true} {
		_, blobs := entries(t, written(t, sample(packed)))
		var index v1.Index
		var manifest v1.Manifest
		var config v1.Image
		for _, step := range []struct {
			name func() string
			into any
		}{
			{func() string { return "index.json" }, &index},
			{func() string { return blobName(index.Manifests[0].Digest) }, &manifest},
			{func() string { return blobName(manifest.Config.Digest) }, &config},
		} {
			if err := json.Unmarshal(blobs[step.name()], step.into); err != nil {
				t.Fatalf("%s: %v", step.name(), err)
			}
		}
		layer := blobs[blobName(manifest.Layers[0].Digest)]
		if int64(len(layer)) != manifest.Layers[0].Size {
			t.Errorf("packed %v: %d bytes, said to be %d", packed, len(layer), manifest.Layers[0].Size)
		}
		if strings.HasSuffix(manifest.Layers[0].MediaType, "gzip") != packed {
			t.Errorf("packed %v: the layer is a %s", packed, manifest.Layers[0].MediaType)
		}
		if packed {
			in, err := gzip.NewReader(bytes.NewReader(layer))
			if err != nil {
				t.Fatal(err)
			}
			if layer, err = io.ReadAll(in); err != nil {
				t.Fatal(err)
			}
		}
		if got := config.RootFS.DiffIDs[0].Encoded(); got != fmt.Sprintf("%x", sha256.Sum256(layer)) {
			t.Errorf("packed %v: the plain layer is not %s", packed, got)
		}
		lines, _ := entries(t, layer)
		want := "5 tmp/ 1777 0:0 \n0 a 755 7:7 text\n2 b 777 0:0 a"
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("packed %v: the layer holds\n%s\nwant\n%s", packed, got, want)
		}
		if config.Architecture != "arm64" || config.Config.User != "7:7" || index.Manifests[0].Platform.Architecture != "arm64" {
			t.Errorf("packed %v: described as %+v", packed, config)
		}
	}
}

// TestBlobsAreNamedByTheirBytes, which engines check, and the same image gives the
// same bytes.
func TestBlobsAreNamedByTheirBytes(t *testing.T) {
	text := written(t, sample(true))
	_, blobs := entries(t, text)
	named := 0
	for name, content := range blobs {
		if sum, ok := strings.CutPrefix(name, "blobs/sha256/"); ok {
			named++
			if sum != fmt.Sprintf("%x", sha256.Sum256(content)) {
				t.Errorf("%s holds other bytes", name)
			}
		}
	}
	if named != 3 {
		t.Errorf("%d blobs, want layer, configuration and manifest", named)
	}
	if !bytes.Equal(text, written(t, sample(true))) {
		t.Error("the same image gave other bytes")
	}
}

// TestWhatIsWrongIsSaid and no half archive is called good.
func TestWhatIsWrongIsSaid(t *testing.T) {
	i := sample(false)
	i.Files[1].Name = strings.Repeat("a", 10) + "\x00"
	if err := i.Write(io.Discard); err == nil {
		t.Error("a name with a zero byte was taken")
	}
}
