package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// said makes the events of one test out of its lines.
func said(t *testing.T, test, ends string, lines ...string) string {
	t.Helper()
	var b strings.Builder
	for _, line := range lines {
		e, err := json.Marshal(event{Action: "output", Package: "p", Test: test, Output: line + "\n"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", e)
	}
	fmt.Fprintf(&b, `{"Action":%q,"Package":"p","Test":%q}`+"\n", ends, test)
	return b.String()
}

func TestAFailureIsSaidAgainInShort(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out, output: map[string]*bytes.Buffer{}, skipped: map[string]string{}}
	in := said(t, "TestGood", "pass", "    a_test.go:1: nothing to see") +
		said(t, "TestBad", "fail", "    b_test.go:7: it broke because "+strings.Repeat("x", 1000), "    child.go:39: server said:", "        time=now level=WARN", "--- FAIL: TestBad")
	if err := r.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	r.close(false)
	got := out.String()
	if !strings.Contains(got, "p TestBad\n      b_test.go:7: it broke because xxx") || strings.Contains(got, strings.Repeat("x", 500)) {
		t.Errorf("the reason is missing or not short:\n%s", got)
	}
	for _, no := range []string{"nothing to see", "server said", "level=WARN"} {
		if strings.Contains(got, no) {
			t.Errorf("%q is said again:\n%s", no, got)
		}
	}
	if !strings.HasSuffix(got, "1 passed, 1 failed, 0 skipped\n") {
		t.Errorf("ends with %q", got)
	}
}

func TestASkippedTestTellsWhy(t *testing.T) {
	for name, tc := range map[string]struct{ output, want string }{
		"a reason":  {"=== RUN   TestX\n    x_test.go:3: left out: no java\n--- SKIP: TestX\n", "left out: no java"},
		"no reason": {"=== RUN   TestX\n--- SKIP: TestX\n", "no reason given"},
	} {
		if got := reason(tc.output); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
