// Package graph is the operator's `drover graph`: it builds the dependency graph
// of traces and the network map of traceroutes in files, without a cluster.
package graph

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/graph/linker"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
)

// rules says how the spans of each format are linked.
var rules = map[string]linker.Rule{
	"zipkin":      linker.Zipkin,
	"jaeger":      linker.Parents,
	"otlp-traces": linker.Parents,
	"spans-csv":   linker.Parents,
}

// Command returns `drover graph`.
func Command() *cobra.Command {
	return cli.Group(&cobra.Command{Use: "graph", Short: "Build the dependency graph and the network map, and ask them"},
		buildCommand(), neighboursCommand(), impactCommand(), componentsCommand(), pathsCommand(), changesCommand(), demandCommand(), networkCommand())
}

func buildCommand() *cobra.Command {
	var formatName, output string
	cmd := &cobra.Command{
		Use:   "build --format zipkin|jaeger|otlp-traces|spans-csv FILE...",
		Short: "Build the graph of the traces in files (\"-\" is standard input)",
		Args:  cli.WantFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			rule, ok := rules[formatName]
			if !ok {
				return cli.Usage(fmt.Errorf("--format %q: want zipkin, jaeger, otlp-traces or spans-csv", formatName))
			}
			write, ok := writers[output]
			if !ok {
				return cli.Usage(fmt.Errorf("--output %q: want json, dot or table", output))
			}
			spans, err := readSpans(cmd, formatName, files)
			if err != nil {
				return err
			}
			calls, counts := rule(spans)
			report(cmd.ErrOrStderr(), counts)
			return write(cmd.OutOrStdout(), newResult(calls))
		},
	}
	cmd.Flags().StringVar(&formatName, "format", "", "format of the files: zipkin, jaeger, otlp-traces or spans-csv")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "json, dot or table")
	_ = cmd.MarkFlagRequired("format")
	return cmd
}

// readSpans reads the spans of all files. Records that can't be read are told on
// stderr; a file with nothing but such records is an error.
func readSpans(cmd *cobra.Command, formatName string, files []string) ([]model.Span, error) {
	parse, err := catalog.Find(formatName)
	if err != nil {
		return nil, cli.Usage(err)
	}
	var spans []model.Span
	for _, file := range files {
		data, err := readFile(cmd, file)
		if err != nil {
			return nil, err
		}
		out := format.NewOut(func(event any) {
			if s, ok := event.(model.Span); ok {
				spans = append(spans, s)
			}
		})
		parse(data, format.Options{}, out)
		if out.Rejected == 0 {
			continue
		}
		if out.Records == 0 {
			return nil, fmt.Errorf("%s: no span could be read: %w; is it %s?", file, out.First, formatName)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d of %d records left out: %v\n", file, out.Rejected, out.Rejected+out.Records, out.First)
	}
	return spans, nil
}

func readFile(cmd *cobra.Command, file string) ([]byte, error) {
	data, err := cli.ReadInput(cmd.InOrStdin(), file)
	if err != nil {
		return nil, err
	}
	return data, cli.PlainText(file, data)
}

// report tells what was seen among the spans, the faults only where there are
// some.
func report(w io.Writer, c linker.Counts) {
	var faults []string
	for _, f := range []struct {
		count uint64
		name  string
	}{
		{c.Inferred, "calls inferred from one side"}, {c.Orphans, "orphans"}, {c.Duplicates, "duplicates or parts"},
		{c.MissingKind, "without kind"}, {c.NoService, "without service"}, {c.ImpossibleClock, "with impossible times"},
		{c.OutsideParent, "outside of their parent's interval"}, {c.UnnamedPeer, "clients of unnamed peers"},
	} {
		if f.count > 0 {
			faults = append(faults, fmt.Sprintf("%d %s", f.count, f.name))
		}
	}
	line := fmt.Sprintf("%d spans in %d traces, %d calls", c.Spans, c.Traces, c.Calls)
	if len(faults) > 0 {
		line += "; " + strings.Join(faults, ", ")
	}
	fmt.Fprintln(w, line)
}
