// Package kept is what a version of Drover leaves behind, as files: the broker's
// topics, the schemas, the state of every stage in Redis, and what that version
// said about it all. tests/upgrade/record makes one, tests/upgrade reads it with
// today's programs.
package kept

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"drover/internal/store"
)

// Names of the files of a version.
const (
	Disk  = "disk.tar.gz" // broker/ and schemas/
	State = "state.json.gz"
	Said  = "said.json"
	Fleet = "fleet.yaml"
)

// Stages are the groups that keep state, by their number of partitions.
var Stages = map[string]int32{"forecaster": 6, "planner": 3, "executor": 3}

// Prefix stands before the topics' names.
const Prefix = "drover."

// Answers is what a version said at its end: answers of the HTTP API by path, and
// what it explained of a forecast.
type Answers struct {
	Version string                     `json:"version"`
	API     map[string]json.RawMessage `json:"api"`
	Explain json.RawMessage            `json:"explain"`
	Decided string                     `json:"decided"` // time of day of the last decision
}

// Open returns the store of a deployment on a Redis.
func Open(redis string) (*store.Store, error) {
	return store.Open(store.Config{Addresses: []string{redis}, Namespace: Prefix})
}

// Save writes the state of all stages into a file.
func Save(ctx context.Context, s *store.Store, path string) error {
	states := map[string][]byte{}
	for group, n := range Stages {
		for p := range n {
			state, found, err := s.Load(ctx, group, p)
			if err != nil {
				return fmt.Errorf("kept: %w", err)
			}
			if found {
				states[fmt.Sprintf("%s/%d", group, p)] = state
			}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	packed := gzip.NewWriter(f)
	if err := errors.Join(json.NewEncoder(packed).Encode(states), packed.Close(), f.Close()); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	return nil
}

// Load puts the states of a file into a store, and returns how many there were.
func Load(ctx context.Context, s *store.Store, path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("kept: %w", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return 0, fmt.Errorf("kept: %w", err)
	}
	states := map[string][]byte{}
	if err := json.NewDecoder(packed).Decode(&states); err != nil {
		return 0, fmt.Errorf("kept: %w", err)
	}
	for group, n := range Stages {
		for p := range n {
			state, ok := states[fmt.Sprintf("%s/%d", group, p)]
			if !ok {
				continue
			}
			if err := errors.Join(s.Claim(ctx, group, p, 0, false), s.Save(ctx, group, p, 0, state)); err != nil {
				return 0, fmt.Errorf("kept: %w", err)
			}
		}
	}
	return len(states), nil
}

// Pack writes the files below a folder into an archive.
func Pack(dir, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	packed, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	w := tar.NewWriter(packed)
	if err := errors.Join(w.AddFS(os.DirFS(dir)), w.Close(), packed.Close(), f.Close()); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	return nil
}

// Unpack is the inverse of Pack.
func Unpack(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	for in := tar.NewReader(packed); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || !fs.ValidPath(filepath.Clean(h.Name)) {
			return fmt.Errorf("kept: %s: %w", path, err)
		}
		target := filepath.Join(dir, h.Name)
		if h.FileInfo().IsDir() {
			continue
		}
		data, err := io.ReadAll(in)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, data, 0o644)); err != nil {
			return fmt.Errorf("kept: %w", err)
		}
	}
}
