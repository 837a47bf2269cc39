package forecast

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/stage"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/embedded"
)

// command runs the command and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := Command()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceUsage, c.SilenceErrors = true, true
	err := c.ExecuteContext(context.Background())
	return out.String(), err
}

func TestExplainAFile(t *testing.T) {
	dir := t.TempDir()
	in := file(t, dir, "in.csv", sample(24*12))
	out, err := command(t, "explain", "b,c", "--input", in, "-o", "json", "--ahead", "3h")
	if err != nil {
		t.Fatal(err)
	}
	var all []view
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v in %s", err, out)
	}
	v := all[0]
	if sum := v.Level + v.Season + v.Trend; math.Abs(sum-v.Forecast) > 1e-6*math.Abs(sum) {
		t.Errorf("level, season and trend add up to %v, the forecast is %v", sum, v.Forecast)
	}
	weight := 0.0
	for _, w := range v.Models {
		weight += w
	}
	if math.Abs(weight-1) > 1e-9 || v.Models["fitted"] == 0 {
		t.Errorf("models %v", v.Models)
	}
	if want := model.Instant(time.Date(2024, 3, 13, 3, 0, 0, 0, time.UTC).UnixMilli()); v.At != want {
		t.Errorf("explained for %v, want %v", v.At, want)
	}
	if len(v.Accuracy) < 3 || v.Accuracy[0].MASE == nil {
		t.Errorf("accuracy %+v", v.Accuracy)
	}
	for _, bad := range [][]string{{"explain"}, {"explain", "x", "--input", in}, {"explain", "a", "--input", in, "-o", "yaml"}, {"explain", "a", "--ahead", "-1h"}} {
		if _, err := command(t, bad...); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestExplainShowsEvents(t *testing.T) {
	dir := t.TempDir()
	in := file(t, dir, "in.csv", sample(24*12))
	events := file(t, dir, "events.csv", "name,start,end\nsale,2024-03-08,2024-03-08\nsale,2024-03-13,2024-03-13\n")
	out, err := command(t, "explain", "a", "--input", in, "--events", events)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a  forecast for 2024-03-13T01:00:00Z", "+ sale", "during", "= forecast", "models ", "lead "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if len(line) > 110 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
}

// saved keeps the state of a forecaster that saw two days of a load in an
// embedded Redis.
func saved(t *testing.T) (address string) {
	t.Helper()
	address = embedded.Redis(t)
	config := forecaster.DefaultConfig()
	task, offset := forecaster.NewTask(&config, 2), int64(0)
	start := model.Instant(1_700_006_400_000)
	for i := range 2 * 288 {
		at := start.Add(time.Duration(i+1) * 5 * time.Minute)
		m := model.Metric{Fleet: "f", Entity: "app:web", At: at, Producer: "p",
			Samples: []model.Sample{{Resource: model.CPU, Value: 100 + 10*math.Sin(float64(i)*math.Pi/144)}, {Resource: model.Memory, Value: 5}}}
		for _, event := range []any{m, model.Heartbeat{Producer: "p", At: at}} {
			if _, err := task.Handle(stage.Record{Topic: stream.Metrics, Offset: offset, Event: event}); err != nil {
				t.Fatal(err)
			}
			offset++
		}
	}
	// As the loop saves it: version, length of the header, header, snapshot.
	state, err := task.AppendSnapshot([]byte{1, 2, '{', '}'})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Config{Addresses: []string{address}, Namespace: "drover."})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if err := s.Claim(ctx, pipeline.Forecaster, 2, 1, false); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, pipeline.Forecaster, 2, 1, state); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestExplainAndScoreARunningService(t *testing.T) {
	address := saved(t)
	out, err := command(t, "explain", "app:web", "--redis", address)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"f app:web cpu", "f app:web memory", "= forecast"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if out, err = command(t, "score", "--live", "--redis", address); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(out) {
		var v struct {
			Entity   string
			Accuracy []accuracyView
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Entity != "app:web" || len(v.Accuracy) == 0 {
			t.Errorf("%v: %s", err, line)
		}
		lines++
	}
	if lines != 2 {
		t.Errorf("%d lines, want one a series", lines)
	}
	if _, err := command(t, "explain", "app:nobody", "--redis", address); err == nil || !strings.Contains(err.Error(), "app:nobody") {
		t.Errorf("an unknown entity: %v", err)
	}
	if _, err := command(t, "explain", "app:web", "--redis", address, "--prefix", "other."); err == nil || !strings.Contains(err.Error(), "other.") {
		t.Errorf("an empty Redis: %v", err)
	}
	if _, err := command(t, "score", "--live", "x:y"); err == nil {
		t.Error("--live with files: no error")
	}
}

func FuzzReadTable(f *testing.F) {
	for _, s := range []string{"unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,\n", "unique_id,ds,y\n", "", "unique_id,ds,y\na,x,1\n",
		"y,ds,unique_id\n1,2024-01-01T00:00:00Z,\"a,b\"\n", "unique_id,ds,y\na,2024-01-01,1e400\n", "unique_id,ds,y\na,9999-01-01,NaN\na,9999-01-02,2\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		table, err := readTable("in.csv", strings.NewReader(s), "y")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "in.csv: ") {
				t.Errorf("an error that does not name the file: %v", err)
			}
			return
		}
		step, err := table.inferStep()
		if err != nil {
			step = 24 * time.Hour
		}
		p, err := table.panel(gridding{step: step, seasons: defaultSeasons(step), means: len(s)%2 == 0, moved: func(string) {}})
		if err != nil {
			if !strings.Contains(err.Error(), "line ") {
				t.Errorf("an error that names no line: %v", err)
			}
			return
		}
		for _, s := range p.Series {
			if n := len(s.Values); n == 0 || math.IsNaN(s.Values[0]) {
				t.Errorf("series %q of %d values begins with none", s.ID, n)
			}
		}
	})
}

func FuzzParseEvents(f *testing.F) {
	for _, s := range []string{"name,start,end\nsale,2024-01-01,2024-01-01\n", "name,start,end,unique_id\na,2024-01-01,,x\n", "name,start,end\n,,\n", "name,start\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		events, err := (&calendar{path: "events.csv"}).parseCSV(strings.NewReader(s))
		if err != nil && !strings.HasPrefix(err.Error(), "events.csv: ") {
			t.Errorf("an error that does not name the file: %v", err)
		}
		for _, e := range events {
			if e.End <= e.Start || e.Name == "" {
				t.Errorf("event %+v", e)
			}
		}
	})
}

func TestUnusualFiles(t *testing.T) {
	dir := t.TempDir()
	series := func(step time.Duration, n int, value func(i int) string) string {
		var b strings.Builder
		b.WriteString("unique_id,ds,y\n")
		for i := range n {
			fmt.Fprintf(&b, "a,%s,%s\n", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i)*step).Format(time.RFC3339), value(i))
		}
		return b.String()
	}
	number := func(i int) string { return fmt.Sprint(10 + i%7) }
	for name, c := range map[string]struct {
		csv  string
		args []string
		ok   bool
	}{
		"24h":              {series(24*time.Hour, 60, number), []string{"--freq", "24h"}, true},
		"inferred days":    {series(24*time.Hour, 60, number), nil, true},
		"weeks":            {series(168*time.Hour, 80, number), nil, true},
		"15 minutes":       {series(15*time.Minute, 400, number), nil, true},
		"7 minutes":        {series(7*time.Minute, 100, number), nil, true},
		"one row":          {series(time.Hour, 1, number), []string{"--freq", "1h"}, true},
		"one row, no step": {series(time.Hour, 1, number), nil, false},
		"two rows":         {series(time.Hour, 2, number), nil, true},
		"constant":         {series(time.Hour, 200, func(int) string { return "5" }), nil, true},
		"zero":             {series(time.Hour, 200, func(int) string { return "0" }), nil, true},
		"negative":         {series(time.Hour, 200, func(i int) string { return fmt.Sprint(-i % 24) }), nil, true},
		"all missing":      {series(time.Hour, 20, func(int) string { return "" }), nil, false},
		"mostly missing":   {series(time.Hour, 200, func(i int) string { return map[bool]string{true: "3"}[i%50 == 0] }), nil, true},
		"ends missing":     {series(time.Hour, 200, func(i int) string { return map[bool]string{true: "3"}[i < 100] }), nil, true},
	} {
		in, out := file(t, dir, "in.csv", c.csv), dir+"/out.csv"
		_, err := command(t, append([]string{"--input", in, "--horizon", "5", "--out", out, "--effort", "quick"}, c.args...)...)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
