package forecast

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"drover/internal/cli"
)

// dense is hourly rows of one series from a time on, with a value each.
func dense(from time.Time, step time.Duration, n int, value func(i int) float64) string {
	var b strings.Builder
	b.WriteString("unique_id,ds,y\n")
	for i := range n {
		fmt.Fprintf(&b, "a,%s,%g\n", from.Add(time.Duration(i)*step).Format(time.RFC3339), value(i))
	}
	return b.String()
}

// rowsOf runs a forecast and returns its rows without the header, and what was
// printed.
func rowsOf(t *testing.T, input string, args ...string) ([][]string, string) {
	t.Helper()
	dir := t.TempDir()
	in, out := file(t, dir, "in.csv", input), dir+"/out.csv"
	said, err := execute(append([]string{"--input", in, "--out", out, "--effort", "quick"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:], said
}

// TestFreqTakesMeans: five-minute rows, rows off the grid, late starts and repeats
// become means of each step where --freq is given, and the command says so.
func TestFreqTakesMeans(t *testing.T) {
	day := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		in    string
		first string
	}{
		"finer rows":      {dense(day, 5*time.Minute, 12*72, func(i int) float64 { return float64(10 + i%12) }), "2024-03-04T00:00:00Z"},
		"off the grid":    {dense(day, 59*time.Minute, 72, func(int) float64 { return 15.5 }), "2024-03-03T22:00:00Z"},
		"in mid-hour":     {dense(day.Add(20*time.Minute), 20*time.Minute, 3*72, func(i int) float64 { return 15 + float64(i%3)/2 }), "2024-03-04T01:00:00Z"},
		"repeats":         {"unique_id,ds,y\n" + strings.Repeat("a,2024-03-01T00:00:00Z,15.5\n", 3) + "a,2024-03-01T01:00:00Z,15.5\na,2024-03-01T02:00:00Z,15.5\n", "2024-03-01T03:00:00Z"},
		"missing repeats": {"unique_id,ds,y\na,2024-03-01T00:00:00Z,15.5\na,2024-03-01T00:00:00Z,\na,2024-03-01T01:00:00Z,15.5\n", "2024-03-01T02:00:00Z"},
	} {
		rows, said := rowsOf(t, c.in, "--freq", "1h", "--horizon", "3", "--model", "seasonal-naive")
		if !strings.Contains(said, "rows of 1 of 1 series lie off the grid of 1h0m0s or share a time: means of each step were taken") {
			t.Errorf("%s: said %q", name, said)
		}
		if rows[0][1] != c.first {
			t.Errorf("%s: first step %s, want %s", name, rows[0][1], c.first)
		}
		if v, err := strconv.ParseFloat(rows[0][7], 64); err != nil || math.Abs(v-15.5) > 0.6 {
			t.Errorf("%s: median %s, want about 15.5", name, rows[0][7])
		}
	}
	// On the grid nothing is moved, whatever hour it begins at, and nothing is said.
	rows, said := rowsOf(t, dense(day.Add(7*time.Minute), time.Hour, 72, func(int) float64 { return 5 }), "--freq", "1h", "--horizon", "1")
	if rows[0][1] != "2024-03-04T00:07:00Z" || strings.Contains(said, "means") {
		t.Errorf("on its own grid: %v, %q", rows[0], said)
	}
}

// TestRepeatsAndOrderAreErrorsWithoutFreq, and order is one with it, too.
func TestRepeatsAndOrderAreErrorsWithoutFreq(t *testing.T) {
	twice := "unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,1\na,2024-01-02,1\n"
	back := "unique_id,ds,y\na,2024-01-01,1\na,2024-01-03,1\na,2024-01-02,1\n"
	for name, c := range map[string]struct {
		in, want string
		args     []string
	}{
		"repeat":           {twice, `line 4: ds: 2024-01-02T00:00:00Z of "a" is not after`, nil},
		"order":            {back, "line 4: ds", nil},
		"order with means": {back, "line 4: ds", []string{"--freq", "1d"}},
		"off the grid":     {"unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,1\na,2024-01-02T05:00:00Z,1\na,2024-01-03,1\na,2024-01-04,1\n", "give the step with --freq", nil},
	} {
		dir := t.TempDir()
		_, err := execute(append([]string{"--input", file(t, dir, "in.csv", c.in), "--out", dir + "/out.csv", "--horizon", "2"}, c.args...)...)
		if cli.ExitCode(err) != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestHostileFiles: what files look like that came from spreadsheets, exports and
// careless hands.
func TestHostileFiles(t *testing.T) {
	day := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	plain := dense(day, time.Hour, 100, func(i int) float64 { return float64(i % 24) })
	for name, c := range map[string]struct {
		in   string
		args []string
		id   string
		rows int
	}{
		"CRLF and BOM":           {"\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"), nil, "a", 4},
		"quoted id":              {strings.ReplaceAll(plain, "a,2024", `"a, ""b""",2024`), nil, `a, "b"`, 4},
		"other columns":          {strings.ReplaceAll(strings.ReplaceAll(plain, "unique_id", "x,unique_id"), "a,2024", "9,a,2024"), nil, "a", 4},
		"spaces in the header":   {strings.Replace(plain, "unique_id,ds,y", "unique_id, ds, y", 1), nil, "a", 4},
		"season above history":   {plain, []string{"--season", "24,1000"}, "a", 4},
		"season above all":       {plain, []string{"--season", "5000"}, "a", 4},
		"no season":              {plain, []string{"--season", "1"}, "a", 4},
		"no season, all models":  {plain, []string{"--season", "1", "--effort", "full"}, "a", 4},
		"a step without seasons": {plain, []string{"--freq", "7m", "--model", "ar-ridge", "--effort", "full"}, "a", 4},
		"horizon above history":  {dense(day, time.Hour, 5, func(i int) float64 { return float64(i) }), []string{"--horizon", "400"}, "a", 400},
		"one row":                {dense(day, time.Hour, 1, func(int) float64 { return 3 }), []string{"--freq", "1h"}, "a", 4},
		"empty values":           {strings.ReplaceAll(plain, ",7\n", ",\n") + "a,2024-03-05T04:00:00Z,\n", nil, "a", 4},
		"NaN":                    {strings.Replace(plain, ",5\n", ",NaN\n", 1), nil, "a", 4},
		"one odd quantile":       {plain, []string{"--quantiles", "0.123"}, "a", 4},
		"many odd quantiles":     {plain, []string{"--quantiles", " 0.001, 0.0101,0.3,0.999 "}, "a", 4},
		"spaces and offsets":     {strings.ReplaceAll(plain, "Z,", "+00:00,"), nil, "a", 4},
		"negative":               {strings.ReplaceAll(plain, ",1", ",-1"), nil, "a", 4},
		"events without series":  {plain, []string{"--events", "@name,start,end,unique_id\nsale,2024-03-02,2024-03-02,nobody\n"}, "a", 4},
		"no events":              {plain, []string{"--events", "@name,start,end\n"}, "a", 4},
		"events in all the past": {plain, []string{"--events", "@name,start,end\nsale,1999-01-01,1999-01-02\nsale,2024-02-01,2024-04-01\n"}, "a", 4},
	} {
		args := c.args
		for i, a := range args {
			if strings.HasPrefix(a, "@") {
				args[i] = file(t, t.TempDir(), "events.csv", a[1:])
			}
		}
		if !strings.Contains(strings.Join(args, " "), "--horizon") {
			args = append(args, "--horizon", "4")
		}
		rows, _ := rowsOf(t, c.in, args...)
		if len(rows) != c.rows || rows[0][0] != c.id {
			t.Errorf("%s: %d rows of %q, want %d of %q", name, len(rows), rows[0][0], c.rows, c.id)
		}
		for _, row := range rows {
			last := math.Inf(-1)
			for _, cell := range row[3:] {
				v, err := strconv.ParseFloat(cell, 64)
				if err != nil || v < last || math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: row %v", name, row)
				}
				last = v
			}
		}
	}
}
