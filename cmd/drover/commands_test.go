package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/reference"
)

// TestTheReferenceIsWhatTheProgramsSay compares docs/reference with what the
// commands, settings, metrics, topics and routes give now.
func TestTheReferenceIsWhatTheProgramsSay(t *testing.T) {
	pages, err := reference.Markdown(programs())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "reference")
	for name, want := range pages {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/reference/%s is not current (%v): go run ./cmd/drover docs reference docs/reference", name, err)
		}
	}
	there, err := os.ReadDir(dir)
	if err != nil || len(there) != len(pages) {
		t.Errorf("docs/reference holds %d files, want %d (%v)", len(there), len(pages), err)
	}
}

// TestTheHelpOfEveryCommandFits: no line is wider than 80 columns, but for
// synopses and what is set in as it stands in a file.
func TestTheHelpOfEveryCommandFits(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		for line := range strings.Lines(c.Long + "\n" + c.UsageString()) {
			if strings.HasPrefix(line, "  "+c.CommandPath()+" ") && strings.HasSuffix(line, "[flags]\n") || strings.HasPrefix(line, " ") && strings.Contains(c.Long, line) {
				continue
			}
			if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > cli.Columns {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), utf8.RuneCountInString(line), line)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	for _, root := range programs() {
		cli.Fit(root)
		walk(root)
	}
}

// TestEveryCommandTeaches walks all commands: each says what it does, every flag
// says what it means, and there is a man page and completion.
func TestEveryCommandTeaches(t *testing.T) {
	pages, err := reference.Man(programs())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		seen++
		if c.Short == "" {
			t.Errorf("%s says not what it does", c.CommandPath())
		}
		for _, line := range strings.Split(c.LocalFlags().FlagUsages(), "\n") {
			if fields := strings.Fields(line); len(fields) > 0 && len(fields) < 3 {
				t.Errorf("%s: a flag without a meaning: %s", c.CommandPath(), line)
			}
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if c.Root().Name() != "drover" {
			name = "drover-" + c.Name() + ".8" // beside drover-ingest.1, which is `drover ingest`
		}
		title := ".TH \"" + strings.ToUpper(strings.TrimSuffix(name, name[len(name)-2:]))
		if page := pages[name]; !bytes.Contains(page, []byte(".SH SYNOPSIS")) || !bytes.Contains(page, []byte(title)) {
			t.Errorf("%s has no man page %s with the title %s: %.80s", c.CommandPath(), name, title, page)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	for _, p := range programs() {
		walk(p)
	}
	if seen < 60 {
		t.Errorf("%d commands seen", seen)
	}
	dir := t.TempDir()
	root := newRootCommand()
	root.SetArgs([]string{"docs", "completion", dir})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"drover.bash", "_drover", "drover.fish"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(text, []byte("drover")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
