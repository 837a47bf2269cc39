package backtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the golden decisions")

// command runs `drover backtest` and returns its standard output.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := Command()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

// decide returns the decisions that a run wrote.
func decide(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "moves.csv")
	if _, err := command(t, append([]string{"planetlab", "--decisions", file}, args...)...); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The golden decisions were scored by an independent implementation of the
// benchmark; its figures are in score.json beside them.
func TestGoldenDay(t *testing.T) {
	golden := filepath.Join("testdata", "decisions.csv")
	got := decide(t, "testdata/day", "--order", "testdata/order.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("decisions differ from %s; rewrite with -update if that is meant, and score them anew", golden)
	}
	out, err := command(t, "planetlab", "testdata/day", "--order", "testdata/order.txt", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join("testdata", "score.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs map[string]any
	if err := json.Unmarshal([]byte(out), &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &theirs); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"energy_kwh", "lower_bound_kwh", "migrations", "unserved", "slatah", "pdm", "esv"} {
		a, okA := ours[key].(float64)
		b, okB := theirs[key].(float64)
		if !okA || !okB || math.Abs(a-b) > 1e-12*math.Abs(b) {
			t.Errorf("%s: %v, the independent scorer says %v", key, ours[key], theirs[key])
		}
	}
	if _, ok := ours["seconds"]; !ok {
		t.Error("no seconds in the document")
	}
}

func TestUntilGivesAPrefix(t *testing.T) {
	whole := decide(t, "testdata/day")
	for _, until := range []string{"1", "30"} {
		part := decide(t, "testdata/day", "--until", until)
		if !strings.HasPrefix(whole, part) || len(part) == len(whole) {
			t.Errorf("--until %s: no true prefix of the day", until)
		}
	}
}

func TestPoliciesDiffer(t *testing.T) {
	if decide(t, "testdata/day", "--policy", "static") == decide(t, "testdata/day", "--policy", "threshold") {
		t.Error("static and threshold decide the same")
	}
	out, err := command(t, "planetlab", "testdata/day", "--policy", "lr", "--until", "20")
	if err != nil || !strings.Contains(out, "policy        lr") {
		t.Errorf("table of lr: %q, %v", out, err)
	}
}

func TestWrongUsageAndBadInput(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "order.txt")
	if err := os.WriteFile(bad, []byte("nobody\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"planetlab"}, 2, "arg(s)"},
		{[]string{"planetlab", "testdata/day", "--policy", "clever"}, 2, `"clever"`},
		{[]string{"planetlab", "testdata/day", "--until", "288"}, 2, "288"},
		{[]string{"planetlab", "testdata/day", "--until", "-1"}, 2, "-1"},
		{[]string{"planetlab", "testdata/day", "-o", "xml"}, 2, `"xml"`},
		{[]string{"planetlab", "testdata/nowhere"}, 1, "testdata/nowhere"},
		{[]string{"planetlab", "testdata"}, 1, "decisions.csv: line 1"},
		{[]string{"planetlab", "testdata/day", "--order", bad}, 1, `"nobody"`},
		{[]string{"planetlab", "testdata/day", "--order", "testdata/none"}, 1, "testdata/none"},
		{[]string{"planetlab", "testdata/day", "--until", "1", "--decisions", "testdata/no/where.csv"}, 1, "--decisions testdata/no/where.csv"},
		{[]string{"planetlab", "testdata/day", "--report", "testdata/no/where.html"}, 1, "--report testdata/no/where.html"},
	} {
		_, err := command(t, c.args...)
		if err == nil || cli.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v (code %d), want %q and code %d", c.args, err, cli.ExitCode(err), c.want, c.code)
		}
	}
}

// dataFolder is where the recorded days are, or the test is left out.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DROVER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "planetlab")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("left out: no PlanetLab days at %s; set DROVER_DATA", dir)
	}
	return dir
}

// On a recorded day the first hours must be near what is promised for a day.
func TestRecordedMorning(t *testing.T) {
	out, err := command(t, "planetlab", filepath.Join(dataFolder(t), "20110306"), "--until", "72", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.EnergyRatio > 1.30 || r.Unserved > .0025 || r.Migrations > 1100 {
		t.Errorf("until tick 72: %.3f x the bound, %.3f %% unserved, %d migrations", r.EnergyRatio, 100*r.Unserved, r.Migrations)
	}
}
