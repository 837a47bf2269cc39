// Package driver is `drover driver`: checks for those who write drivers.
package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/actuator/conformance"
	"drover/internal/actuator/exec"
	"drover/internal/actuator/protocol"
	"drover/internal/actuator/webhook"
	"drover/internal/cli"
	"drover/internal/model"
)

// options are the flags of `drover driver test`.
type options struct {
	program, url      string
	replica, from, to string
	dataBytes         int64
	deadline          time.Duration
	output            string
}

// Command returns the command.
func Command() *cobra.Command {
	command := &cobra.Command{Use: "driver", Short: "Check drivers that you have written"}
	command.AddCommand(testCommand())
	return command
}

func testCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "test",
		Short: "Move a replica with a driver, there and back, and check what the executor relies on",
		Long: "Moves a replica with a driver, there and back, every command given twice, and checks\n" +
			"what the executor relies on (see docs/executor.md). It really acts: use a replica made\n" +
			"for the purpose. Exactly one of --exec and --url says where the driver is.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return test(command, &o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.program, "exec", "", "the driver's program with its arguments, split at spaces")
	flags.StringVar(&o.url, "url", "", "the driver's URL")
	flags.StringVar(&o.replica, "replica", "conformance/0", "the replica to move")
	flags.StringVar(&o.from, "from", "a", "the server that it runs on")
	flags.StringVar(&o.to, "to", "b", "the server that it is moved to and back from")
	flags.Int64Var(&o.dataBytes, "data-bytes", 1<<20, "how much data the driver is told to move")
	flags.DurationVar(&o.deadline, "deadline", time.Minute, "how long a command may take")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	return command
}

func test(command *cobra.Command, o *options) error {
	client, err := o.client()
	if err != nil {
		return cli.Usage(err)
	}
	if o.output != "table" && o.output != "json" {
		return cli.Usage(fmt.Errorf("output %q: want table or json", o.output))
	}
	app, _, err := model.ReplicaID(o.replica).Split()
	if err != nil {
		return cli.Usage(err)
	}
	if o.from == o.to {
		return cli.Usage(fmt.Errorf("--from and --to are both %q", o.from))
	}
	capabilities, err := client.Describe(command.Context())
	if err != nil {
		return fmt.Errorf("the driver's capabilities: %w", err)
	}
	checks := conformance.Run(command.Context(), client, conformance.Config{
		Move: model.Move{
			Replica: model.ReplicaID(o.replica), Application: app, From: model.ServerID(o.from), To: model.ServerID(o.to),
			DataBytes: o.dataBytes, Driver: capabilities.Name,
		},
		Deadline: o.deadline,
		Plan:     model.PlanID(fmt.Sprintf("conformance-%d", time.Now().UnixMilli())),
	})
	if err := report(command, o.output, capabilities.Name, checks); err != nil {
		return err
	}
	if !conformance.Passed(checks) {
		return fmt.Errorf("driver %q breaks promises, see the checks that are BROKEN", capabilities.Name)
	}
	return nil
}

// client returns the driver that the flags name.
func (o *options) client() (*protocol.Client, error) {
	switch {
	case (o.program == "") == (o.url == ""):
		return nil, errors.New("exactly one of --exec and --url is needed")
	case o.url != "":
		return webhook.New(webhook.Endpoint{URL: o.url}), nil
	}
	return exec.New(exec.Program{Argv: strings.Fields(o.program)}), nil
}

// report prints the checks.
func report(command *cobra.Command, output, name string, checks []conformance.Check) error {
	w := command.OutOrStdout()
	if output == "json" {
		return json.NewEncoder(w).Encode(map[string]any{"driver": name, "passed": conformance.Passed(checks), "checks": checks})
	}
	for _, c := range checks {
		verdict := "kept  "
		if !c.OK {
			verdict = "BROKEN"
		}
		if _, err := fmt.Fprintf(w, "%s  %s", verdict, c.Name); err != nil {
			return err
		}
		if c.Detail != "" {
			fmt.Fprintf(w, "  (%s)", c.Detail)
		}
		fmt.Fprintln(w)
	}
	return nil
}
