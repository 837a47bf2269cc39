package forecast

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

// TestOutIsCheckedFirst: what can't be written to is refused before anything is
// read, with the flag, its value and a way out.
func TestOutIsCheckedFirst(t *testing.T) {
	dir := t.TempDir()
	plain := file(t, dir, "plain", "kept")
	missing := filepath.Join(dir, "missing")
	for name, c := range map[string]struct {
		out  string
		more []string
		want []string
	}{
		"a directory":          {dir, nil, []string{"is a directory", filepath.Join(dir, "forecast.csv")}},
		"no directory":         {filepath.Join(missing, "out.csv"), nil, []string{"no directory " + missing, "mkdir -p " + missing}},
		"a name with a slash":  {missing + "/", nil, []string{"names a directory", filepath.Join(missing, "forecast.csv")}},
		"beyond a file":        {filepath.Join(plain, "out.csv"), nil, []string{"is a file"}},
		"a device and origins": {os.DevNull, []string{"--cv-origins", "1"}, []string{"--cv-origins", "no regular file"}},
	} {
		args := append([]string{"--input", filepath.Join(dir, "not read"), "--horizon", "3", "--out", c.out}, c.more...)
		_, err := execute(args...)
		if cli.ExitCode(err) != 2 {
			t.Errorf("%s: %v is no error of usage", name, err)
			continue
		}
		for _, want := range append(c.want, "--out \""+c.out+"\"") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".drover-forecast-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestOutMayFlow: a pipe takes the forecast and nothing else; a device stays one.
func TestOutMayFlow(t *testing.T) {
	in := file(t, t.TempDir(), "in.csv", sample(60))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make(chan string)
	go func() {
		b, _ := io.ReadAll(r) //nolint:errcheck // judged by what came
		got <- string(b)
	}()
	path := fmt.Sprintf("/dev/fd/%d", w.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skipf("left out: %v", err)
	}
	printed, err := execute("--input", in, "--horizon", "3", "--model", "seasonal-naive", "--out", path)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if text := <-got; !strings.HasPrefix(text, "unique_id,ds,mean") || strings.Count(text, "\n") != 7 || strings.Contains(printed, "series") {
		t.Errorf("the pipe got %q, printed %q", text, printed)
	}
	if _, err := execute("--input", in, "--horizon", "3", "--model", "seasonal-naive", "--out", os.DevNull); err != nil {
		t.Error(err)
	}
	if at, err := os.Stat(os.DevNull); err != nil || at.Mode().IsRegular() {
		t.Errorf("%s is a file now: %v, %v", os.DevNull, at, err)
	}
}
