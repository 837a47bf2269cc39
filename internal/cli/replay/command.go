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
	c := &cobra.Command{Use: "replay", Short: "Run recorded days through the whole pipeline as events",
		Long: `Feed recorded days through Kafka and Redis as the events that a fleet's producers
would have sent. Without --brokers everything runs on an embedded broker and
store; with --brokers and --redis the topics get a prefix of their own, so that
a replay can run beside production.`}
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
