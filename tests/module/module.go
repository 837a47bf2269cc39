// Package module finds the project's own folder for tests and commands that
// read or build what lies in it.
package module

import (
	"fmt"
	"os"
	"path/filepath"
)

// Root returns the folder with go.mod: the working directory or the nearest
// above it. It looks on disk rather than at the paths in the binary, which
// -trimpath takes out.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return "", fmt.Errorf("module: no go.mod above the working directory")
	}
	return "", fmt.Errorf("module: %w", err)
}
