package stream

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"drover/internal/codec"
	"drover/internal/codec/avro"
)

// FileRegistry is a schema registry within the process, with its schemas in a
// directory: <dir>/<subject>/<version>.avsc, for people to read. A schema's id
// is made from its text, so that processes which share no directory agree.
//
// It keeps the policy FULL_TRANSITIVE: a new version must be able to read what
// every earlier one wrote, and every earlier one what the new one writes.
type FileRegistry struct {
	dir      string
	prefix   string
	mu       sync.Mutex
	subjects map[string][]string // compact texts by subject, in order of versions
	texts    map[int]string
}

// OpenFileRegistry reads the schemas in dir, which is made where it is missing.
// With an empty dir nothing is kept. The prefix is the topics'.
func OpenFileRegistry(dir, prefix string) (*FileRegistry, error) {
	r := &FileRegistry{dir: dir, prefix: prefix, subjects: map[string][]string{}, texts: map[int]string{}}
	if dir == "" {
		return r, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("schema registry: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("schema registry: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := r.readSubject(e.Name()); err != nil {
			return nil, fmt.Errorf("schema registry: %w", err)
		}
	}
	return r, nil
}

func (r *FileRegistry) readSubject(subject string) error {
	for version := 1; ; version++ {
		path := r.path(subject, version)
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := avro.Compact(string(b))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.keep(subject, text)
	}
}

func (r *FileRegistry) path(subject string, version int) string {
	return filepath.Join(r.dir, subject, strconv.Itoa(version)+".avsc")
}

func (r *FileRegistry) keep(subject, text string) int {
	id := schemaID(text)
	r.subjects[subject] = append(r.subjects[subject], text)
	r.texts[id] = text
	return id
}

// schemaID is the first 31 bits of the compact text's SHA-256.
func schemaID(text string) int {
	sum := sha256.Sum256([]byte(text))
	return int(binary.BigEndian.Uint32(sum[:]) &^ (1 << 31))
}

// Register implements codec.Registry.
func (r *FileRegistry) Register(_ context.Context, topic, schema string) (int, error) {
	text, err := avro.Compact(schema)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	subject := r.prefix + topic + "-value"
	if slices.Contains(r.subjects[subject], text) {
		return schemaID(text), nil
	}
	if err := r.check(subject, text); err != nil {
		return 0, fmt.Errorf("subject %s: %w", subject, err)
	}
	if other, taken := r.texts[schemaID(text)]; taken && other != text {
		return 0, fmt.Errorf("subject %s: its id %d is another schema's; add a field with a default to change it", subject, schemaID(text))
	}
	if r.dir != "" {
		path := r.path(subject, len(r.subjects[subject])+1)
		if err := writeFile(path, schema); err != nil {
			return 0, fmt.Errorf("schema registry: %w", err)
		}
	}
	return r.keep(subject, text), nil
}

// check compares a new schema with every version of its subject, both ways.
func (r *FileRegistry) check(subject, text string) error {
	next, err := avro.Parse(text)
	if err != nil {
		return err
	}
	for i, old := range r.subjects[subject] {
		before, err := avro.Parse(old)
		if err != nil {
			return err
		}
		if err := avro.Compatible(before, next); err != nil {
			return fmt.Errorf("the new schema can't read what version %d wrote: %w", i+1, err)
		}
		if err := avro.Compatible(next, before); err != nil {
			return fmt.Errorf("version %d can't read what the new schema writes: %w", i+1, err)
		}
	}
	return nil
}

// writeFile writes a whole file or none.
func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// Schema implements codec.Registry. Another process may have registered the
// schema since: the directory is looked at again before it is called unknown.
func (r *FileRegistry) Schema(_ context.Context, id int) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text, ok := r.texts[id]; ok {
		return text, nil
	}
	if r.dir != "" {
		fresh, err := OpenFileRegistry(r.dir, r.prefix)
		if err != nil {
			return "", err
		}
		r.subjects, r.texts = fresh.subjects, fresh.texts
	}
	if text, ok := r.texts[id]; ok {
		return text, nil
	}
	return "", fmt.Errorf("id %d: %w", id, codec.ErrUnknownSchema)
}

// Subjects returns the subjects and how many versions each has, as
// "subject versions", sorted.
func (r *FileRegistry) Subjects() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, 0, len(r.subjects))
	for s, versions := range r.subjects {
		out = append(out, s+" "+strconv.Itoa(len(versions)))
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
