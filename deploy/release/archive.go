package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func (r *release) archiveName(arch string) string {
	return fmt.Sprintf("drover_%s_linux_%s.tar.gz", r.version.File(), arch)
}

// archive writes the files, sorted, under one folder; times, owners and the
// order of everything are fixed.
func (r *release) archive(out string, files []file) (err error) {
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed := gzip.NewWriter(f)
	w := tar.NewWriter(packed)
	top := strings.TrimSuffix(filepath.Base(out), ".tar.gz")
	for _, one := range slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) }) {
		header := &tar.Header{
			Typeflag: tar.TypeReg,
			Name:     path.Join(top, one.name),
			Mode:     int64(one.mode),
			Size:     int64(len(one.data)),
			ModTime:  r.version.Committed,
			Uname:    "root",
			Gname:    "root",
			Format:   tar.FormatUSTAR,
		}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("archive: %s: %w", one.name, err)
		}
		if _, err := w.Write(one.data); err != nil {
			return fmt.Errorf("archive: %s: %w", one.name, err)
		}
	}
	if err := errors.Join(w.Close(), packed.Close()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

// writeSums writes SHA256SUMS of a folder, as sha256sum -c reads it.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("checksums: %w", err)
	}
	var b strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("checksums: %w", err)
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("checksums: %w", err)
	}
	return nil
}

// sameBytes compares all files of two folders.
func sameBytes(a, b string) error {
	var names []string
	for _, dir := range []string{a, b} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		first, err := os.ReadFile(filepath.Join(a, name))
		second, err2 := os.ReadFile(filepath.Join(b, name))
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		if !bytes.Equal(first, second) {
			return fmt.Errorf("compare: %s differs between two builds of the same sources (%d and %d bytes)", name,
				len(first), len(second))
		}
	}
	return nil
}
