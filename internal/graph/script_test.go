package graph

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/*.txt")

// TestScripts runs testdata/*.txt: lines of commands, each followed by what came
// of it, indented. Commands, with times as durations from the start:
//
//	call TIME CALLER CALLEE [calls=N] [errors=N] [ms=N,N] [span=ID] [origin=declared|inferred]
//	tick TIME      the changed edges
//	edges TIME     all edges
//	snapshot       goes on with a graph restored from a snapshot
//	counts
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := script{t: t, graph: New(Config{HalfLife: time.Hour, GoneAfter: 24 * time.Hour, DeclaredGoneAfter: 72 * time.Hour})}
			var got strings.Builder
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, "    ") {
					continue
				}
				got.WriteString(line)
				if command := strings.Fields(line); len(command) > 0 && command[0] != "#" {
					got.WriteString(s.run(command))
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got.String() != string(text) {
				t.Errorf("got\n%s\nwant\n%s", got.String(), text)
			}
		})
	}
}

// script is a graph that commands are run on.
type script struct {
	t     *testing.T
	graph *Graph
}

func (s *script) run(f []string) string {
	switch f[0] {
	case "call":
		outcome := s.graph.Observe(s.call(f))
		return fmt.Sprintf("    %s\n", [...]string{"folded", "folded late", "duplicate", "refused"}[outcome])
	case "tick":
		return describe(s.graph.Changed(s.time(f[1])))
	case "edges":
		return describe(s.graph.Edges(s.time(f[1])))
	case "counts":
		return fmt.Sprintf("    %+v, %d refused\n", s.graph.Counts("f"), s.graph.Refused())
	case "snapshot":
		data, err := s.graph.AppendBinary(nil)
		if err != nil {
			s.t.Fatal(err)
		}
		s.graph = New(s.graph.cfg)
		if err := s.graph.UnmarshalBinary(data); err != nil {
			s.t.Fatal(err)
		}
		return ""
	}
	s.t.Fatalf("unknown command %v", f)
	return ""
}

func (s *script) time(text string) model.Instant {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return noon.Add(d)
}

func (s *script) call(f []string) model.Call {
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		return n
	}
	c := call(strings.Trim(f[2], "-"), strings.Trim(f[3], "-"), s.time(f[1]), 1)
	for _, option := range f[4:] {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "calls":
			c.Calls = number(value)
		case "errors":
			c.Errors = number(value)
		case "ms":
			for v := range strings.SplitSeq(value, ",") {
				c.DurationMicros = append(c.DurationMicros, 1000*number(v))
			}
		case "span":
			c.SpanID = value
		case "origin":
			c.Origin = map[string]model.EdgeOrigin{"declared": model.Declared, "inferred": model.Inferred}[value]
		default:
			s.t.Fatalf("unknown option %q", option)
		}
	}
	return c
}

func describe(edges []model.Edge) string {
	var b strings.Builder
	for _, e := range edges {
		if e.Gone {
			fmt.Fprintf(&b, "    %s>%s gone, last seen %s\n", e.Caller, e.Callee, e.LastSeen.Sub(noon))
			continue
		}
		fmt.Fprintf(&b, "    %s>%s origins %03b, %.4f calls/s, %.4f errors/s, %d calls, p50 %d µs, p95 %d µs, confidence %.3f\n",
			e.Caller, e.Callee, e.Origins, e.CallsPerSecond, e.ErrorsPerSecond, e.Calls, e.P50Micros, e.P95Micros, e.Confidence)
	}
	return b.String()
}
