// Package ingest is the operator's `drover ingest`: it checks and decodes files
// of every format that the doors take, without a cluster.
package ingest

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
)

// Command returns `drover ingest`.
func Command() *cobra.Command {
	return cli.Group(&cobra.Command{Use: "ingest", Short: "Check and decode what producers send"},
		checkCommand(), decodeCommand(), pullCommand(), hostCommand())
}

// flags are shared by check and decode.
type flags struct {
	format, fleet, producer, at, from, until string
}

func (f *flags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format", "", "format of the files: "+strings.Join(catalog.Names(), ", "))
	cmd.Flags().StringVar(&f.fleet, "fleet", "", "fleet that the events belong to")
	cmd.Flags().StringVar(&f.producer, "producer", "", "producer of records that name none")
	cmd.Flags().StringVar(&f.at, "at", "", "time of records that carry none (RFC 3339)")
	cmd.Flags().StringVar(&f.from, "from", "", "first day of calendar occurrences (RFC 3339 or date)")
	cmd.Flags().StringVar(&f.until, "until", "", "end of calendar occurrences, exclusive")
	_ = cmd.MarkFlagRequired("format")
}

// read returns the parser and its options.
func (f *flags) read() (format.Parser, format.Options, error) {
	parse, err := catalog.Find(f.format)
	if err != nil {
		return nil, format.Options{}, cli.Usage(err)
	}
	opt := format.Options{Fleet: model.FleetID(f.fleet), Producer: f.producer, Lookup: os.LookupEnv}
	for _, t := range []struct {
		name, value string
		into        *model.Instant
	}{{"at", f.at, &opt.At}, {"from", f.from, &opt.From}, {"until", f.until, &opt.Until}} {
		if t.value == "" {
			continue
		}
		if *t.into, err = model.ParseInstant(t.value); err != nil {
			return nil, opt, cli.Usage(fmt.Errorf("--%s: %w", t.name, err))
		}
	}
	if opt.Until != 0 && opt.From >= opt.Until {
		return nil, opt, cli.Usage(fmt.Errorf("--until %s: is not after --from %s", f.until, cmp.Or(f.from, "1970-01-01")))
	}
	return parse, opt, nil
}

// readFile reads a file whole, "-" being standard input.
func (f *flags) readFile(cmd *cobra.Command, name string) ([]byte, error) {
	data, err := cli.ReadInput(cmd.InOrStdin(), name)
	if err != nil || f.format == "traceroute-text" { // what Windows prints is read as it is
		return data, err
	}
	return data, cli.PlainText(name, data)
}
