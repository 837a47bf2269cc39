package operator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/client"
)

func contextCommand() *cobra.Command {
	c := &cobra.Command{Use: "context", Short: "Keep where several fleets are, and which one is meant"}
	c.AddCommand(contextList(), contextUse(), contextSet())
	return c
}

func contextList() *cobra.Command {
	var f client.Flags
	c := &cobra.Command{Use: "list", Short: "List the contexts", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		path, err := f.Path()
		if err != nil {
			return err
		}
		file, err := client.ReadFile(path)
		if err != nil {
			return err
		}
		t := cli.NewTable(cmd.OutOrStdout(), false, "", "CONTEXT", "FLEET", "SERVER")
		for _, name := range slices.Sorted(maps.Keys(file.Contexts)) {
			mark := ""
			if name == file.Current {
				mark = "*"
			}
			t.Add(mark, name, file.Contexts[name].Fleet, file.Contexts[name].Server)
		}
		return t.Write(cmd.OutOrStdout())
	}}
	f.Register(c.Flags())
	return c
}

func contextUse() *cobra.Command {
	var f client.Flags
	c := &cobra.Command{Use: "use NAME", Short: "Say which context is meant from now on", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		return changeContexts(&f, func(file *client.File) error {
			if _, ok := file.Contexts[args[0]]; !ok {
				return fmt.Errorf("no context %q; make it with `drover context set %s --server URL`", args[0], args[0])
			}
			file.Current = args[0]
			return nil
		})
	}}
	f.Register(c.Flags())
	return c
}

func contextSet() *cobra.Command {
	var f client.Flags
	c := &cobra.Command{Use: "set NAME", Short: "Make or change a context from the flags", Args: cobra.ExactArgs(1),
		Example: "  drover context set prod --server https://drover.example:8443 --token-file ~/.drover-token --fleet shop",
		RunE: func(_ *cobra.Command, args []string) error {
			return changeContexts(&f, func(file *client.File) error {
				file.Contexts[args[0]] = f.Context
				if file.Current == "" {
					file.Current = args[0]
				}
				return nil
			})
		}}
	f.Register(c.Flags())
	return c
}

func changeContexts(f *client.Flags, change func(*client.File) error) error {
	path, err := f.Path()
	if err != nil {
		return err
	}
	file, err := client.ReadFile(path)
	if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	return file.Write(path)
}
