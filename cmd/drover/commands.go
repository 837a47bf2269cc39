package main

import (
	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/agent"
	"drover/internal/cli/backtest"
	"drover/internal/cli/deadletter"
	"drover/internal/cli/driver"
	"drover/internal/cli/forecast"
	"drover/internal/cli/graph"
	"drover/internal/cli/ingest"
	"drover/internal/cli/replay"
	"drover/internal/cli/solve"
	"drover/internal/cli/topics"
	"drover/internal/cli/up"
	"drover/internal/cli/whatif"
)

// newRootCommand collects the operator's commands; each is one package of
// internal/cli.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "drover",
		Short:         "Moves workloads before the load arrives",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddCommand()
	root.AddCommand(agent.Command())
	root.AddCommand(driver.Command())
	root.AddCommand(solve.Command())
	root.AddCommand(ingest.Command())
	root.AddCommand(graph.Command())
	root.AddCommand(forecast.Command())
	root.AddCommand(topics.Command())
	root.AddCommand(deadletter.Command())
	root.AddCommand(up.Command())
	root.AddCommand(replay.Command())
	root.AddCommand(backtest.Command())
	root.AddCommand(whatif.Command())
	return root
}
