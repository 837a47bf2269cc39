package ingest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

// run runs `drover ingest` and returns what it printed.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := Command()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err := cmd.Execute()
	if err != nil && !errors.Is(err, cli.ErrSilent) {
		errs.WriteString(err.Error())
	}
	return out.String(), errs.String(), cli.ExitCode(err)
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	good := file(t, "good.txt", "# TYPE a counter\na_total 1\n# EOF\n")
	bad := file(t, "bad.txt", "a 1\n")
	stdout, stderr, code := run(t, "check", "--format", "openmetrics", good)
	if want := `{"file":"` + good + `","format":"openmetrics","ok":true,"events":1,"rejected":0,"error":""}` + "\n"; stdout != want || code != 0 || stderr != "" {
		t.Errorf("good: %q, %q, exit %d", stdout, stderr, code)
	}
	stdout, stderr, code = run(t, "check", "--format", "openmetrics", good, bad, "missing.txt")
	if strings.Count(stdout, "\n") != 3 || strings.Count(stdout, `"ok":false`) != 2 || code != 1 || !strings.Contains(stderr, "# EOF") {
		t.Errorf("bad: %q, %q, exit %d", stdout, stderr, code)
	}
}

func TestCheckSaysWhatToDoWithAFile(t *testing.T) {
	for _, c := range []struct{ name, text, format, want string }{
		{"a.gz", "\x1f\x8b\x08\x00", "prometheus", `"error":"is compressed with gzip: unpack it`},
		{"a.txt", "\xff\xfea\x00", "prometheus", `"error":"is UTF-16: want UTF-8`},
		{"t.txt", "\xff\xfea\x00", "traceroute-text", `"error":"no traceroute found`}, // UTF-16 is read
	} {
		if stdout, _, code := run(t, "check", "--format", c.format, file(t, c.name, c.text)); code != 1 || !strings.Contains(stdout, c.want) {
			t.Errorf("%s: exit %d, %s, want %s", c.name, code, stdout, c.want)
		}
	}
	zones := file(t, "zones.yaml", "zones: [{id: a, mtbf: 1h}]\n")
	for _, command := range []string{"check", "decode"} {
		if _, stderr, code := run(t, command, "--format", "inventory", zones); code != 0 || !strings.Contains(stderr, `note: zone "a" holds no server`) {
			t.Errorf("%s of zones alone: exit %d, %s", command, code, stderr)
		}
	}
}

func TestDecode(t *testing.T) {
	scrape := file(t, "scrape.txt", "node_memory_MemTotal_bytes{instance=\"h\"} 8\nup 1\n")
	own := file(t, "own.yaml", "outputs: [{entity: 'server:{instance}', resource: memory, terms: [{metric: node_memory_MemTotal_bytes}]}]")
	stdout, _, code := run(t, "decode", "--format", "prometheus", "--mapping", own, "--fleet", "f", "--at", "2026-03-01", scrape)
	want := `{"type":"sample","name":"up","value":1,"at":"2026-03-01T00:00:00Z"}` + "\n" +
		`{"type":"metric","fleet":"f","entity":"server:h","at":"2026-03-01T00:00:00Z","samples":[{"resource":"memory","kind":"gauge","value":8,"unit":"bytes"}]}` + "\n"
	if stdout != want || code != 0 {
		t.Errorf("exit %d, %s", code, stdout)
	}
	stdout, _, _ = run(t, "decode", "--format", "prometheus", "--raw", scrape)
	if strings.Count(stdout, `"type":"sample"`) != 2 {
		t.Errorf("raw: %s", stdout)
	}
	if _, stderr, code := run(t, "decode", "--format", "prometheus", file(t, "x", "no sample\n"), "missing"); code != 1 || !strings.Contains(stderr, "2 of 2") {
		t.Errorf("bad: exit %d, %s", code, stderr)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"check"}, {"check", "x"}, {"check", "--format", "tea", "x"}, {"check", "--format", "mtr"},
		{"decode", "--format", "mtr", "--at", "noon", "x"}, {"chek", "--format", "mtr", "x"},
		{"decode", "--format", "icalendar", "--from", "2026-02-01", "--until", "2026-01-01", "x"}} {
		if _, stderr, code := run(t, args...); code != 2 {
			t.Errorf("%v: exit %d (%s), want 2", args, code, stderr)
		}
	}
}

func TestHostOnce(t *testing.T) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip("this machine has no /proc")
	}
	stdout, stderr, code := run(t, "host", "--once", "--name", "h1")
	if code != 0 || !strings.Contains(stdout, `"entity":"server:h1"`) || strings.Count(stdout, `"resource"`) != 4 {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestPullFaults(t *testing.T) {
	if _, stderr, code := run(t, "pull", "--targets", file(t, "t.yaml", "other: 1")); code != 1 || !strings.Contains(stderr, "targets") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
