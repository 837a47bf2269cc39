package backtest

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/pipeline/recorded"
	"drover/internal/replay"
)

// nezhaHistory is how much of the day is history where --from is left out.
const nezhaHistory = 2 * time.Hour

type nezhaFlags struct {
	recordedFlags
	servers recorded.Servers
}

func nezhaCommand() *cobra.Command {
	f := nezhaFlags{servers: recorded.DefaultServers()}
	c := &cobra.Command{
		Use:   "nezha DIR",
		Short: "Play policies on the recorded day of a ten-service shop",
		Long: `Play policies on the Nezha data set of 2022-08-22: one-minute metrics of ten
services with injected faults, and their calls. The load is as recorded; where it
runs is decided by the policy, by the same stages as live, and a judge who knows
the true load counts minutes with broken promises, energy and moves.

The record names no servers, and its ten pods together need a twentieth of a
core. So servers are made up (--servers, --server-...), the load is multiplied
until all services in the busiest five minutes of each would take 70 % of them
together (--scale gives the factor), and each service gets the replicas that it
needs at its peak (--replica-cores).
--inventory FILE states servers and applications instead, called like the
services; the load is then as recorded unless --scale says otherwise.

Policies: drover; static (never moves); threshold (moves what is on servers above
80 %, empties the least used); oracle (drover with the true load as forecast).`,
		Args: cobra.ExactArgs(1),
		Example: `  drover backtest nezha ../shared/data/nezha
  drover backtest nezha DIR --servers 24 --server-cores 8 --report nezha.html
  drover backtest nezha DIR --inventory shop.yaml --scale 100 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNezha(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], &f)
		},
	}
	f.register(c, "two hours into the record", "drover", "threshold", "static", "oracle")
	fs := c.Flags()
	fs.IntVar(&f.servers.Count, "servers", f.servers.Count, "made-up servers")
	fs.Float64Var(&f.servers.Cores, "server-cores", f.servers.Cores, "cores of each")
	fs.Float64Var(&f.servers.MemoryGiB, "server-memory", f.servers.MemoryGiB, "memory of each, in GiB")
	fs.IntVar(&f.servers.Zones, "server-zones", f.servers.Zones, "zones that they stand in, in turn")
	fs.Float64Var(&f.servers.ReplicaCores, "replica-cores", f.servers.ReplicaCores, "most cores that a replica may need at the recorded peak")
	return c
}

func runNezha(ctx context.Context, stdout, stderr io.Writer, dir string, f *nezhaFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if f.inventory == "" {
		if err := f.servers.Validate(); err != nil {
			return cli.Usage(fmt.Errorf("--%w", err)) // it begins with the flag's name
		}
		o.Servers = &f.servers
	}
	day, err := replay.OpenNezha(dir)
	if err != nil {
		return err
	}
	record := NezhaRecord(day)
	if o.From == 0 {
		o.From = day.First().Add(nezhaHistory)
	}
	o.Fleet = replay.NezhaFleet
	return playRecord(ctx, stdout, stderr, filepath.Base(filepath.Clean(dir)), record, o, &f.recordedFlags)
}

// NezhaRecord is the day as a record.
func NezhaRecord(day *replay.Nezha) *recorded.Record {
	record := recorded.NewRecord()
	day.Each(record.Add)
	for _, e := range day.Entries {
		record.AddRequests(replay.NezhaFleet, e.Service, e.At, float64(e.Requests))
	}
	record.Add(model.Heartbeat{Producer: replay.NezhaProducer, At: day.Last(), Final: true})
	return record
}
