// Package up is `drover up`: the whole pipeline in one process, on an embedded
// broker and store, with a simulated fleet that lives at a multiple of the
// clock's speed.
package up

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/simfleet"
)

// options are the command's own flags.
type options struct {
	fleet     string
	speed     string
	exitAfter time.Duration
	config    string
}

// Command returns the command.
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "up",
		Short: "Run everything in one process, with a simulated fleet",
		Long: `Run the whole pipeline in one process with nothing else installed: an embedded
broker and store, ingest, forecaster, planner and executor, and a simulated
fleet whose minutes pass in seconds. The fleet brings two weeks of history, so
that there is something to forecast from; half an hour later a campaign begins
that its servers can't carry as they are loaded, and one server goes into
maintenance.

Its doors are open to this machine, OTLP over gRPC with --grpc-listen.

With --drivers its plans are carried out on real things: the file says how each
replica of the fleet is moved (docs/executor.md).

What Drover sees and does is printed line by line; the page shows the same.
With --brokers and --redis the same runs on a Kafka and a Redis of yours.
With --approval plans wait for a person, who decides in the page or with
drover approve. End it with Ctrl-C. With --data the topics survive, and the next run goes on.`,
		Example: `  drover up
  drover up --speed 120x --exit-after 2m
  drover up --data ./state --listen 127.0.0.1:0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			speed, err := parseSpeed(o.speed)
			if err != nil {
				return cli.Usage(err)
			}
			conf, err := config.Load(cmd.Flags(), os.Environ(), o.config)
			if err != nil {
				return cli.Usage(err)
			}
			spec, err := loadSpec(o.fleet, uint64(conf.Seed))
			if err != nil {
				return err
			}
			return run(cmd.Context(), conf, spec, speed, o.exitAfter, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	config.Register(f, "listen", "data_dir", "seed", "log", "tracing", "interval", "beat", "horizon", "refit", "time_zones", "planning", "drivers",
		"ingest.grpc_listen", "ingest.mappings", "web.access", "kafka", "redis")
	f.StringVar(&o.fleet, "fleet", "", "YAML file that describes the simulated fleet; empty: the built-in one")
	f.StringVar(&o.speed, "speed", "60x", "how much faster than the clock the fleet lives")
	f.DurationVar(&o.exitAfter, "exit-after", 0, "end by itself after this time; 0: not")
	f.StringVar(&o.config, "config", os.Getenv("DROVER_CONFIG"), "configuration file")
	return c
}

func parseSpeed(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
	if err != nil || !(v > 0) || v > 100_000 {
		return 0, fmt.Errorf("--speed %q: want a number above zero such as 60x", s)
	}
	return v, nil
}

func loadSpec(path string, seed uint64) (*simfleet.Spec, error) {
	if path == "" {
		return simfleet.DemoSpec(seed), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--fleet: %w", err)
	}
	spec, err := simfleet.ParseSpec(b)
	if err != nil {
		return nil, fmt.Errorf("--fleet %s: %w", path, err)
	}
	return spec, nil
}
