package programs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// unreleased is the version under which Kubernetes requires the modules that
// live in its own tree.
const unreleased = "v0.0.0"

// writeModule makes a module that can build the target: it requires what the
// target's module requires, at the same versions. Replacements of a module count
// only for itself, so those by folders of its own tree become released versions.
func (t *target) writeModule(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, "go.mod")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	theirs, err := t.requirements(ctx, folder)
	if err != nil {
		return err
	}
	text, err := t.goMod(theirs)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// requirements downloads the module and returns its go.mod.
func (t *target) requirements(ctx context.Context, folder string) ([]byte, error) {
	out, err := command(ctx, folder, "mod", "download", "-json", t.source+"@"+t.version).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("go mod download %s@%s: %w: %s%s", t.source, t.version, err, out, failed.Stderr)
	}
	if err != nil {
		return nil, err
	}
	var answer struct{ GoMod string }
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	return os.ReadFile(answer.GoMod)
}

// goMod writes the go.mod that builds the target from the target's own.
func (t *target) goMod(theirs []byte) ([]byte, error) {
	parsed, err := modfile.ParseLax("go.mod", theirs, nil)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "module build\n\ngo %s\n\nrequire %s %s\n", parsed.Go.Version, t.source, t.version)
	for _, r := range parsed.Require {
		version := r.Mod.Version
		if version == unreleased {
			version = Staging
			fmt.Fprintf(&b, "replace %s => %s %s\n", r.Mod.Path, r.Mod.Path, Staging)
		}
		fmt.Fprintf(&b, "require %s %s\n", r.Mod.Path, version)
	}
	return []byte(b.String()), nil
}
