package graph

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

// noon is when the traces of these tests begin, in nanoseconds since the epoch.
const noon = 1772359200_000000000

// traces writes spans as CSV.
type traces struct {
	rows strings.Builder
	n    int
}

// call adds a trace in which each service calls the next, second seconds after
// noon; the last call takes millis.
func (t *traces) call(second, millis int, services ...string) {
	if t.n == 0 {
		t.rows.WriteString("TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n")
	}
	t.n++
	parent := "root"
	for i, s := range services {
		id := fmt.Sprintf("%d-%d", t.n, i)
		start, long := noon+second*1e9, millis*(len(services)-i)
		fmt.Fprintf(&t.rows, "t%d,%s,%s,%s-1-1,op,%d,%d,%d\n", t.n, id, parent, s, start, start+long*1e6, long*1000)
		parent = id
	}
}

// file writes a file and returns its name.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shop is a hundred seconds of four services, two of which call each other.
func shop(t *testing.T) string {
	var s traces
	for second := range 101 {
		s.call(second, 10, "web", "cart", "db")
		if second%2 == 0 {
			s.call(second, 4, "web", "mail")
		}
	}
	s.call(50, 1, "db", "cart")
	return file(t, "shop.csv", s.rows.String())
}

const inventory = `servers:
- {id: s1, capacity: {cpu: 4}}
applications:
- {id: web, replicas: 1, placement: [s1]}
- {id: db, replicas: 2, placement: [s1, s2]}
- {id: mail, replicas: 1, placement: [s2], depends_on: [queue]}
`

func TestQueries(t *testing.T) {
	spans, declared := shop(t), file(t, "inventory.yaml", inventory)
	for _, c := range []struct{ command, want string }{
		{"neighbours --application cart", `
			DIRECTION  APPLICATION  CALLS/S  ERRORS/S  P50 MS  P95 MS  ORIGINS
			called by  db           0.01     0         1.000   1.000   observed
			called by  web          1.01     0         20.000  20.000  observed
			calls      db           1.01     0         10.000  10.000  observed`},
		{"neighbours --application queue --declared " + declared, `
			DIRECTION  APPLICATION  CALLS/S  ERRORS/S  P50 MS  P95 MS  ORIGINS
			called by  mail         0        0         0.000   0.000   declared`},
		{"impact --application mail", `
			APPLICATION  REQUESTS  CALLS AWAY
			mail         100.0%    0
			web          50.5%     1`},
		{"impact --server s2 --declared " + declared, `
			APPLICATION  REQUESTS  CALLS AWAY
			mail         100.0%    0
			web          75.1%     1
			db           50.2%     0
			cart         49.8%     1`},
		{"components", `
			SIZE  APPLICATIONS
			2     cart, db`},
		{"paths --count 2", `
			REQUESTS  CALLS/S  WAIT MS  PATH
			99.0%     1        9.902    web > cart > db
			50.5%     0.51     2.020    web > mail`},
		{"changes --at 2026-03-01T10:00:50Z --factor 1.5", `
			CHANGE    CALLER  CALLEE  CALLS/S     ERRORS/S  P95 MS
			appeared  db      cart    0 > 0.02    0 > 0     0.000 > 1.000`},
	} {
		out, _, err := run(t, append(strings.Fields(c.command), "--format", "spans-csv", spans)...)
		if err != nil {
			t.Errorf("%s: %v", c.command, err)
			continue
		}
		if got, want := squeezed(out), squeezed(c.want); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.command, got, want)
		}
		out, _, err = run(t, append(strings.Fields(c.command), "-o", "json", "--format", "spans-csv", spans)...)
		if err != nil || !json.Valid([]byte(out)) {
			t.Errorf("%s as JSON: %v\n%s", c.command, err, out)
		}
	}
}

// squeezed compares tables without their paddings.
func squeezed(table string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(table)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestQueriesRefuse(t *testing.T) {
	spans, declared, empty := shop(t), file(t, "inventory.yaml", inventory), file(t, "empty.yaml", "services: {}\n")
	for _, c := range []struct {
		command, says string
		exit          int
	}{
		{"neighbours", "--application: want the application", 2},
		{"neighbours --application basket", `--application "basket": not in the graph, which has [cart db mail web]`, 1},
		{"impact", "want --application or --server", 2},
		{"impact --server s9 --declared " + declared, `--server "s9": no application is placed on it`, 1},
		{"impact --server s1", `--server "s1"`, 1},
		{"impact --application web --declared nowhere.yaml", "--declared: stat nowhere.yaml", 1},
		{"impact --application web --declared-format xml", `--declared-format "xml": want inventory, compose or kubernetes`, 2},
		{"impact --application web --declared-format compose --declared " + empty, "empty.yaml", 1},
		{"paths --count 0", "--count 0: want at least 1", 2},
		{"components -o dot", `--output "dot": want json or table`, 2},
		{"changes", "--at: want the time", 2},
		{"changes --at noon", "--at: ", 2},
		{"changes --at 2026-03-01 --factor 1", "--factor 1: want more than 1", 2},
		{"changes --at 2026-03-01", "0 calls before it and 254 after", 1},
		{"demand", "--metrics: want a file", 2},
		{"demand --metrics nowhere.csv", "--metrics: stat nowhere.csv", 1},
		{"demand --metrics " + empty + " --bin 1ms", "--bin 1ms: want at least 1s", 2},
		{"demand --metrics " + empty + " --metrics-format tea", `--metrics-format: format "tea"`, 2},
		{"demand --metrics " + empty, "no CPU of an application", 1},
	} {
		out, _, err := run(t, append(strings.Fields(c.command), "--format", "spans-csv", spans)...)
		if cli.ExitCode(err) != c.exit || err == nil || !strings.Contains(err.Error(), c.says) || out != "" {
			t.Errorf("%s: exit %d, %v, stdout %q; want %d, %q", c.command, cli.ExitCode(err), err, out, c.exit, c.says)
		}
	}
	if _, _, err := run(t, "paths", "--format", "spans-csv"); cli.ExitCode(err) != 2 {
		t.Errorf("no file: %v", err)
	}
}

// TestDemand makes usage of calls that cost 20 ms from one caller and 5 ms from
// another, on top of 50 millicores, told as a gauge and as counters of two
// replicas.
func TestDemand(t *testing.T) {
	var s traces
	gauge, counters := strings.Builder{}, strings.Builder{}
	gauge.WriteString("time,entity,cpu\n")
	counters.WriteString("time,entity,resource,kind,value\n")
	total := 0.0
	for minute := range 42 {
		slow, fast := 2+minute*7%11, 1+minute*3%13
		for i := range slow {
			s.call(60*minute+5+i, 20, "web", "cart")
		}
		for i := range fast {
			s.call(60*minute+5+i, 5, "phone", "cart")
		}
		used := 50 + float64(20*slow+5*fast)/60
		fmt.Fprintf(&gauge, "%d,app:cart,%g\n%d,app:web,1\n%d,server:s1,9\n", noon/1e9+60*minute+30, used, noon/1e9+60*minute+30, noon/1e9+60*minute+30)
		for replica := range 2 {
			fmt.Fprintf(&counters, "%d,replica:cart/%d,cpu,counter,%g\n", noon/1e9+60*minute, replica, total/2)
		}
		total += 60 * used
	}
	spans := file(t, "calls.csv", s.rows.String())
	for name, text := range map[string]string{"gauge": gauge.String(), "counters of replicas": counters.String()} {
		out, stderr, err := run(t, "demand", "--format", "spans-csv", "--metrics", file(t, "cpu.csv", text), "-o", "json", spans)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []perCall
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Caller != "phone" || got[1].Caller != "web" {
			t.Fatalf("%s: %+v (%s)", name, got, stderr)
		}
		for i, want := range []float64{5, 20} {
			if math.Abs(got[i].Demand-want) > .01 || math.Abs(got[i].Base-50) > .01 || got[i].Samples < 38 {
				t.Errorf("%s: %+v, want %v ms a call and 50 millicores without", name, got[i], want)
			}
		}
	}
}

func TestDemandUnknownIsSaid(t *testing.T) {
	metrics := file(t, "cpu.csv", "time,entity,cpu\n2026-03-01T10:01:00Z,app:cart,50\n")
	out, stderr, err := run(t, "demand", "--format", "spans-csv", "--metrics", metrics, "-o", "json", "--bin", "10s", shop(t))
	if err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("%q, %v: want an empty list", out, err)
	}
	for _, want := range []string{"cart: demand: too few different samples", "no demand is known: want ten or more bins of 10s"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q lacks %q", stderr, want)
		}
	}
}
