package main

import (
	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/agent"
	"drover/internal/cli/archive"
	"drover/internal/cli/backtest"
	"drover/internal/cli/configuration"
	"drover/internal/cli/deadletter"
	"drover/internal/cli/diff"
	"drover/internal/cli/doctor"
	"drover/internal/cli/driver"
	"drover/internal/cli/forecast"
	"drover/internal/cli/graph"
	"drover/internal/cli/health"
	"drover/internal/cli/ingest"
	"drover/internal/cli/operator"
	"drover/internal/cli/reference"
	"drover/internal/cli/replay"
	"drover/internal/cli/service"
	"drover/internal/cli/solve"
	"drover/internal/cli/token"
	"drover/internal/cli/topics"
	"drover/internal/cli/up"
	"drover/internal/cli/version"
	"drover/internal/cli/whatif"
)

// newRootCommand collects the operator's commands; each is one package of
// internal/cli.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "drover",
		Short:         "Moves workloads before the load arrives",
		Version:       service.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddCommand(
		agent.Command(),
		archive.Command(),
		backtest.Command(),
		configuration.Command(),
		deadletter.Command(),
		diff.Command(),
		doctor.Command(),
		driver.Command(),
		forecast.Command(),
		graph.Command(),
		health.Command(),
		ingest.Command(),
		reference.Command(programs),
		replay.Command(),
		solve.Command(),
		token.Command(),
		topics.Command(),
		up.Command(),
		version.Command(),
		service.WebCommand(),
		whatif.Command(),
	)
	root.AddCommand(operator.Commands()...)
	group(root)
	return root
}

// programs makes the commands of all programs anew.
func programs() []*cobra.Command {
	return append([]*cobra.Command{newRootCommand()}, reference.Programs()...)
}
