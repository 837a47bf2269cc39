// Package backtest holds `drover backtest`: policies played on recorded days,
// with what they cost. It wires the benchmark's days and scoring to the
// policies and holds no domain logic.
package backtest

import "github.com/spf13/cobra"

// Command returns `drover backtest` with its subcommands.
func Command() *cobra.Command {
	c := &cobra.Command{Use: "backtest", Short: "Play a policy on a recorded day and score it"}
	c.AddCommand(planetLabCommand())
	return c
}
