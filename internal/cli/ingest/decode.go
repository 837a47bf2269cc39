package ingest

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/events"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
)

func decodeCommand() *cobra.Command {
	var f flags
	var mappings []string
	var raw bool
	cmd := &cobra.Command{
		Use:   "decode --format FORMAT FILE...",
		Short: "Print the events of files as JSON lines",
		Args:  cli.WantFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			rules := &mapping.Rules{}
			if !raw {
				var err error
				if rules, err = mapping.Load(mappings); err != nil {
					return err
				}
			}
			return decodeFiles(cmd, &f, rules, files)
		},
	}
	f.bind(cmd)
	cmd.Flags().StringArrayVar(&mappings, "mapping", nil, "mapping file for metrics, before the shipped ones (repeatable)")
	cmd.Flags().BoolVar(&raw, "raw", false, "print samples under their own names, unmapped")
	return cmd
}

// flushEvery is how many samples are read between two looks for whole metrics.
const flushEvery = 8192

func decodeFiles(cmd *cobra.Command, f *flags, rules *mapping.Rules, files []string) error {
	parse, opt, err := f.read()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	bad := 0
	for _, name := range files {
		data, err := f.readFile(cmd, name)
		if err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), err)
			bad++
			continue
		}
		restore := boundMemory(len(data))
		p := &printer{w: w, mapper: mapping.NewMapper(rules, opt)}
		out := format.NewOut(p.event)
		parse(data, opt, out)
		p.mapper.Flush(true, func(m model.Metric) { p.print(m) })
		restore()
		if p.err != nil {
			return fmt.Errorf("write: %w", p.err)
		}
		notes(cmd, name, out)
		if !out.OK() {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d records rejected: %v\n", name, out.Rejected, out.First)
			bad++
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d files are not ok", bad, len(files))
	}
	return nil
}

// printer writes events as JSON lines; samples go through the mapper, and those
// that no mapping claims are printed as they are.
type printer struct {
	w       *bufio.Writer
	mapper  *mapping.Mapper
	samples int
	line    []byte // scratch
	err     error
}

func (p *printer) event(event any) {
	point, ok := event.(*format.Point)
	if !ok {
		p.print(event)
		return
	}
	if !p.mapper.Add(point) {
		p.print(point)
	}
	if p.samples++; p.samples%flushEvery == 0 {
		p.mapper.Flush(false, func(m model.Metric) { p.print(m) })
	}
}

func (p *printer) print(event any) {
	if p.err != nil {
		return
	}
	if p.line, p.err = events.Append(p.line[:0], event); p.err == nil {
		_, p.err = p.w.Write(append(p.line, '\n'))
	}
}
