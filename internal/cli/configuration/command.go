// Package configuration is `drover config`: which settings there are, and what
// they are set to here.
package configuration

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
)

// Command returns the command.
func Command() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Show the settings and where they come from",
		Long: `Every setting is a flag, an environment variable (DROVER_*) and a key of the YAML
file that --config or DROVER_CONFIG names. Flags win over variables, variables
over the file, the file over the defaults.`}
	var file, output string
	show := &cobra.Command{Use: "show", Short: "Show every key with its value here; secrets are hidden", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := config.Load(nil, os.Environ(), file)
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), output, conf.Show(), func(t io.Writer, s config.Shown) {
				fmt.Fprintf(t, "%s\t%s\n", s.Name, s.Value)
			})
		}}
	keys := &cobra.Command{Use: "keys", Short: "List every key with its flag, variable and meaning", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := config.Load(nil, nil, "")
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), output, conf.Show(), func(t io.Writer, s config.Shown) {
				fmt.Fprintf(t, "%s\t%s\t%s\n\t%s\n", s.Name, s.Flag, s.Variable, s.Help)
			})
		}}
	for _, sub := range []*cobra.Command{show, keys} {
		sub.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	}
	show.Flags().StringVar(&file, "config", os.Getenv("DROVER_CONFIG"), "configuration file")
	c.AddCommand(show, keys)
	return c
}

func write(w io.Writer, output string, list []config.Shown, row func(io.Writer, config.Shown)) error {
	switch output {
	case "json":
		return json.NewEncoder(w).Encode(list)
	case "table":
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		for _, s := range list {
			row(t, s)
		}
		return t.Flush()
	}
	return cli.Usage(fmt.Errorf("-o %q: want table or json", output))
}
