package move_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator/conformance"
	"drover/internal/cli/driver"
	"drover/internal/model"
	"drover/tests/leaveout"
	"drover/tests/module"
	"drover/tests/move"
)

// TestEveryDriverKeepsItsPromises runs what `drover driver test` runs on the real
// thing.
func TestEveryDriverKeepsItsPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	for _, c := range move.Columns() {
		open, ok := move.OpenerOf(c.Driver)
		if !ok || c.Driver == "update" || c.Driver == "exec" { // no move; TestTheSampleDriverPasses
			continue
		}
		t.Run(c.Driver, func(t *testing.T) {
			t.Parallel()
			leaveout.Missing(t, c.Missing()...)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			s, err := open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			checks := conformance.Run(ctx, s.Driver(nil), conformance.Config{
				Move:     model.Move{Replica: "db/0", Application: "db", From: "a", To: "b"},
				Deadline: time.Minute, Plan: model.PlanID(c.Driver)})
			for _, c := range checks {
				if !c.OK {
					t.Errorf("%s: %s", c.Name, c.Detail)
				}
			}
			if len(checks) != 9 {
				t.Errorf("%d checks", len(checks))
			}
		})
	}
}

// TestTheSampleDriverPasses runs the command that users run, on the driver in
// Python as an executor's file names it.
func TestTheSampleDriverPasses(t *testing.T) {
	t.Parallel()
	leaveout.Missing(t, move.Missing("python3")...)
	root, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	first := filepath.Join(folder, "a", "app@0")
	if err := os.MkdirAll(first, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(first, "page"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(first, filepath.Join(folder, "app@0.current")); err != nil {
		t.Fatal(err)
	}
	program := []string{"python3", filepath.Join(root, "deploy", "drivers", "folder.py"), folder}
	config, err := json.Marshal(map[string]any{"default": "folder", "drivers": map[string]any{"folder": map[string]any{"kind": "exec", "argv": program}}})
	if err != nil {
		t.Fatal(err)
	}
	drivers := filepath.Join(t.TempDir(), "drivers.json")
	if err := os.WriteFile(drivers, config, 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	command := driver.Command()
	command.SetArgs([]string{"test", "--replica", "app/0", "--drivers", drivers})
	command.SetOut(&out)
	if err := command.ExecuteContext(t.Context()); err != nil || strings.Count(out.String(), "kept") < 9 {
		t.Fatalf("%v\n%s", err, out.String())
	}
	// There and back: what was there is there.
	if text, err := os.ReadFile(filepath.Join(folder, "app@0.current", "page")); err != nil || string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}
