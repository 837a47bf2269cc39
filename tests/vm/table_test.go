package vm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli/driver"
	"drover/tests/leaveout"
	"drover/tests/move"
	"drover/tests/vm"
)

// need leaves a test out where something is missing, unless everything is
// demanded.
func need(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short")
	}
	leaveout.Missing(t, vm.Missing()...)
}

// leaveOut skips a test where the guest's kernel can't be had.
func leaveOut(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, vm.ErrMissing) {
		leaveout.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryStepGoingWrongEndsWell fills the driver's table: the row of the
// cut-over in CI, all of them with DROVER_LONG=1 and in `make executor-table`.
func TestEveryStepGoingWrongEndsWell(t *testing.T) {
	need(t)
	steps := []string{"cut-over"}
	if os.Getenv("DROVER_LONG") == "1" {
		steps = nil
	}
	world := vm.World()
	tables, err := move.FillColumns(t.Context(), []move.Column{world.Column()}, steps, t.Logf)
	leaveOut(t, err)
	if wrong := tables.Wrong(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestTheDriverConforms runs `drover driver test` on the driver of a file.
func TestTheDriverConforms(t *testing.T) {
	need(t)
	var why string
	for range 3 { // the emulator may spoil a guest
		if why = conform(t); why == "" {
			return
		}
		t.Logf("once more, since the guest is spoilt: %s", why)
	}
	t.Error(why)
}

// conform checks the driver on a guest, and returns how the emulator has spoilt it.
func conform(t *testing.T) string {
	s, err := vm.OpenScene(t.Context())
	leaveOut(t, err)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	text, err := json.Marshal(s.Drivers())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "drivers.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	command := driver.Command()
	command.SetArgs([]string{"test", "--drivers", file, "--replica", "db/0", "--from", "a", "--to", "b", "--deadline", "3m"})
	command.SetOut(&out)
	command.SetErr(&out)
	err = command.ExecuteContext(t.Context())
	t.Logf("%s", out.String())
	if why := s.Broken(); why != "" {
		return why
	}
	if err != nil || strings.Count(out.String(), "kept") != 9 {
		t.Error(err)
	}
	// There and back: it is the guest that it was, and nothing is left at b.
	if on, err := s.Serving(t.Context()); err != nil || on != "a" {
		t.Errorf("the guest is on %q, %v", on, err)
	}
	return ""
}
