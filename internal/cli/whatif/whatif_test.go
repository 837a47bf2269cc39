package whatif

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/scenario"
)

// fleetFile is a small fleet of three servers in two zones.
const fleetFile = `
fleet: small
history_days: 1
servers:
  - {id: s1, zone: a, cores: 8, memory_gib: 32, idle_watts: 80, peak_watts: 200}
  - {id: s2, zone: b, cores: 8, memory_gib: 32, idle_watts: 80, peak_watts: 200}
  - {id: s3, zone: b, cores: 8, memory_gib: 32, idle_watts: 80, peak_watts: 200}
applications:
  - {id: web, on: [s1, s2], requests_per_second: 100, demand_ms: 20, memory_gib: 1, data_gib: 0.5, calls: [{callee: db, per_request: 1, request_bytes: 500, response_bytes: 2000}]}
  - {id: db, on: [s3], demand_ms: 10, memory_gib: 2, data_gib: 1}
`

func run(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	c := Command()
	var out, errs bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SetArgs(args)
	c.SilenceUsage, c.SilenceErrors = true, true
	err = c.Execute()
	return out.String(), err
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAskAFleetAndItsView(t *testing.T) {
	fleet := write(t, "fleet.yaml", fleetFile)
	view := filepath.Join(t.TempDir(), "view.json")
	futures := write(t, "futures.yaml", "futures:\n  - {name: rush, growth: 50%, required: true}\n")
	table, err := run(t, "--fleet", fleet, "--history", "24h", "--save-view", view, "--drain", "s2", "--futures", futures)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"status quo", "rush", "s2 was ordered to be drained", "plan:"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	fits(t, table)
	more, err := run(t, "--view", view, "--load", "all=+300%", "--server", "like:s1", "--server", "like:s1", "--server", "like:s3")
	if err != nil {
		t.Fatal(err)
	}
	fits(t, more)
	for _, want := range []string{"WITHOUT", "with 2 more like s1 and 1 more like s3, after the moves:", "without: ", "with: "} {
		if !strings.Contains(more, want) {
			t.Errorf("the answer about servers that come lacks %q:\n%s", want, more)
		}
	}
	ask := []string{"--view", view, "--load", "web=+40%", "--lose", "zone:b", "--slow", "a:b=3x", "--at", "18:00", "-o", "json"}
	first, err := run(t, ask...)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal([]byte(first), &got); err != nil {
		t.Fatalf("%v in %s", err, first)
	}
	if got.Without != nil {
		t.Error("no server was asked for, and the answer has one without")
	}
	asked := got.Evaluation.Scenarios[3]
	if asked.Name != "asked" || asked.ViolationsBefore == 0 {
		t.Errorf("losing zone b takes db away, but: %+v", asked)
	}
	if at := got.Evaluation.Tick.Time(); at.Hour() != 18 || at.Minute() != 0 {
		t.Errorf("asked about %v", at)
	}
	if again, _ := run(t, ask...); again != first {
		t.Error("two answers differ")
	}
}

// fits tells whether a text is at most 80 columns wide.
func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestTablesFit: long names and reasons are cut, unless somebody wants all of them.
func TestTablesFit(t *testing.T) {
	long := strings.Repeat("a long name ", 12)
	at := model.InstantOf(time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC))
	sc := model.ScenarioResult{Name: long, Kind: model.ScenarioUser, Weight: 0.5, ViolationsBefore: 12, ViolationsAfter: 3, CostBefore: 12_345_000_000, CostAfter: 2_000_000,
		Worst: []model.Margin{{Application: model.ApplicationID(long), Kind: "response"}}}
	fewer := sc
	fewer.ViolationsAfter = 7
	move := model.Move{Wave: 12, Replica: "database/11", From: "server-0001", To: "server-0002", EarliestStart: at, LatestStart: at.Add(time.Hour),
		ExpectDuration: 50_480 * time.Millisecond, Reason: long}
	r := report{Question: scenario.Question{Added: []model.ServerID{"s1"}},
		Evaluation: model.Evaluation{Tick: at, Decision: "plan", Reason: long, Scenarios: []model.ScenarioResult{{Name: "other", Worst: nil}, sc}, Dropped: []string{long},
			Stages: []model.Stage{{At: at, Reason: long, Moves: []model.StagedMove{{Replica: "a/1", From: "s1", To: "s2", Reason: long}}}}},
		Plan: &model.Plan{Moves: []model.Move{move}}, Without: &model.Evaluation{Decision: "none", Reason: "nothing\x1bhelps", Scenarios: []model.ScenarioResult{fewer}}}
	var narrow, wide bytes.Buffer
	if err := errors.Join(r.write(&narrow, false), r.write(&wide, true)); err != nil {
		t.Fatal(err)
	}
	fits(t, narrow.String())
	for _, want := range []string{"12>7", "12>3", "23:30", "03-03 00:30", "50s", "promises broken over these futures 3, without 7", "nothing helps"} {
		if !strings.Contains(strings.Join(strings.Fields(narrow.String()), " "), want) {
			t.Errorf("lacks %q:\n%s", want, narrow.String())
		}
	}
	if strings.Count(wide.String(), strings.TrimSpace(long)) < 3 || strings.Contains(wide.String(), "…") {
		t.Errorf("a wide table has cut something:\n%s", wide.String())
	}
}

func TestWrongUsage(t *testing.T) {
	empty := write(t, "futures.yaml", "futures: []\n")
	cases := []struct {
		args []string
		want string
		code int
	}{
		{[]string{"--load", "web"}, "want APP=+40%", 2},
		{[]string{"--load", "web=lots"}, "want a change", 2},
		{[]string{"--lose", "planet:earth"}, "want server:ID, rack:NAME or zone:NAME", 2},
		{[]string{"--slow", "a=3x"}, "want A:B=3x", 2},
		{[]string{"--growth", "200000%"}, "out of range", 2},
		{[]string{"--quantile", "1.5"}, "quantile 1.5", 2},
		{[]string{"-o", "xml"}, "want table, wide or json", 2},
		{[]string{"--server", "s1"}, "want like:ID", 2},
		{[]string{"--load", "web=+40"}, "the unit is missing", 2},
		{[]string{"--evaluations", "0"}, "--evaluations 0: want at least 1", 2},
		{[]string{"--history", "-1h"}, "--history -1h0m0s: want a time from 0", 2},
		{[]string{"--futures", empty}, "no futures in it", 1},
		{[]string{"--view", "a", "--fleet", "b"}, "exclude one another", 2},
		{[]string{"--view", "no-such-file"}, "no-such-file", 1},
		{[]string{"--futures", "no-such-file"}, "no-such-file", 1},
	}
	for _, c := range cases {
		_, err := run(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || cli.ExitCode(err) != c.code {
			t.Errorf("%v: %v (exit %d), want %q and exit %d", c.args, err, cli.ExitCode(err), c.want, c.code)
		}
	}
}

// Whoever asks about a time that no forecast reaches is told.
func TestTheReachOfForecastsIsSaid(t *testing.T) {
	view := write(t, "view.json", `{"Fleet":"f","Tick":"2026-03-02T12:00:00Z","Servers":{"s1":{"ID":"s1","Zone":"a"}},"Applications":{},
		"Forecasts":{"server:s1|cpu":{"Entity":"server:s1","Resource":0,"Origin":"2026-03-02T12:00:00Z","Step":3600000000000,
			"Quantiles":{"Levels":[0.5],"Mean":[1,1],"Values":[[1],[1]]}}}}`)
	for at, want := range map[string]string{"13:59": "", "14:00": "forecasts reach until 2026-03-02T14:00:00Z: their last step stands for 2026-03-02T14:00:00Z\n"} {
		c := Command()
		var out, errs bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&errs)
		c.SetArgs([]string{"--view", view, "--at", at})
		if err := c.Execute(); err != nil || errs.String() != want {
			t.Errorf("%s: %v, %q, want %q", at, err, errs.String(), want)
		}
	}
}

func TestNamesAreHeldAgainstTheFleet(t *testing.T) {
	view := write(t, "view.json", `{"Fleet":"f","Tick":"2026-03-02T12:00:00Z","Servers":{"s1":{"ID":"s1","Zone":"a"}},"Applications":{}}`)
	cases := map[string][]string{
		"no such server in fleet f":       {"--drain", "s9"},
		"--server like:s9: no such":       {"--server", "like:s9"},
		"no such application":             {"--load", "web=10%"},
		"--lose zone:q: no such zone":     {"--lose", "zone:q"},
		"want two servers or two zones":   {"--slow", "x:y=2x"},
		"lies before the fleet's present": {"--at", "2020-01-01"},
		"want 18:00":                      {"--at", "noonish"},
	}
	for want, args := range cases {
		if _, err := run(t, append(args, "--view", view)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
