package zipkin

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drover/internal/graph/linker"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/zipkin"
	"drover/internal/model"
)

// links returns the links that Drover makes of a trace, written as the
// reference writes them.
func links(trace []byte) string {
	var spans []model.Span
	zipkin.Parse(trace, format.Options{}, format.NewOut(func(event any) { spans = append(spans, event.(model.Span)) }))
	calls, _ := linker.Zipkin(spans)
	type sum struct{ calls, errors uint64 }
	sums := map[string]sum{}
	for _, c := range calls {
		key := fmt.Sprintf("%s>%s", c.Caller, c.Callee)
		s := sums[key]
		sums[key] = sum{s.calls + c.Calls, s.errors + c.Errors}
	}
	var list []string
	for key, s := range sums {
		list = append(list, fmt.Sprintf("%s %d/%d", key, s.calls, s.errors))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func TestLinksAreZipkinsOwn(t *testing.T) {
	if os.Getenv("DROVER_ZIPKIN") == "" {
		t.Skip("left out: set DROVER_ZIPKIN=1 (needs java and mvn, two minutes)")
	}
	dir := t.TempDir()
	run := func(name string, args ...string) []byte {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
		return out
	}
	for _, file := range []string{"pom.xml", "Reference.java"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var traces [][]byte
	r := rand.New(rand.NewPCG(11, 12))
	for range 30_000 {
		traces = append(traces, randomTrace(r))
	}
	if err := os.WriteFile(filepath.Join(dir, "traces"), bytes.Join(traces, []byte("\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	run("mvn", "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs")
	run("javac", "-cp", "libs/*", "Reference.java")
	want := strings.Split(strings.TrimSuffix(string(run("java", "-cp", "libs/*:.", "Reference", "traces")), "\n"), "\n")
	if len(want) != len(traces) {
		t.Fatalf("%d answers to %d traces", len(want), len(traces))
	}
	differ := 0
	for i, trace := range traces {
		if got := links(trace); got != want[i] {
			if differ++; differ <= 3 {
				t.Errorf("%s\n got %s\nwant %s", trace, got, want[i])
			}
		}
	}
	t.Logf("%d of %d traces differ", differ, len(traces))
}
