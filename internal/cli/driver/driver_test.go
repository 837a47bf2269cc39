package driver_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
	"drover/internal/cli/driver"
)

// yes is a driver's program in a shell: it does nothing well, and nothing twice
// wrong, but doesn't know its deadline or its steps.
const yes = `#!/bin/sh
read request
case "$request" in
*'"method":"capabilities"'*) echo '{"version":1,"ok":true,"capabilities":{"name":"yes","steps":["admit","cut-over","reverse-cut-over"]}}' ;;
*'"method":"status"'*) echo '{"version":1,"ok":true,"status":{"state":"unknown"}}' ;;
*'"step":"no-such-step"'*) echo '{"version":1,"ok":false,"error":"no such step"}' ;;
*) echo '{"version":1,"ok":true}' ;;
esac
`

// program writes a driver's program.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "driver")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs `drover driver test` with the flags.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command := driver.Command()
	command.SetArgs(append([]string{"test"}, args...))
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceErrors, command.SilenceUsage = true, true
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAGoodProgramPasses(t *testing.T) {
	out, err := run(t, "--exec", program(t, yes))
	if err != nil || strings.Contains(out, "BROKEN") || strings.Count(out, "kept") != 9 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestABadProgramIsReported(t *testing.T) {
	bad := strings.Replace(yes, `"ok":false,"error":"no such step"`, `"ok":true`, 1)
	out, err := run(t, "--exec", program(t, bad), "-o", "json")
	if cli.ExitCode(err) != 1 {
		t.Errorf("exit code %d, %v", cli.ExitCode(err), err)
	}
	var report struct {
		Driver string
		Passed bool
		Checks []struct {
			Name, Detail string
			OK           bool
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Passed || report.Driver != "yes" || len(report.Checks) != 9 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--exec", "x", "--url", "y"}, {"--exec", "x", "--drivers", "y"}, {"--exec", "x", "-o", "xml"}, {"--exec", "x", "--replica", "web"}, {"--exec", "x", "--to", "a"},
	} {
		if _, err := run(t, args...); cli.ExitCode(err) != 2 {
			t.Errorf("%v: exit code %d, %v", args, cli.ExitCode(err), err)
		}
	}
	if _, err := run(t, "--exec", "/no/such/program"); cli.ExitCode(err) != 1 {
		t.Errorf("a program that isn't there: %v", err)
	}
	for _, text := range []string{"nonsense", `{"default": "x"}`, `{"drivers": {"x": {"kind": "exec", "argv": ["true"]}}}`} {
		path := filepath.Join(t.TempDir(), "drivers.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t, "--drivers", path); cli.ExitCode(err) != 1 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
