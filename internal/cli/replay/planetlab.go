package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/planetlab"
	"drover/internal/replay"
	"drover/internal/stage"
	"drover/internal/stream"
)

type planetLabFlags struct {
	shared
	order, decisions string
	until            int
}

func planetLabCommand() *cobra.Command {
	var f planetLabFlags
	c := &cobra.Command{
		Use:   "planetlab DIR",
		Short: "Replay a day of PlanetLab CPU traces",
		Long: `Replay a day of PlanetLab CPU traces as events and score what was decided. The
decisions are those of 'drover backtest planetlab', byte for byte.

With --stages none only the day is fed and the decisions are gathered; run the
services with --policy consolidate --driver vm-simulator --horizon 1 --beat 5m
under the same --prefix.`,
		Args: cobra.ExactArgs(1),
		Example: `  drover replay planetlab ../shared/data/planetlab/20110303
  drover replay planetlab DIR --brokers 127.0.0.1:9092 --redis 127.0.0.1:6379 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			conf, err := f.load(cmd)
			if err != nil {
				return err
			}
			if f.until < 0 || f.until > planetlab.LastTick {
				return cli.Usage(fmt.Errorf("--until %d: want 1..%d, or 0 for the whole day", f.until, planetlab.LastTick))
			}
			return f.run(cmd.Context(), conf, args[0], cmd.OutOrStdout())
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.order, "order", "", "`file` of trace names, one a line, VM i on line i (default: sorted names)")
	c.Flags().IntVar(&f.until, "until", 0, "feed ticks up to this `tick` (0: the whole day)")
	c.Flags().StringVar(&f.decisions, "decisions", "", "write the decisions to this CSV `file`")
	return c
}

func (f *planetLabFlags) run(ctx context.Context, conf *config.Config, dir string, w io.Writer) error {
	day, err := replay.OpenDay(dir, f.order)
	if err != nil {
		return err
	}
	lab := &replay.PlanetLab{Day: day, Last: planetlab.LastTick}
	if f.until > 0 {
		lab.Last = f.until
	}
	conf.Policy, conf.Driver, conf.Horizon = "consolidate", "vm-simulator", 1
	conf.Interval = planetlab.StepSeconds * time.Second
	conf.Beat = conf.Interval
	began := time.Now()
	decisions := replay.NewDecisions(lab)
	j := job{conf: conf, producer: replay.PlanetLabProducer, stages: f.stages == "all",
		topics: []string{stream.Plans, stream.Scenarios},
		feed: func(ctx context.Context, feed *ingest.Feed, after model.Instant) error {
			return lab.Run(ctx, feed, after, nil)
		},
		watch: lastDecision(lab, decisions),
	}
	if err := j.run(ctx); err != nil {
		return fmt.Errorf("replay of %s: %w", dir, err)
	}
	moves, score, err := decisions.Score()
	if err != nil {
		return err
	}
	if f.decisions != "" {
		if err := replay.WriteDecisions(f.decisions, moves); err != nil {
			return err
		}
	}
	return f.write(w, score, time.Since(began))
}

// lastDecision gathers plans until the last tick has been decided and, where
// that made a plan, the plan is there too.
func lastDecision(lab *replay.PlanetLab, decisions *replay.Decisions) func(stage.Record) bool {
	var last *model.Evaluation
	return func(rec stage.Record) bool {
		switch e := rec.Event.(type) {
		case model.Plan:
			decisions.Add(e)
		case model.Evaluation:
			if e.Fleet == replay.PlanetLabFleet && lab.TickOf(e.Tick) == lab.Last {
				last = &e
			}
		}
		return last != nil && (last.PlanID == "" || decisions.Has(lab.Last))
	}
}

func (f *planetLabFlags) write(w io.Writer, score planetlab.Score, took time.Duration) error {
	if f.output == "json" {
		return json.NewEncoder(w).Encode(struct {
			planetlab.Score
			Seconds float64 `json:"seconds"`
		}{score, took.Seconds()})
	}
	_, err := fmt.Fprintf(w, "energy      %.2f kWh of at least %.2f\nmigrations  %d\nunserved    %.4f %%\ntime        %.1f s\n",
		score.EnergyKWh, score.LowerBoundKWh, score.Migrations, 100*score.Unserved, took.Seconds())
	return err
}
