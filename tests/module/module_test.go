package module_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/tests/module"
)

func TestRoot(t *testing.T) {
	root, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !strings.HasPrefix(string(text), "module drover\n") {
		t.Errorf("%s holds %.20q, %v", root, text, err)
	}
	t.Chdir(t.TempDir())
	if root, err := module.Root(); err == nil || !strings.Contains(err.Error(), "no go.mod") {
		t.Errorf("outside any module: %q, %v", root, err)
	}
}
