// Package topics is `drover topics`: create the topics, compare them with the
// table in internal/stream, and print what follows from the table.
package topics

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/stream"
)

// options are flags that the configuration does not have.
type options struct {
	file      string
	output    string
	minInSync int
	wait      time.Duration // for a broker
}

// Command returns the command.
func Command() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "topics",
		Short: "Create and check the topics; print the table and the rights",
	}
	config.Register(c.PersistentFlags(), "kafka", "data_dir", "log")
	c.PersistentFlags().StringVar(&o.file, "config", "", "configuration file (YAML)")
	c.PersistentFlags().StringVarP(&o.output, "output", "o", "table", "table or json")
	c.PersistentFlags().IntVar(&o.minInSync, "min-insync", 0, "min.insync.replicas of each topic; 0: the broker's default")
	apply := &cobra.Command{Use: "apply", Short: "Create topics that are missing and set their configuration", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.change(c, true) }}
	apply.Flags().DurationVar(&o.wait, "wait", 0, "how long to wait for a broker that has yet to start")
	c.AddCommand(
		apply,
		&cobra.Command{Use: "check", Short: "Tell what differs from the table (exit 1 where something does)", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return o.change(c, false) }},
		&cobra.Command{Use: "describe", Short: "Print the table of topics", Args: cobra.NoArgs, RunE: o.describe},
		o.aclsCommand(),
		&cobra.Command{Use: "script", Short: "Print kafka-topics commands that create the topics", Args: cobra.NoArgs, RunE: o.script},
		&cobra.Command{Use: "asyncapi", Short: "Print the AsyncAPI 3 document of the topics", Args: cobra.NoArgs, RunE: o.asyncapi},
	)
	return c
}

func (o *options) load(c *cobra.Command) (*config.Config, error) {
	if o.output != "table" && o.output != "json" {
		return nil, cli.Usage(fmt.Errorf("--output %q: want table or json", o.output))
	}
	return config.Load(c.Flags(), os.Environ(), o.file)
}

func (o *options) plan(conf *config.Config) stream.Plan {
	plan := stream.Plan{Partitions: stream.Partitions{ByKey: int32(conf.Kafka.ByKey), ByFleet: int32(conf.Kafka.ByFleet)}, MinInSync: o.minInSync}
	if conf.Kafka.Replication > 0 {
		plan.Replicas = int16(conf.Kafka.Replication)
	}
	return plan
}

// openAdmin connects to the brokers; the caller closes what it gets.
func openAdmin(c *cobra.Command, conf *config.Config) (*stream.Admin, error) {
	connection, err := service.Connect(c.Context(), conf, service.NewLogger(conf, c.ErrOrStderr()), nil)
	if err != nil {
		return nil, err
	}
	return stream.NewAdmin(connection)
}

// change runs apply and check.
func (o *options) change(c *cobra.Command, apply bool) error {
	conf, err := o.load(c)
	if err != nil {
		return err
	}
	admin, err := openAdmin(c, conf)
	if err != nil {
		return err
	}
	defer admin.Close()
	if o.wait > 0 {
		if err := admin.Await(c.Context(), o.wait); err != nil {
			return err
		}
	}
	do := admin.Check
	if apply {
		do = admin.Apply
	}
	changes, err := do(c.Context(), o.plan(conf))
	if err != nil {
		return err
	}
	return o.report(c, changes, apply)
}

func (o *options) report(c *cobra.Command, changes []stream.Change, applied bool) error {
	left := 0
	for _, change := range changes {
		if !applied || change.Manual {
			left++
		}
	}
	if o.output == "json" {
		if changes == nil {
			changes = []stream.Change{}
		}
		if err := json.NewEncoder(c.OutOrStdout()).Encode(changes); err != nil {
			return err
		}
	} else {
		for _, change := range changes {
			fmt.Fprintln(c.OutOrStdout(), change)
		}
		if len(changes) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "every topic is as the table says")
		}
	}
	if left > 0 {
		return fmt.Errorf("%d differences are left", left)
	}
	return nil
}

func (o *options) describe(c *cobra.Command, _ []string) error {
	conf, err := o.load(c)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(stream.Topology())
	}
	_, err = fmt.Fprint(c.OutOrStdout(), stream.Table(conf.Kafka.Prefix, o.plan(conf).Partitions))
	return err
}

func (o *options) script(c *cobra.Command, _ []string) error {
	conf, err := o.load(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.OutOrStdout(), stream.TopicScript(conf.Kafka.Prefix, o.plan(conf)))
	return err
}

func (o *options) asyncapi(c *cobra.Command, _ []string) error {
	conf, err := o.load(c)
	if err != nil {
		return err
	}
	document, err := stream.AsyncAPI(conf.Kafka.Prefix)
	if err != nil {
		return err
	}
	_, err = c.OutOrStdout().Write(document)
	return err
}
