// Package backtest holds `drover backtest`: policies played on recorded days
// and generated fleets, with what they cost. It wires the benchmark's days and scoring to the
// policies and holds no domain logic.
package backtest

import "github.com/spf13/cobra"

// Command returns `drover backtest` with its subcommands.
func Command() *cobra.Command {
	c := &cobra.Command{Use: "backtest", Short: "Play policies on recorded days and generated fleets and score them"}
	c.AddCommand(planetLabCommand(), fleetCommand(), nezhaCommand(), topicsCommand())
	return c
}
