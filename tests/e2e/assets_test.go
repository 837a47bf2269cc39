package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"drover/tests/leaveout"
)

// TestAssetsAreBuiltFromTheirSources builds the console anew and demands the
// bytes that are committed and embedded.
func TestAssetsAreBuiltFromTheirSources(t *testing.T) {
	source := filepath.Join("..", "..", "web")
	if _, err := os.Stat(filepath.Join(source, "node_modules", "vite")); err != nil {
		leaveout.Missing(t, "the console's build tools (npm ci in web/)")
	}
	built := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "npx", "vite", "build", "--outDir", built, "--emptyOutDir")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	committed := filepath.Join("..", "..", "internal", "web", "console", "dist")
	want, got := files(t, built), files(t, committed)
	if len(want) < 3 {
		t.Fatalf("the build gave %d files", len(want))
	}
	for name, text := range want {
		if !bytes.Equal(text, got[name]) {
			t.Errorf("%s is not what its sources give: run `make console` and commit what it makes", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is committed and not built", name)
		}
	}
}

// files reads a folder whole.
func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(filepath.Join(root, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
