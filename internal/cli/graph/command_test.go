package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run runs `drover graph` with arguments.
func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

func TestBuildGolden(t *testing.T) {
	for _, format := range []string{"json", "dot", "table"} {
		out, _, err := run(t, "build", "--format", "spans-csv", "testdata/shop.csv", "-o", format)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "shop."+format)
		if *update {
			if err := os.WriteFile(golden, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if out != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", format, out, want)
		}
	}
}

func TestBuildReportsWhatItSaw(t *testing.T) {
	_, stderr, err := run(t, "build", "--format", "spans-csv", "testdata/shop.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"8 spans in 2 traces, 4 calls", "1 orphans", "1 with impossible times"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q lacks %q", stderr, want)
		}
	}
}

func TestBuildOfSeveralFilesLinksAcrossThem(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile("testdata/shop.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	one, two := filepath.Join(dir, "1.csv"), filepath.Join(dir, "2.csv")
	for name, text := range map[string]string{one: strings.Join(lines[:3], ""), two: lines[0] + strings.Join(lines[3:], "")} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, _, err := run(t, "build", "--format", "spans-csv", one, two, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile("testdata/shop.json")
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBuildRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("what,is,this\n1,2,3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		exit int
	}{
		{[]string{"build", "--format", "spans-csv", "no-such-file"}, 1},
		{[]string{"build", "--format", "spans-csv", bad}, 1},
		{[]string{"build", "--format", "xml", bad}, 2},
		{[]string{"build", "--format", "spans-csv", bad, "-o", "xml"}, 2},
		{[]string{"build", "--format", "spans-csv"}, 2},
		{[]string{"build", bad}, 2},
		{[]string{}, 2},
	} {
		out, _, err := run(t, c.args...)
		if got := cli.ExitCode(err); got != c.exit || out != "" {
			t.Errorf("%v: exit %d, want %d; stdout %q, error %v", c.args, got, c.exit, out, err)
		}
		if errors.Is(err, cli.ErrSilent) {
			t.Errorf("%v: nothing is said", c.args)
		}
	}
}

func TestEmptyGraphHasEmptyLists(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, newResult(nil)); err != nil {
		t.Fatal(err)
	}
	var got map[string][]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got["nodes"] == nil || got["edges"] == nil {
		t.Errorf("%s: %v", b.String(), err)
	}
}
