package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
)

// terms are the names of the files that state a licence.
var terms = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-._].*)?$`)

// notices returns the licences of what is built in, as these demand of those who
// hand binaries on. A module without a licence is an error.
func (r *release) notices(ctx context.Context, modules []debug.Module) ([]byte, error) {
	folders, err := r.folders(ctx, modules)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("Drover's programs contain the following modules, under the terms given with each.\n")
	for _, m := range modules {
		dir := folders[m.Path]
		if dir == "" {
			return nil, fmt.Errorf("notices: %s: go mod download gave no folder", m.Path)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("notices: %s: %w", m.Path, err)
		}
		found := false
		for _, e := range entries {
			if e.IsDir() || !terms.MatchString(e.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("notices: %s: %w", m.Path, err)
			}
			found = true
			fmt.Fprintf(&b, "\n==== %s %s: %s\n\n%s\n", m.Path, m.Version, e.Name(), bytes.TrimSpace(text))
		}
		if !found {
			return nil, fmt.Errorf("notices: %s states no licence in %s", m.Path, dir)
		}
	}
	return b.Bytes(), nil
}

// folders returns where the sources of every module stand.
func (r *release) folders(ctx context.Context, modules []debug.Module) (map[string]string, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.Path+"@"+m.Version)
	}
	out := map[string]string{}
	if len(modules) == 0 {
		return out, nil
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = r.sources
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("notices: go mod download: %w\n%s", err, list)
	}
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var m struct{ Path, Dir string }
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("notices: go mod download: %w", err)
		}
		out[m.Path] = m.Dir
	}
}
