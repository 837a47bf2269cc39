package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestFit(t *testing.T) {
	long := strings.Repeat("word ", 20)
	root := &cobra.Command{Use: "root"}
	c := &cobra.Command{Use: "sub", Run: func(*cobra.Command, []string) {},
		Long:    "Short lines\nstay as they are.\n\nSo wide\n" + long + "\n\n  set in " + long,
		Example: "  sub --short\n  sub --from 2026-03-12T00:00:00Z --to 2026-03-13T00:00:00Z --note 'a --b " + strings.Repeat("x", 30) + "' && sub"}
	c.Flags().String("flag", "", long)
	root.AddCommand(c)
	Fit(root)
	if want := "Short lines\nstay as they are.\n\n" + Wrap("So wide "+long, 80, 0) + "\n\n  set in " + long; c.Long != want {
		t.Errorf("long:\n%s\nwant\n%s", c.Long, want)
	}
	want := "  sub --short\n  sub --from 2026-03-12T00:00:00Z --to 2026-03-13T00:00:00Z \\\n      --note 'a --b " + strings.Repeat("x", 30) + "' && sub"
	if c.Example != want {
		t.Errorf("examples:\n%s\nwant\n%s", c.Example, want)
	}
	_, flags, _ := strings.Cut(c.UsageString(), "Flags:")
	for line := range strings.Lines(flags) {
		if len(strings.TrimRight(line, "\n")) > Columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if n := strings.Count(flags, "word"); n != 20 {
		t.Errorf("%d words of 20 are left:\n%s", n, flags)
	}
}

func TestWhatCantBePartedStays(t *testing.T) {
	for _, line := range []string{"", "  " + strings.Repeat("x", 90), "  sub 'a --b " + strings.Repeat("x", 80) + "'"} {
		if got := parted(line); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}
