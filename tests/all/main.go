// Command all runs every test of the project and says plainly what was left
// out: `go run ./tests/all`. Tests that need a real server are skipped where it
// can't be had; with DROVER_REQUIRE_ALL=1 a skipped test is a failure.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	ImportPath                    string
}

// report gathers what the tests said.
type report struct {
	out            io.Writer
	output         map[string]*bytes.Buffer
	passed, failed int
	skipped        map[string]string
	brokenPackages []string
	why            []string // what failed tests said themselves, in short
}

func main() {
	// Nothing from the cache: it can't tell what a test that runs other programs depends on.
	args := append([]string{"test", "-json", "-count=1", "-timeout", "45m"}, os.Args[1:]...)
	if len(os.Args) == 1 {
		args = append(args, "./...")
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		fail("read the output of go test: %v", err)
	}
	if err := cmd.Start(); err != nil {
		fail("start go test: %v (is Go installed?)", err)
	}
	r := &report{out: os.Stdout, output: map[string]*bytes.Buffer{}, skipped: map[string]string{}}
	if err := r.read(pipe); err != nil {
		fail("read the output of go test: %v", err)
	}
	testErr := cmd.Wait()
	strict := os.Getenv("DROVER_REQUIRE_ALL") == "1"
	r.close(strict)
	if testErr != nil || r.failed > 0 || strict && len(r.skipped) > 0 {
		os.Exit(1)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "tests: "+format+"\n", args...)
	os.Exit(1)
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line)
			} else {
				r.take(&e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e *event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" {
			key = e.ImportPath + " "
			fmt.Fprint(r.out, e.Output)
		}
		if r.output[key] == nil {
			r.output[key] = &bytes.Buffer{}
		}
		r.output[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e, key)
		} else {
			r.endTest(e, key)
		}
		delete(r.output, key)
	}
}

func (r *report) endTest(e *event, key string) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprintf(r.out, "FAIL %s\n%s", key, r.text(key))
		r.why = append(r.why, key)
		r.why = append(r.why, lastWords(r.text(key))...)
	case "skip":
		r.skipped[key] = reason(r.text(key))
	}
}

func (r *report) endPackage(e *event, key string) {
	if e.Action == "skip" {
		return // no test files
	}
	fmt.Fprintf(r.out, "%-4s %-40s %6.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
	if e.Action == "fail" {
		r.brokenPackages = append(r.brokenPackages, e.Package)
		fmt.Fprint(r.out, r.text(key))
	}
}

func (r *report) text(key string) string {
	if b := r.output[key]; b != nil {
		return b.String()
	}
	return ""
}

// reason picks the line of a skipped test that says why.
func reason(output string) string {
	for _, line := range strings.Split(output, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			if i := strings.Index(line, ".go:"); i >= 0 {
				if j := strings.Index(line[i:], ": "); j >= 0 {
					return line[i+j+2:]
				}
			}
			return line
		}
	}
	return "no reason given"
}

// ownWords begin a line that a test said itself; what servers beside it said is
// indented deeper.
var ownWords = regexp.MustCompile(`^    [a-z0-9_]+\.go:\d+: `)

// What is said again at the end: how many lines of a test, and how much of each.
const (
	lastLines = 6
	lineBytes = 400
)

// lastWords picks the last lines that a failed test said itself.
func lastWords(output string) []string {
	var out []string
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, "\n"); ownWords.MatchString(line) && !strings.HasSuffix(line, " said:") {
			out = append(out, line[:min(len(line), lineBytes)])
		}
	}
	return out[max(0, len(out)-lastLines):]
}

func (r *report) close(strict bool) {
	if len(r.why) > 0 {
		fmt.Fprintf(r.out, "\nFailed, in short:\n  %s\n", strings.Join(r.why, "\n  "))
	}
	if len(r.skipped) > 0 {
		word := "Left out"
		if strict {
			word = "Left out, which DROVER_REQUIRE_ALL=1 does not allow"
		}
		fmt.Fprintf(r.out, "\n%s:\n", word)
		keys := make([]string, 0, len(r.skipped))
		for k := range r.skipped {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Fprintf(r.out, "  %s: %s\n", k, r.skipped[k])
		}
	}
	for _, p := range r.brokenPackages {
		fmt.Fprintf(r.out, "broken: %s\n", p)
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.failed+len(r.brokenPackages), len(r.skipped))
}
