package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Group makes cmd a command that only holds others: called without one of them,
// or with a word that is none, it says which there are.
func Group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(commands...)
	// Flags belong to the commands: a misspelt command must not be reported as
	// an unknown flag behind it.
	cmd.FParseErrWhitelist.UnknownFlags = true
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		names := make([]string, len(commands))
		for i, c := range commands {
			names[i] = c.Name()
		}
		last := len(names) - 1
		want := strings.Join(names[:last], ", ") + " or " + names[last]
		if len(args) > 0 {
			return Usage(fmt.Errorf("%s: no command %q: want %s", cmd.Name(), args[0], want))
		}
		return Usage(fmt.Errorf("%s: want a command: %s", cmd.Name(), want))
	}
	return cmd
}

// WantFiles is the check of arguments of commands that read files.
func WantFiles(cmd *cobra.Command, files []string) error {
	if len(files) == 0 {
		return Usage(fmt.Errorf("%s: want at least one FILE (\"-\" is standard input)", cmd.CommandPath()))
	}
	return nil
}
