package graph

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli"
)

// TestNetworkGolden: two probes behind one gateway, of which one never traced
// 203.0.113.6 and the other never traced 198.51.100.9.
func TestNetworkGolden(t *testing.T) {
	for _, format := range []string{"json", "table"} {
		out, _, err := run(t, "network", "--format", "ripe-atlas", "testdata/atlas.jsonl", "-o", format)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "atlas."+format)
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

func TestNetworkOfText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.txt")
	text := "traceroute to db (192.0.2.7), 30 hops max, 60 byte packets\n 1  192.0.2.1  0.5 ms  0.6 ms  0.7 ms\n 2  192.0.2.7  1.0 ms  1.1 ms  1.2 ms\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _, err := run(t, "network", "--format", "traceroute-text", "--server", "web1", file)
	if err != nil || !strings.Contains(out, "web1  192.0.2.7  1.100") {
		t.Errorf("%s %v", out, err)
	}
}

func TestNetworkRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("no traceroute at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		exit int
	}{
		{[]string{"network", "--format", "mtr", bad}, 1},
		{[]string{"network", "--format", "mtr", "no-such-file"}, 1},
		{[]string{"network", "--format", "zipkin", bad}, 2},
		{[]string{"network", "--format", "mtr", "-o", "dot", bad}, 2},
		{[]string{"network", "--format", "mtr"}, 2},
		{[]string{"network", bad}, 2},
	} {
		if out, _, err := run(t, c.args...); cli.ExitCode(err) != c.exit || out != "" {
			t.Errorf("%v: exit %d, want %d; stdout %q, error %v", c.args, cli.ExitCode(err), c.exit, out, err)
		}
	}
}
