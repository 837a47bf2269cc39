// Package doctor is `drover doctor`: it looks at everything that a fleet's
// decisions depend on and says what is wrong, what that means and what to do.
package doctor

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/client"
	"drover/internal/cli/service"
	"drover/internal/config"
)

// options are flags that the configuration does not have.
type options struct {
	api     client.Flags
	file    string
	output  string
	timeout time.Duration
}

// Command returns the command.
func Command() *cobra.Command {
	o := &options{}
	c := &cobra.Command{Use: "doctor", Short: "Check everything that decisions depend on, and say what to do", Args: cobra.NoArgs,
		Long: `With --brokers it checks the brokers, topics, rights, schemas, the groups of the
stages and their lag, Redis, clocks, heartbeats, dead letters, and for every
server and application what its forecast lacks:

  forecast not ready: 3h of history, needs 27h; ready at 14:20

Without brokers, or with --server beside them, it asks a running drover up or
drover web over its API.

Exit code 0: nothing failed (there may be warnings), 1: something did.`,
		Example: `  drover doctor
  drover doctor --brokers kafka:9092 --redis redis:6379
  drover doctor --server https://drover.example:8443 --token-file ~/.drover-token -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(o.output); err != nil {
				return err
			}
			conf, err := config.Load(cmd.Flags(), os.Environ(), o.file)
			if err != nil {
				return cli.Usage(err)
			}
			r := &report{}
			if err := o.examine(cmd.Context(), r, conf, cmd); err != nil {
				return err
			}
			return r.write(cmd.OutOrStdout(), o.output)
		}}
	config.Register(c.Flags(), "kafka", "redis", "data_dir", "interval", "horizon", "log")
	o.api.Register(c.Flags())
	c.Flags().StringVar(&o.file, "config", os.Getenv("DROVER_CONFIG"), "configuration file")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
	c.Flags().DurationVar(&o.timeout, "timeout", 20*time.Second, "how long one check may take")
	return c
}

// examine runs the checks that what is configured allows.
func (o *options) examine(ctx context.Context, r *report, conf *config.Config, cmd *cobra.Command) error {
	stages, err := service.Stages(conf, "")
	if err != nil {
		return cli.Usage(err)
	}
	needs := stages.Forecaster.Forecast.LeastHistory()
	x := &examiner{report: r, conf: conf, timeout: o.timeout, needs: needs, now: time.Now}
	if len(conf.Kafka.Brokers) > 0 {
		x.servers(ctx, service.NewLogger(conf, cmd.ErrOrStderr()))
	}
	if len(conf.Kafka.Brokers) == 0 || cmd.Flags().Changed("server") {
		api, err := o.api.Open()
		if err != nil {
			return err
		}
		x.api(ctx, api)
	}
	return nil
}

// examiner runs checks and reports what they find.
type examiner struct {
	*report
	conf    *config.Config
	timeout time.Duration
	needs   time.Duration // history before a forecast can be trusted
	now     func() time.Time
}

// within runs one check with its time limit.
func (x *examiner) within(ctx context.Context, check func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	check(ctx)
}

// tolerance is how far clocks may be apart: records from further ahead are
// dead-lettered at ten minutes, and people are confused by far less.
const tolerance = 2 * time.Second

// clock compares another machine's clock with this one's.
func (x *examiner) clock(whose string, at time.Time, resolution time.Duration) {
	off := at.Sub(x.now())
	if off.Abs() > tolerance+resolution {
		x.warn("clock", "let both machines follow the same time server", "%s's clock is %v off from this machine's", whose, off.Round(time.Millisecond))
		return
	}
	x.ok("clock", "%s's clock agrees with this machine's to %v", whose, tolerance+resolution)
}
