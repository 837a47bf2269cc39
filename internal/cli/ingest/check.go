package ingest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/format"
)

// verdict is what check prints for a file.
type verdict struct {
	File     string `json:"file"`
	Format   string `json:"format"`
	OK       bool   `json:"ok"`
	Events   int    `json:"events"`
	Rejected int    `json:"rejected"`
	Error    string `json:"error"`
}

func checkCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "check --format FORMAT FILE...",
		Short: "Tell for each file whether every record can be read",
		Args:  cli.WantFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			parse, opt, err := f.read()
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			bad := 0
			for _, name := range files {
				if err := cmd.Context().Err(); err != nil {
					return fmt.Errorf("stopped before %s: %w", name, err)
				}
				v := verdict{File: name, Format: f.format}
				data, err := f.readFile(cmd, name)
				if err == nil {
					out := format.NewOut(nil)
					restore := boundMemory(len(data))
					parse(data, opt, out)
					restore()
					v.OK, v.Events, v.Rejected, err = out.OK(), out.Records, out.Rejected, out.First
					notes(cmd, name, out)
				}
				if err != nil {
					v.Error = strings.TrimPrefix(err.Error(), name+": ")
				}
				if !v.OK {
					bad++
					fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", name, v.Error)
				}
				if err := enc.Encode(v); err != nil {
					return fmt.Errorf("write: %w", err)
				}
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d files are not ok", bad, len(files))
			}
			return nil
		},
	}
	f.bind(cmd)
	return cmd
}

// notes tells on stderr what a parser had to say of a file.
func notes(cmd *cobra.Command, file string, out *format.Out) {
	for _, n := range out.Notes {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: note: %s\n", file, n)
	}
}
