package move_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"drover/tests/move"
)

// TestDemo moves a real Redis between two namespaces because a forecast said so.
func TestDemo(t *testing.T) {
	need(t, "redis-server", "haproxy", "ip")
	if os.Getuid() != 0 {
		t.Skip("left out: network namespaces need root")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	binary := filepath.Join(t.TempDir(), "drover")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "drover/cmd/drover").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, said)
	}
	fleet, err := filepath.Abs(filepath.Join("..", "..", "deploy", "demo", "redis-fleet.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := move.Demo(ctx, binary, fleet, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Lost > 0 || r.From == r.To || r.Plans == 0 {
		t.Errorf("%+v", r)
	}
}
