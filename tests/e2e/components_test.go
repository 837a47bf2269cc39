package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"drover/tests/leaveout"
)

// TestThePartsOfTheConsole runs the console's own unit tests and its type check.
func TestThePartsOfTheConsole(t *testing.T) {
	t.Parallel()
	source := filepath.Join("..", "..", "web")
	if _, err := os.Stat(filepath.Join(source, "node_modules", "vitest")); err != nil {
		leaveout.Missing(t, "the console's test tools (npm ci in web/)")
	}
	for _, args := range [][]string{{"tsc", "--noEmit"}, {"vitest", "run", "--no-color"}} {
		cmd := exec.CommandContext(t.Context(), "npx", args...)
		cmd.Dir = source
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
