package deadletter

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"drover/internal/cli"
)

func TestTheListFitsATerminalAndCannotSteerIt(t *testing.T) {
	lines := []line{
		{"metrics/12/18446744", "shop", "2026-03-12T09:00:00Z", "forecaster", "value", "entity \x1b[2J is empty; " + strings.Repeat("é", 90), 64},
		{"calls/0/3", "far\x07away", "2026-03-12T09:05:00Z", "forecaster", "decode", "no\nschema", 11},
	}
	for _, wide := range []bool{false, true} {
		var out bytes.Buffer
		if err := writeLines(&out, lines, wide); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.ContainsAny(text, "\x1b\x07") || strings.Count(text, "\n") != 3 {
			t.Errorf("wide %v: %q", wide, text)
		}
		for _, l := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(l); !wide && n > 80 {
				t.Errorf("%d columns: %s", n, l)
			}
		}
		if got := strings.Contains(text, strings.Repeat("é", 90)); got != wide {
			t.Errorf("wide %v: the reason is whole: %v", wide, got)
		}
	}
	var out bytes.Buffer
	if err := writeLines(&out, nil, false); err != nil || out.String() != "no dead letters\n" {
		t.Errorf("%q %v", out.String(), err)
	}
}

func TestMistakesSayWhatToDoNext(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"list", "--brokers", "127.0.0.1:1", "--log-level", "error"}, 1, "drover get deadletters"},
		{[]string{"list", "-o", "xml"}, 2, "want table, wide or json"},
		{[]string{"replay"}, 2, "want ids, or --all"},
		{[]string{"drop", "--all", "metrics/0/1"}, 2, "want ids, or --all"},
	} {
		cmd := Command()
		cmd.SetArgs(c.args)
		cmd.SetOut(new(bytes.Buffer))
		cmd.SetErr(new(bytes.Buffer))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil || cli.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: exit %d, %v; want %d and %q", c.args, cli.ExitCode(err), err, c.code, c.says)
		}
	}
}
