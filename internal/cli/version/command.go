// Package version is `drover version`: which build this is.
package version

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
)

// Command returns the command.
func Command() *cobra.Command {
	var output string
	c := &cobra.Command{Use: "version", Short: "Say which build this is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			build := service.BuildInfo()
			switch output {
			case "json":
				return json.NewEncoder(cmd.OutOrStdout()).Encode(build)
			case "table":
				_, err := fmt.Fprintln(cmd.OutOrStdout(), build)
				return err
			}
			return cli.Usage(fmt.Errorf("-o %q: want table or json", output))
		}}
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return c
}
