package backtest

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drover/internal/cli"
	"drover/internal/planetlab"
	"drover/internal/replay"
)

func TestPlanetLabReport(t *testing.T) {
	report := filepath.Join(t.TempDir(), "day.html")
	out, err := command(t, "planetlab", "testdata/day", "--policies", "drover,threshold,oracle", "--report", report)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, b, "<title>Drover backtest: PlanetLab, day</title>", "Drover used ", "Reacting at 80 % took ",
		"next two hours would have taken ",
		"Servers on", "Power", "Migrations, added up", "Unserved, added up", ">bound<", "<title>oracle</title>", "24 hours")
	if n := strings.Count(string(b), "<polyline"); n != 4*3+1 {
		t.Errorf("%d lines in the pictures, want 3 policies in 4 and the bound", n)
	}
	// What the table on the terminal says is what the page says.
	for l := range strings.Lines(out) {
		if len([]rune(strings.TrimRight(l, "\n"))) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
		f := strings.Fields(l)
		if strings.HasPrefix(l, "threshold") && !strings.Contains(string(b), "<td>"+f[1]+"</td><td>"+f[2]+"</td>") {
			t.Errorf("the page has not the row %v", f)
		}
	}
}

// A page of one policy, cut short, has what it has and no verdict on others.
func TestPlanetLabReportOfOnePolicy(t *testing.T) {
	report := filepath.Join(t.TempDir(), "day.html")
	if _, err := command(t, "planetlab", "testdata/day", "--policy", "static", "--until", "6", "--report", report); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, b, "static", "0.5 hours")
	if strings.Contains(string(b), "Drover used") {
		t.Error("a verdict on a policy that was not played")
	}
	points := regexp.MustCompile(`points="([^"]*)"`).FindAllStringSubmatch(string(b), -1)
	if len(points) != 5 {
		t.Fatalf("%d lines, want 4 and the bound", len(points))
	}
	for _, p := range points {
		if n := len(strings.Fields(p[1])); n != 7 {
			t.Errorf("%d points for 6 ticks: %s", n, p[1])
		}
	}
}

// The frames that the pictures are drawn from must add up to the score.
func TestFramesAddUpToTheScore(t *testing.T) {
	day, err := replay.OpenDay("testdata/day", "")
	if err != nil {
		t.Fatal(err)
	}
	run, err := playDay(io.Discard, day, "threshold", planetLabFlags{}, startClock())
	if err != nil {
		t.Fatal(err)
	}
	if len(run.frames) != planetlab.SampleCount {
		t.Fatalf("%d frames, want one a sample", len(run.frames))
	}
	end := run.frames[len(run.frames)-1]
	if end.Seconds != planetlab.DaySeconds || end.Migrations != run.Migrations {
		t.Errorf("last frame %+v of %+v", end, run.Score)
	}
	for what, d := range map[string]float64{"energy": end.Joules/3.6e6 - run.EnergyKWh,
		"unserved": end.Unserved/end.Requested - run.Unserved, "hosts": end.HostSeconds/end.Seconds - run.MeanHostsOn} {
		if math.Abs(d) > 1e-9 {
			t.Errorf("%s: the frames are off by %v", what, d)
		}
	}
	page := dayPageOf("day", day, []dayRun{run})
	for _, c := range page.Charts {
		for _, l := range c.Lines {
			if len(l.values) != planetlab.SampleCount+1 {
				t.Errorf("%s, %s: %d points", c.Title, l.Name, len(l.values))
			}
		}
	}
}

// One policy's document is what it was, whichever flag names it.
func TestOnePolicyHasTheDocumentOfThePolicy(t *testing.T) {
	document := func(flag string) map[string]any {
		out, err := command(t, "planetlab", "testdata/day", flag, "threshold", "--until", "20", "-o", "json")
		if err != nil {
			t.Fatal(err)
		}
		var d map[string]any
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	a, b := document("--policy"), document("--policies")
	for _, key := range []string{"policy", "energy_kwh", "lower_bound_kwh", "migrations", "unserved", "slatah", "pdm", "esv"} {
		if a[key] == nil || a[key] != b[key] {
			t.Errorf("%s: %v with --policy, %v with --policies", key, a[key], b[key])
		}
	}
	if a["seconds"] == nil {
		t.Error("no seconds")
	}
}

func TestWrongUsageOfSeveralPolicies(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--policies", "drover,clever"}, 2, `"clever"`},
		{[]string{"--policies", "static,static"}, 2, "at most once"},
		{[]string{"--policies", "static", "--policy", "lr"}, 2, "--policy and --policies"},
		{[]string{"--policies", "static,lr", "--decisions", "moves.csv"}, 2, "--decisions"},
		{[]string{"--policy", "static", "--until", "2", "--report", "testdata/no/where.html"}, 1, "where.html"},
	} {
		_, err := command(t, append([]string{"planetlab", "testdata/day"}, c.args...)...)
		if err == nil || cli.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v (code %d), want %q and code %d", c.args, err, cli.ExitCode(err), c.want, c.code)
		}
	}
}
