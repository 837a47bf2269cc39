// Package replay is `drover replay`: recorded days as events through the whole
// pipeline, on an embedded broker and store or on real ones.
package replay

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
)

// Command returns the command.
func Command() *cobra.Command {
	t := &topicReplay{}
	c := &cobra.Command{Use: "replay", Short: "Run recorded topics or days through the whole pipeline again",
		Long: `Run what the topics of a deployment have recorded again, with the code and the
settings of this program, into topics and a store namespace of its own beside
production (--into). What fleets sent is copied record by record; what the stages
make of it is made anew, and 'drover diff' compares the two. What states the
present (servers, applications, calendar, maintenance) is copied from its
beginning, the rest from --from to --to. A replay that begins later than the
deployment did knows less than the deployment knew.

The subcommands feed recorded days through Kafka and Redis as the events that a fleet's producers
would have sent. Without --brokers everything runs on an embedded broker and
store; with --brokers and --redis the topics get a prefix of their own, so that
a replay can run beside production.`,
		Example: `  drover replay --brokers kafka:9092 --redis redis:6379 --from 2026-03-12T00:00:00Z --to 2026-03-13T00:00:00Z --into trial-1.
  drover replay --brokers kafka:9092 --redis redis:6379 --archive ./march --into march. --horizon 72
  drover diff drover. trial-1. --brokers kafka:9092`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if t.flags == (topicFlags{speed: "max"}) {
				return cmd.Help()
			}
			if err := t.load(cmd); err != nil {
				return err
			}
			return t.run(cmd.Context(), cmd.OutOrStdout())
		}}
	t.shared.register(c)
	config.Register(c.Flags(), "interval", "beat", "horizon", "silent_after", "policy", "planning", "driver", "simulator")
	t.flags.register(c)
	c.AddCommand(planetLabCommand(), nezhaCommand())
	return c
}

// shared are the flags of every replay.
type shared struct {
	stages string
	output string
	file   string
}

func (s *shared) register(c *cobra.Command) {
	f := c.Flags()
	config.Register(f, "kafka", "redis", "data_dir", "log", "seed", "save_every")
	f.StringVar(&s.stages, "stages", "all", "all: run the stages in this process too; none: the services run elsewhere")
	f.StringVarP(&s.output, "output", "o", "table", "table or json")
	f.StringVar(&s.file, "config", os.Getenv("DROVER_CONFIG"), "configuration file")
}

// load reads the configuration; without a prefix of its own a replay gets one
// that nothing else has.
func (s *shared) load(c *cobra.Command) (*config.Config, error) {
	if s.stages != "all" && s.stages != "none" {
		return nil, cli.Usage(errStages)
	}
	if s.output != "table" && s.output != "json" {
		return nil, cli.Usage(errOutput)
	}
	conf, err := config.Load(c.Flags(), os.Environ(), s.file)
	if err != nil {
		return nil, cli.Usage(err)
	}
	if !c.Flags().Changed("prefix") {
		conf.Kafka.Prefix = "replay-" + time.Now().UTC().Format("20060102t150405.000") + "."
	}
	return conf, nil
}
