package dashboards

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"drover/tests/stream/servers"
)

// exposure is the last line of `systemd-analyze security`.
var exposure = regexp.MustCompile(`Overall exposure level for (\S+): ([0-9.]+)`)

// TestUnitsAreHardened lets systemd judge each unit: below 3 of 10 is what it
// calls OK.
func TestUnitsAreHardened(t *testing.T) {
	servers.Need(t, "systemd-analyze")
	units, err := filepath.Glob(deployed(t, "systemd", "*.service"))
	if err != nil || len(units) != 5 {
		t.Fatalf("units %v, %v", units, err)
	}
	for _, unit := range units {
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", unit).CombinedOutput()
		parts := exposure.FindSubmatch(out)
		if err != nil || parts == nil {
			t.Fatalf("%s: %v\n%s", unit, err, out)
		}
		if level, err := strconv.ParseFloat(string(parts[2]), 64); err != nil || level >= 3 {
			t.Errorf("%s is exposed at %s of 10:\n%s", filepath.Base(unit), parts[2], out)
		}
	}
}
