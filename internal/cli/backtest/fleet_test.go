package backtest

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/pipeline/trial"
)

func TestFleetUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--servers", "50"}, "--servers 50: want a multiple of 40"},
		{[]string{"--days", "0"}, "--days 0: "},
		{[]string{"--days", "-1"}, "--days -1: "},
		{[]string{"--servers", "0"}, "--servers 0: "},
		{[]string{"--seeds", "0"}, "--seeds 0"},
		{[]string{"--threads", "0"}, "--threads 0"},
		{[]string{"--policies", "clever"}, "clever"},
		{[]string{"--policies", "static,static"}, "at most once"},
		{[]string{"-o", "xml"}, `"xml"`},
		{[]string{"extra"}, "extra"},
	} {
		_, err := command(t, append([]string{"fleet"}, c.args...)...)
		if err == nil || cli.ExitCode(err) != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v (code %d), want %q and code 2", c.args, err, cli.ExitCode(err), c.want)
		}
	}
}

func TestFleetDocumentAndReport(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: a day of a fleet takes its time")
	}
	report := filepath.Join(t.TempDir(), "report.html")
	out, err := command(t, "fleet", "--servers", "40", "--days", "1", "--policies", "static,threshold", "-o", "json", "--report", report)
	if err != nil {
		t.Fatal(err)
	}
	var r fleetResult
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Policies) != 2 || r.Policies[1].Moves == 0 || len(r.Trials["static"]) != 1 || r.CPUSeconds <= 0 {
		t.Errorf("document %+v", r.Policies)
	}
	b, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	checkHTML(t, b, "static", "threshold")
}

// made is a result with figures that are easy to recognise.
func made() *fleetResult {
	hours := []trial.Hour{{Violated: 3, EnergyKWh: 20, ServersOn: 50, Moves: 4}, {Violated: 1, EnergyKWh: 22, ServersOn: 51, Moves: 2}}
	r := &fleetResult{Servers: 200, Days: 14, CPUSeconds: 12, Trials: map[string][]*trial.Result{}}
	for i, p := range []string{"drover", "threshold"} {
		v := int64(4 + 1230*i)
		t := &trial.Result{Policy: p, Seed: 7, Days: 14, Violated: v, Minutes: trial.Minutes{Headroom: v}, ApplicationMinutes: 2_096_640,
			EnergyKWh: 8400, Moves: 100, Hours: hours, Worst: []trial.Worst{{Application: model.ApplicationID("<web&1>"), Violated: v}}}
		r.Trials[p] = []*trial.Result{t}
		r.Policies = append(r.Policies, trial.Summarise(p, r.Trials[p]))
	}
	return r
}

func TestReportSaysWhatTheFiguresSay(t *testing.T) {
	var b bytes.Buffer
	if err := made().html(&b); err != nil {
		t.Fatal(err)
	}
	checkHTML(t, b.Bytes(), "4 application minutes, reacting at 80 % for 1,234", "0.00 of it, at 1.00 of its energy",
		"Maintenance caused 0 violated minutes", "&lt;web&amp;1&gt;", "1,234", "polyline points=\"64.0,")
}

// checkHTML wants well-formed markup that asks for nothing from outside.
func checkHTML(t *testing.T, doc []byte, want ...string) {
	t.Helper()
	text := string(doc)
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the report does not hold %q", w)
		}
	}
	for _, no := range []string{"<script", "http://", "https://", "url(", "NaN", "Inf"} {
		if strings.Contains(text, no) {
			t.Errorf("the report holds %q", no)
		}
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("markup: %v", err)
		}
	}
}

func TestTableIsEightyColumnsWide(t *testing.T) {
	var b bytes.Buffer
	if err := made().table(&b); err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(b.String()) {
		if len([]rune(strings.TrimRight(l, "\n"))) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
	if !strings.Contains(b.String(), "1234") {
		t.Errorf("table:\n%s", b.String())
	}
}

func TestSeveralFleetsAreListedByTheirSeeds(t *testing.T) {
	r := made()
	if b := (&strings.Builder{}); r.table(b) != nil || strings.Contains(b.String(), "seed ") {
		t.Errorf("one fleet needs no list:\n%s", b)
	}
	for i, p := range []string{"drover", "threshold"} {
		second := *r.Trials[p][0]
		second.Seed, second.EnergyKWh, second.Minutes.Maintenance = 8, 8400-84*float64(1-i), int64(2*i)
		r.Trials[p] = append(r.Trials[p], &second)
		r.Policies[i] = trial.Summarise(p, r.Trials[p])
	}
	var b strings.Builder
	if err := r.table(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"8     drover             4           0     8316.0   0.9900     100       0\n",
		"8     threshold       1234           2     8400.0   1.0000     100       0\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	for l := range strings.Lines(b.String()) {
		if len(strings.TrimRight(l, "\n")) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
}

func TestEndedTrialsAreTold(t *testing.T) {
	var b bytes.Buffer
	ended(&b)(made().Trials["threshold"][0])
	if want := "seed 7, threshold: 1234 violated minutes (0 by maintenance), 8400.0 kWh, 100 moves, 0 unsaid\n"; b.String() != want {
		t.Errorf("told %q, want %q", b.String(), want)
	}
}

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := writeReport(filepath.Join(t.TempDir(), "no", "where.html"), made().html); err == nil {
		t.Error("no error")
	}
	where := filepath.Join(t.TempDir(), "no", "where.html")
	if _, err := command(t, "fleet", "--report", where); err == nil || cli.ExitCode(err) != 1 ||
		!strings.Contains(err.Error(), "--report "+where) {
		t.Errorf("fourteen days would be played for a report that can't be written: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := runFleet(ctx, io.Discard, io.Discard, fleetFlags{servers: 40, days: 1, seeds: 1, threads: 1, seed: 1, policies: []string{"static"}, output: "table"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestAFileIsTriedBeforePlaying(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.html")
	if err := os.WriteFile(old, []byte("the last one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"": "", old: "", os.DevNull: "", filepath.Join(dir, "new.html"): "",
		dir: "name a file in it", filepath.Join(dir, "no", "where.html"): "a directory that is there",
		filepath.Join(old, "in.html"): "a directory that is there",
	} {
		err := checkFile("report", path)
		if err == nil && want == "" {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), "--report "+path+": ") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != "the last one" {
		t.Errorf("the old report became %q (%v)", b, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestNiceStepsAndThousands(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 0.03: 0.05, 1: 1, 3: 5, 7: 10, 42: 50, 120: 200} {
		if got := niceStep(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("step for %v: %v, want %v", v, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
}
