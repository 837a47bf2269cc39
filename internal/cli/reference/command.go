// Package reference is `drover docs`: it writes man pages, shell completion and
// the reference in Markdown from what the programs themselves know: commands,
// settings, metrics, topics, routes.
package reference

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"drover/internal/cli/service"
)

// Command returns the command. programs makes the commands of all programs,
// drover's first.
func Command(programs func() []*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: "docs", Short: "Write man pages, shell completion and the reference"}
	for _, kind := range []struct {
		name, short string
		files       func([]*cobra.Command) (map[string][]byte, error)
	}{
		{"man", "Write a man page for every command into a folder", Man},
		{"completion", "Write completion for bash, zsh and fish into a folder", completion},
		{"reference", "Write the reference in Markdown into a folder", Markdown},
	} {
		c.AddCommand(&cobra.Command{Use: kind.name + " DIR", Short: kind.short, Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				files, err := kind.files(programs())
				if err != nil {
					return err
				}
				return write(args[0], files)
			}})
	}
	return c
}

// Programs returns the commands of the services.
func Programs() []*cobra.Command {
	return []*cobra.Command{service.IngestCommand(), service.ForecasterCommand(), service.PlannerCommand(), service.ExecutorCommand()}
}

func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("docs: %w", err)
		}
	}
	return nil
}

// Man returns the man pages by file name: drover's commands in section 1, the
// services in section 8 by the names that packages give them. They carry no date,
// so that the same sources give the same bytes.
func Man(programs []*cobra.Command) (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "drover-man-")
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	defer os.RemoveAll(dir)
	for i, p := range programs {
		plain(p)
		header := &doc.GenManHeader{Section: "1", Source: "Drover", Manual: "Drover"}
		if i > 0 { // `drover ingest` has drover-ingest(1)
			header.Section, p.Use = "8", "drover-"+p.Use
		}
		if err := doc.GenManTree(p, header, dir); err != nil {
			return nil, fmt.Errorf("docs: man pages of %s: %w", p.Name(), err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("docs: %w", err)
		}
		out[e.Name()] = undated(text)
	}
	return out, nil
}

// plain leaves out what generators would add of themselves.
func plain(c *cobra.Command) {
	c.DisableAutoGenTag = true
	c.InitDefaultHelpFlag()
	for _, sub := range c.Commands() {
		plain(sub)
	}
}
