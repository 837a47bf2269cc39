package solve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/solver"
)

// run executes the command with arguments and returns stdout and the error.
func run(t *testing.T, ctx context.Context, args ...string) (string, error) {
	t.Helper()
	var out, log bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&log)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(ctx)
	return out.String(), err
}

func roadefArgs(out string, more ...string) []string {
	return append([]string{"roadef", "--model", "testdata/model.txt", "--initial", "testdata/initial.txt", "--out", out}, more...)
}

func TestROADEFCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.txt")
	text, err := run(t, t.Context(), roadefArgs(path, "--evaluations", "5000", "-o", "json")...)
	if err != nil {
		t.Fatal(err)
	}
	var r roadefReport
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if !r.Feasible || r.Objective > r.InitialObjective || r.Objective < r.LowerBound {
		t.Errorf("report %+v", r)
	}
	written, err := os.ReadFile(path)
	if err != nil || len(strings.Fields(string(written))) != 3 {
		t.Fatalf("wrote %q, %v", written, err)
	}
	for _, threads := range []string{"1", "2", "3"} {
		if _, err := run(t, t.Context(), roadefArgs(path, "--evaluations", "5000", "--threads", threads)...); err != nil {
			t.Fatal(err)
		}
		again, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(again, written) {
			t.Errorf("%s threads wrote %q, before %q (%v)", threads, again, written, err)
		}
	}
}

func TestInterruptedCommandWritesTheIncumbent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "new.txt")
	if _, err := run(t, ctx, roadefArgs(path, "--time", "1h")...); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestAnswersWithoutAPlaceEndBeforeTheSearch: an hour's search for nothing.
func TestAnswersWithoutAPlaceEndBeforeTheSearch(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none", "x"), filepath.Join(file, "x")} {
		for _, args := range [][]string{roadefArgs(path, "--time", "1h"),
			roadefArgs(filepath.Join(dir, "x"), "--trace", path, "--time", "1h"), {"testdata/fleet.yaml", "--out", path, "--time", "1h"}} {
			if _, err := run(t, t.Context(), args...); cli.ExitCode(err) != 1 || !strings.Contains(err.Error(), path) {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
}

func TestTraceTellsTheWayDown(t *testing.T) {
	dir := t.TempDir()
	way := filepath.Join(dir, "way.csv")
	text, err := run(t, t.Context(), roadefArgs(filepath.Join(dir, "new.txt"), "--evaluations", "5000", "--trace", way, "-o", "json")...)
	if err != nil {
		t.Fatal(err)
	}
	var r roadefReport
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(way)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(rows)), "\n")
	n := len(lines)
	if n < 4 || lines[0] != "cpu_s,evaluations,cost" || lines[1] != fmt.Sprintf("0,0,%d", r.InitialObjective) ||
		!strings.HasSuffix(lines[n-2], fmt.Sprintf(",%d,%d", r.MovesEvaluated, r.Objective)) ||
		lines[n-1] != fmt.Sprintf("# lower_bound %d", r.LowerBound) {
		t.Errorf("trace %q of %+v", lines, r)
	}
}

func TestTraceKeepsFewRows(t *testing.T) {
	var way trace
	for k := range 10_000 {
		way.note(solver.Progress{Cost: int64(20_000 - k), Evaluations: int64(k), Violated: k < 10}, 1+float64(k)/1000)
	}
	if rows := strings.Count(way.rows.String(), "\n"); rows < 200 || rows > 250 {
		t.Errorf("%d rows for 1 to 11 CPU seconds, 1 %% apart", rows)
	}
	if strings.HasPrefix(way.rows.String(), "1.000") {
		t.Error("a placement that breaks constraints has a row")
	}
}

func TestPartsAreLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.txt")
	if _, err := run(t, t.Context(), roadefArgs(path, "--evaluations", "5000", "--without", "relays,ejections", "--without", "hosts")...); err != nil {
		t.Error(err)
	}
	if _, err := run(t, t.Context(), roadefArgs(path, "--without", "magic")...); cli.ExitCode(err) != 2 || !strings.Contains(err.Error(), "magic") {
		t.Errorf("%v", err)
	}
}

// TestOneLaneUnlessAskedForMore: CPU time buys one long cooling, two where the
// caller wants two threads.
func TestOneLaneUnlessAskedForMore(t *testing.T) {
	for args, want := range map[string]int{
		"--cpu-time 5s": 1, "--cpu-time 5s --threads 2": 2, "--time 5s": 2, "--cpu-time 5s --time 9s": 2, "--evaluations 9": 2,
	} {
		var b budget
		cmd := &cobra.Command{}
		b.flags(cmd)
		if err := errors.Join(cmd.ParseFlags(strings.Fields(args)), b.check(cmd)); err != nil {
			t.Fatal(err)
		}
		if got := b.options(&guard{}).Threads; got != want {
			t.Errorf("%s: %d threads, want %d", args, got, want)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"roadef"}, roadefArgs("x", "--threads", "0"), roadefArgs("x", "--time=-1s"), roadefArgs("x", "-o", "xml"),
	} {
		if _, err := run(t, t.Context(), args...); cli.ExitCode(err) != 2 {
			t.Errorf("%v: %v, exit code %d", args, err, cli.ExitCode(err))
		}
	}
	if _, err := run(t, t.Context(), "roadef", "--model", "testdata/none", "--initial", "x", "--out", "y"); cli.ExitCode(err) != 1 {
		t.Errorf("missing model: %v", err)
	}
}

func TestFileCommand(t *testing.T) {
	text, err := run(t, t.Context(), "testdata/fleet.yaml", "--exact", "--evaluations", "20000", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r fileReport
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Feasible || !r.Proven || r.Placement["db/0"] == r.Placement["batch/0"] || r.Placement["batch/0"] == "c" {
		t.Errorf("report %+v", r)
	}
	zones := map[string]string{"a": "x", "b": "x", "c": "y"}
	if zones[r.Placement["web/0"]] == zones[r.Placement["web/1"]] {
		t.Errorf("web stands in one zone: %v", r.Placement)
	}
	table, err := run(t, t.Context(), "testdata/fleet.yaml", "--evaluations", "20000", "--out", filepath.Join(t.TempDir(), "p.csv"))
	if err != nil || !strings.Contains(table, "power") || !strings.Contains(table, "lower bound") {
		t.Errorf("table %q, %v", table, err)
	}
}

func TestFileErrors(t *testing.T) {
	good := string(readTestdata(t, "fleet.yaml"))
	for name, tt := range map[string][2]string{
		"server":   {"start: [a, b]", `start: [a, q]`},
		"twice":    {"name: b, zone: x", "name: a, zone: x"},
		"field":    {"min_zones", "min_zone"},
		"resource": {"memory: 60", "disk: 60"},
		"periods":  {"[60, 90]", "[60, 90, 1]"},
		"replicas": {"replicas: 2", "replicas: 1"},
	} {
		if _, err := parseFile([]byte(strings.Replace(good, tt[0], tt[1], 1))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add(readTestdata(f, "fleet.yaml"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("replicas")) > 3 {
			return
		}
		_, _ = parseFile(text)
	})
}

func TestGeneratedCommand(t *testing.T) {
	if _, err := run(t, t.Context(), "generated", "--servers", "12", "--replicas", "80", "--evaluations", "20000", "-o", "json"); err != nil {
		t.Error(err)
	}
}

func TestShortenLeavesTimeToWrite(t *testing.T) {
	if got := shorten(60*time.Second, time.Second); got >= 60*time.Second || got < 58*time.Second {
		t.Errorf("60 s become %v", got)
	}
	if got := shorten(100*time.Millisecond, 200*time.Millisecond); got <= 200*time.Millisecond || got > 210*time.Millisecond {
		t.Errorf("a spent budget becomes %v", got)
	}
}
