package forecast

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"drover/internal/cli"
	"drover/internal/model"
)

// sample returns a long CSV of two hourly series of n rows.
func sample(n int) string {
	var b strings.Builder
	b.WriteString("unique_id,ds,y\n")
	for _, id := range []string{"a", "b,c"} {
		for i := range n {
			at := time.Date(2024, 3, 1, i, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05")
			fmt.Fprintf(&b, "%s,%s,%.3f\n", quoted(id), at, 10+5*math.Sin(float64(i)*math.Pi/12)+float64(i%7)/10)
		}
	}
	return b.String()
}

func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// execute runs the command and returns what it printed.
func execute(args ...string) (string, error) {
	c := Command()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.Execute()
	return out.String(), err
}

func TestForecastFile(t *testing.T) {
	dir := t.TempDir()
	in, out := file(t, dir, "in.csv", sample(120)), filepath.Join(dir, "out.csv")
	if _, err := execute("--input", in, "--horizon", "30", "--out", out, "--model", "holt-winters"); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "unique_id,ds,mean,q0.1,q0.2,q0.3,q0.4,q0.5,q0.6,q0.7,q0.8,q0.9,q0.95,q0.99" {
		t.Errorf("header %s", got)
	}
	if len(rows) != 61 || rows[1][1] != "2024-03-06T00:00:00Z" || rows[31][0] != "b,c" {
		t.Errorf("%d rows, first %v", len(rows), rows[1])
	}
	for _, row := range rows[1:] {
		var values []float64
		for _, cell := range row[3:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil || math.IsNaN(v) {
				t.Fatalf("row %v", row)
			}
			values = append(values, v)
		}
		if !sort.Float64sAreSorted(values) {
			t.Fatalf("quantiles cross: %v", row)
		}
	}
}

func TestSameBytesTwiceAndOnThreads(t *testing.T) {
	dir := t.TempDir()
	in := file(t, dir, "in.csv", sample(200))
	var first []byte
	for i, threads := range []string{"1", "1", "3"} {
		out := filepath.Join(dir, "out"+strconv.Itoa(i)+".csv")
		if _, err := execute("--input", in, "--horizon", "12", "--out", out, "--threads", threads); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if !bytes.Equal(first, b) {
			t.Errorf("run %d with %s threads differs", i, threads)
		}
	}
}

func TestRollingOriginsAndScore(t *testing.T) {
	dir := t.TempDir()
	in, out := file(t, dir, "in.csv", sample(200)), filepath.Join(dir, "out.csv")
	printed, err := execute("--input", in, "--horizon", "12", "--out", out, "--model", "seasonal-mean", "--cv-origins", "2")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		CV struct {
			All struct {
				MASE    float64
				Windows int
			}
		}
	}
	if err := json.Unmarshal([]byte(printed), &document); err != nil || document.CV.All.Windows != 4 {
		t.Fatalf("printed %s (%v)", printed, err)
	}
	stem := filepath.Join(dir, "out.origin-")
	scored, err := execute("score", "--pictures", dir, "--actuals", in, stem+"1.history.csv:"+stem+"1.csv", stem+"2.history.csv:"+stem+"2.csv")
	if err != nil {
		t.Fatal(err)
	}
	var judged struct {
		Forecast struct{ MASE float64 }
		Naive    struct{ MASE float64 } `json:"seasonal_naive"`
	}
	if err := json.Unmarshal([]byte(scored), &judged); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"typical.svg", "worst.svg"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(b, []byte("</svg>")) || bytes.Contains(b, []byte("NaN")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if math.Abs(judged.Forecast.MASE-document.CV.All.MASE) > 1e-6 || judged.Naive.MASE <= 0 {
		t.Errorf("files score %v, the run said %v", judged.Forecast.MASE, document.CV.All.MASE)
	}
}

func TestBadInputNamesFileLineAndField(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty file":  {"", "line 1"},
		"no column":   {"unique_id,ds,z\n", `no column "y"`},
		"no rows":     {"unique_id,ds,y\n", "no rows"},
		"bad number":  {"unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,x\n", "line 3: y: \"x\""},
		"bad time":    {"unique_id,ds,y\na,yesterday,1\n", "line 2: ds"},
		"no name":     {"unique_id,ds,y\n,2024-01-01,1\n", "line 2: unique_id"},
		"order":       {"unique_id,ds,y\na,2024-01-02,1\na,2024-01-01,1\n", "line 3: ds"},
		"twice":       {"unique_id,ds,y\na,2024-01-02,1\na,2024-01-02,1\n", "line 3: ds"},
		"off grid":    {"unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,1\na,2024-01-03,1\na,2024-01-03T05:00:00Z,1\n", "line 5: ds"},
		"infinite":    {"unique_id,ds,y\na,2024-01-01,inf\n", "line 2: y"},
		"only gaps":   {"unique_id,ds,y\na,2024-01-01,\na,2024-01-02,\n", "no value"},
		"single rows": {"unique_id,ds,y\na,2024-01-01,1\n", "--freq"},
		"an age":      {"unique_id,ds,y\na,1000-01-01,0\na,2000-01-01,0\n", "line 2: ds: rows lie 365242 days apart"},
		"columns":     {"unique_id,ds,y\na,2024-01-01\n", "line 2"},
	} {
		dir := t.TempDir()
		in, out := file(t, dir, "in.csv", c.in), filepath.Join(dir, "out.csv")
		_, err := execute("--input", in, "--horizon", "3", "--out", out)
		if err == nil || cli.ExitCode(err) != 1 || !strings.Contains(err.Error(), "in.csv") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want in.csv and %q", name, err, c.want)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	in := file(t, t.TempDir(), "in.csv", sample(60))
	for _, args := range [][]string{
		{},
		{"--input", in, "--horizon", "0", "--out", "x"},
		{"--input", in, "--horizon", "-1", "--out", "x"},
		{"--input", in, "--horizon", "3", "--out", "x", "--model", "oracle"},
		{"--input", in, "--horizon", "3", "--out", "x", "--quantiles", "0.9,0.1"},
		{"--input", in, "--horizon", "3", "--out", "x", "--quantiles", "half"},
		{"--input", in, "--horizon", "3", "--out", "x", "--freq", "often"},
		{"--input", in, "--horizon", "3", "--out", "x", "--season", "7,7"},
		{"--input", in, "--horizon", "3", "--out", "x", "--threads", "0"},
		{"score"},
	} {
		if _, err := execute(args...); cli.ExitCode(err) != 2 {
			t.Errorf("%v: exit code %d (%v), want 2", args, cli.ExitCode(err), err)
		}
	}
}

func TestStepsAndSeasons(t *testing.T) {
	for text, want := range map[string]time.Duration{"5m": 5 * time.Minute, "1h": time.Hour, "24h": 24 * time.Hour, "1d": 24 * time.Hour, "H": time.Hour, "D": 24 * time.Hour, "2w": 336 * time.Hour, "15min": 15 * time.Minute} {
		if got, err := parseStep(text); err != nil || got != want {
			t.Errorf("%s: %v (%v), want %v", text, got, err, want)
		}
	}
	for step, want := range map[time.Duration]string{5 * time.Minute: "[288 2016]", time.Hour: "[24 168]", 24 * time.Hour: "[7 365]", 7 * 24 * time.Hour: "[52]", 90 * 24 * time.Hour: "[]"} {
		if got := fmt.Sprint(defaultSeasons(step)); got != want {
			t.Errorf("%v: seasons %s, want %s", step, got, want)
		}
	}
}

func TestEventsCSV(t *testing.T) {
	events, err := (&calendar{path: "e.csv"}).parseCSV(strings.NewReader("name,start,end,unique_id\nsale,2024-01-01,2024-01-01,a\nrun,2024-01-01T10:00:00Z,2024-01-01T12:00:00Z,\n"))
	if err != nil {
		t.Fatal(err)
	}
	day, _ := model.ParseInstant("2024-01-01")
	if e := events[0]; e.Start != day || e.End != day.Add(24*time.Hour) || e.Series != "a" {
		t.Errorf("a date-only end does not include its day: %+v", e)
	}
	if e := events[1]; e.End.Sub(e.Start) != 2*time.Hour || e.Series != "" {
		t.Errorf("event %+v", e)
	}
	for _, bad := range []string{"", "name,start\n", "name,start,end\n,2024-01-01,2024-01-01\n", "name,start,end\nx,2024-01-02,2024-01-01\n", "name,start,end\nx,soon,2024-01-01\n"} {
		if _, err := (&calendar{path: "e.csv"}).parseCSV(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "e.csv: line") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func TestEventsCalendar(t *testing.T) {
	const text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Long\r\n  name\r\nDTSTART;VALUE=DATE:20240101\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nSUMMARY:Run\r\nDTSTART:20240102T100000Z\r\nDTEND:20240102T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	events, err := (&calendar{path: "c.ics"}).parseICalendar([]byte(text))
	if err != nil || len(events) != 2 {
		t.Fatalf("%v, %v", events, err)
	}
	if e := events[0]; e.Name != "Long name" || e.End.Sub(e.Start) != 24*time.Hour {
		t.Errorf("event %+v", e)
	}
	if _, err := (&calendar{path: "c.ics"}).parseICalendar([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR\n")); err == nil || !strings.Contains(err.Error(), "c.ics: ") {
		t.Errorf("error %v", err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add(sample(5))
	f.Add("unique_id,ds,y\na,2024-01-01,1\na,9999-01-01,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := readTable("f.csv", strings.NewReader(text), "y")
		if err != nil {
			return
		}
		step, err := table.inferStep()
		if err != nil || step < time.Millisecond {
			return
		}
		if p, err := table.panel(gridding{step: step}); err == nil && len(p.Series) == 0 {
			t.Error("a panel without series")
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add("name,start,end\nsale,2024-01-01,2024-01-02\n")
	f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nDTSTART:20240101\nRRULE:FREQ=WEEKLY\nEND:VEVENT\nEND:VCALENDAR\n")
	start, _ := model.ParseInstant("2024-01-01")
	f.Fuzz(func(t *testing.T, text string) {
		events, _ := (&calendar{path: "e.csv"}).parseCSV(strings.NewReader(text))
		more, _ := (&calendar{path: "e.ics", to: start.Add(400 * 24 * time.Hour), from: start}).parseICalendar([]byte(text))
		for _, e := range append(events, more...) {
			if e.End <= e.Start {
				t.Errorf("event %+v ends before it begins", e)
			}
		}
	})
}
