// Package driver is `drover driver`: checks for those who write drivers.
package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
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
	drivers, driver   string // a configuration and a driver in it
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
		Short: "Move a replica there and back; check what the executor needs",
		Long: "Moves a replica with a driver, there and back, every command given twice, and checks\n" +
			"what the executor relies on (see docs/executor.md). It really acts: use a replica made\n" +
			"for the purpose. Exactly one of --exec, --url and --drivers says where the driver is.",
		Example: "  drover driver test --exec 'deploy/drivers/folder.py /srv/folders' --replica app/0\n" +
			"  drover driver test --drivers drivers.json --driver redis --replica db/0 --from s1 --to s2",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return test(command, &o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.program, "exec", "", "the driver's program with its arguments, split at spaces")
	flags.StringVar(&o.url, "url", "", "the driver's URL")
	flags.StringVar(&o.drivers, "drivers", "", "an executor's file of drivers, of which --driver is tried")
	flags.StringVar(&o.driver, "driver", "", "the driver's name in that file; empty: its default")
	flags.StringVar(&o.replica, "replica", "conformance/0", "the replica to move")
	flags.StringVar(&o.from, "from", "a", "the server that it runs on")
	flags.StringVar(&o.to, "to", "b", "the server that it is moved to and back from")
	flags.Int64Var(&o.dataBytes, "data-bytes", 1<<20, "how much data the driver is told to move")
	flags.DurationVar(&o.deadline, "deadline", time.Minute, "how long a command may take")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	return command
}

func test(command *cobra.Command, o *options) error {
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
	driver, name, err := o.open(command.Context())
	if err != nil {
		return err
	}
	checks := conformance.Run(command.Context(), driver, conformance.Config{
		Move: model.Move{
			Replica: model.ReplicaID(o.replica), Application: app, From: model.ServerID(o.from), To: model.ServerID(o.to),
			DataBytes: o.dataBytes, Driver: name,
		},
		Deadline: o.deadline,
		Plan:     model.PlanID(fmt.Sprintf("conformance-%d", time.Now().UnixMilli())),
	})
	if err := report(command, o.output, name, checks); err != nil {
		return err
	}
	if !conformance.Passed(checks) {
		return fmt.Errorf("driver %q breaks promises, see the checks that are BROKEN", name)
	}
	return nil
}

// open returns the driver that the flags name, and its name.
func (o *options) open(ctx context.Context) (actuator.Driver, string, error) {
	given := 0
	for _, text := range []string{o.program, o.url, o.drivers} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return nil, "", cli.Usage(errors.New("exactly one of --exec, --url and --drivers is needed"))
	}
	if o.drivers != "" {
		return o.configured(ctx)
	}
	client := exec.New(exec.Program{Argv: strings.Fields(o.program)})
	if o.url != "" {
		client = webhook.New(webhook.Endpoint{URL: o.url})
	}
	err := describe(ctx, client)
	return client, client.Capabilities().Name, err
}

// describe has a driver that is a program or a URL say what it can do.
func describe(ctx context.Context, d actuator.Driver) error {
	if client, ok := d.(*protocol.Client); ok {
		if _, err := client.Describe(ctx); err != nil {
			return fmt.Errorf("the driver's capabilities: %w", err)
		}
	}
	return nil
}

// configured returns a driver of an executor's file.
func (o *options) configured(ctx context.Context) (actuator.Driver, string, error) {
	config, err := build.Read(o.drivers)
	if err != nil {
		return nil, "", err
	}
	set, _, err := build.Set(&config)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", o.drivers, err)
	}
	name := o.driver
	if name == "" {
		name = config.Default
	}
	driver, ok := set.Drivers[name]
	if !ok {
		return nil, "", fmt.Errorf("%s: there is no driver %q", o.drivers, name)
	}
	return driver, name, describe(ctx, driver)
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
