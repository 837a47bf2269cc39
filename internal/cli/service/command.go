package service

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/internal/actuator/build"
	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/forecaster"
	"drover/internal/pipeline"
	"drover/internal/stream"
)

// Main runs a service's command as a program; see cli.Main.
func Main(c *cobra.Command) {
	c.Version = Version()
	cli.Main(c)
}

// ForecasterCommand returns the command of the forecaster service.
func ForecasterCommand() *cobra.Command {
	return Command("forecaster", "Keep the graph and the forecasts",
		`Fold metrics, calls and routes into a forecast for every series, the dependency
graph and the network map, and publish them tick by tick.`)
}

// PlannerCommand returns the command of the planner service.
func PlannerCommand() *cobra.Command {
	return Command("planner", "Decide what moves, where to and when",
		`Fold forecasts, graph, metadata, calendar and outcomes into what is known of each
fleet, try what-if futures and publish decisions and plans.`)
}

// ExecutorCommand returns the command of the executor service.
func ExecutorCommand() *cobra.Command {
	return Command("executor", "Carry plans out and undo what fails",
		`Run plans as sagas: an intent is written before anything is done, its outcome
afterwards, and a failure is compensated in reverse order.`)
}

// Command returns the command of one of the three stages.
func Command(name, short, long string) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, Long: long}
	return configured(c, func(ctx context.Context, conf *config.Config) error { return runStage(ctx, conf, name) },
		"kafka", "redis", "listen", "log", "tracing", "data_dir", "interval", "beat", "horizon", "refit", "time_zones", "silent_after",
		"save_every", "max_series", "policy", "planning", "driver", "drivers", "simulator", "seed")
}

// configured makes a command run a service with the configuration that flags of
// the sections, the environment and a file give.
func configured(c *cobra.Command, run func(context.Context, *config.Config) error, sections ...string) *cobra.Command {
	var file string
	c.Args = cobra.NoArgs
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, err := config.Load(cmd.Flags(), os.Environ(), file)
		if err != nil {
			return cli.Usage(err)
		}
		return run(cmd.Context(), conf)
	}
	config.Register(c.Flags(), sections...)
	c.Flags().StringVar(&file, "config", os.Getenv("DROVER_CONFIG"), "YAML file; see `drover config keys`")
	return c
}

// runStage runs one stage with its health page.
func runStage(ctx context.Context, conf *config.Config, name string) (err error) {
	log := NewLogger(conf, os.Stderr)
	stages, err := Stages(conf, Version())
	if err != nil {
		return err
	}
	var drivers *build.Config
	if name == pipeline.Executor && conf.Drivers != "" {
		if drivers, err = LoadDrivers(conf, stages); err != nil {
			return err
		}
	}
	stage, err := Find(stages, name)
	if err != nil {
		return err
	}
	r, err := Open(ctx, conf, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	stages.Forecaster.Meters = forecaster.NewMeters(r.Metrics)
	probe, err := stream.NewProducer(r.Connection)
	if err != nil {
		return err
	}
	defer probe.Close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if drivers == nil {
			return r.RunStage(ctx, stage)
		}
		return r.RunExecutor(ctx, stages, Driving{File: drivers})
	})
	group.Go(func() error {
		mux := r.NewMux(map[string]Check{"kafka": probe.Ready, "redis": r.Store.Ping})
		return Serve(ctx, conf.Listen, mux, func(a net.Addr) { log.Info(name+" runs", "listen", a.String(), "brokers", conf.Kafka.Brokers) })
	})
	return group.Wait()
}
