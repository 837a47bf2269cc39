// Package whatif is `drover whatif`: it asks what would happen to a fleet if
// servers were emptied or lost, if load or links changed, and what Drover would
// do about it. It wires a view of a fleet, the scenario core and the solver;
// nothing is carried out.
package whatif

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/scenario/policy"
	"drover/internal/scenario/question"
	"drover/internal/solver"
)

// options are the command's flags.
type options struct {
	fleet, view, save, futures string
	history                    time.Duration
	drain, load, lose, slow    []string
	servers                    []string
	growth, at, output         string
	quantile                   float64
	evaluations                int64
	seed                       uint64
}

// Command returns the command.
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "whatif",
		Short: "Ask what a loss, a drain or more load would do",
		Long: `Evaluate the present placement of a fleet in futures that you describe, beside
those that Drover imagines anyway, and show the plan that it would propose.
Nothing is carried out.

The fleet is a simulated one (--fleet, the built-in one by default), which is
played for its history first, or a saved view (--view). --at asks about a later
time; losses and load changes begin then, and where forecasts don't reach as far
their last step stands for the rest. Several of --drain, --load, --lose and
--slow together are one future; --futures adds more from a file, which is
checked as a whole before anything is computed.

--server like:s12 asks what one more server such as s12 would do: it is there in
every future, and broken promises are shown with and without it. The search with
it starts from the moves found without it: it is never the worse answer.`,
		Example: `  drover whatif --drain s12 --load web=+40% --lose zone:b --at 18:00
  drover whatif --lose server:s03 -o json
  drover whatif --futures futures.yaml --save-view view.json
  drover whatif --view view.json --growth 30% --server like:s12 --server like:s12`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := c.Flags()
	f.StringVar(&o.fleet, "fleet", "", "YAML file of a simulated fleet; empty: the built-in one")
	f.DurationVar(&o.history, "history", 48*time.Hour, "history that a simulated fleet is played for")
	f.StringVar(&o.view, "view", "", "JSON file of a saved view, instead of a fleet")
	f.StringVar(&o.save, "save-view", "", "write the view to this file, for --view")
	f.StringVar(&o.futures, "futures", "", "YAML file of futures to look at")
	f.StringArrayVar(&o.drain, "drain", nil, "server to empty (may be repeated)")
	f.StringArrayVar(&o.servers, "server", nil, "like:ID: one more server of the kind that ID is (may be repeated)")
	f.StringArrayVar(&o.load, "load", nil, "APP=+40%: load of an application, \"all\" for every one (may be repeated)")
	f.StringArrayVar(&o.lose, "lose", nil, "server:ID, rack:NAME or zone:NAME that is lost (may be repeated)")
	f.StringArrayVar(&o.slow, "slow", nil, "A:B=3x: round trips between two servers or two zones (may be repeated)")
	f.StringVar(&o.growth, "growth", "", "10%: growth of all load")
	f.Float64Var(&o.quantile, "quantile", 0, "level of the forecasts within (0,1); 0: the expected load")
	f.StringVar(&o.at, "at", "", "time asked about: 18:00, or RFC 3339")
	f.Int64Var(&o.evaluations, "evaluations", 100_000, "budget of the solver")
	f.Uint64Var(&o.seed, "seed", 1, "seed")
	f.StringVarP(&o.output, "output", "o", "table", "table, wide (which cuts nothing) or json")
	return c
}

// report is the answer as JSON.
type report struct {
	Question   scenario.Question `json:"question"`
	Evaluation model.Evaluation  `json:"evaluation"`
	Plan       *model.Plan       `json:"plan"`
	// Without is the answer without the servers that were asked for.
	Without *model.Evaluation `json:"without,omitempty"`
}

// check tells what is wrong with flags that say nothing about the fleet.
func (o *options) check() error {
	switch {
	case !slices.Contains([]string{"table", "wide", "json"}, o.output):
		return fmt.Errorf("-o %s: want table, wide or json", o.output)
	case o.view != "" && o.fleet != "":
		return fmt.Errorf("--view and --fleet exclude one another")
	case o.evaluations < 1:
		return fmt.Errorf("--evaluations %d: want at least 1", o.evaluations)
	case o.history < 0:
		return fmt.Errorf("--history %v: want a time from 0", o.history)
	}
	return nil
}

// policy is what plans are made by, with the futures of the file.
func (o *options) policy() (scenario.Config, error) {
	cfg := scenario.DefaultConfig()
	cfg.Budget = scenario.Budget{Seed: o.seed, Evaluations: o.evaluations}
	if o.futures == "" {
		return cfg, nil
	}
	text, err := os.ReadFile(o.futures)
	if err != nil {
		return cfg, fmt.Errorf("futures: %w", err)
	}
	if cfg.Futures, err = policy.ParseFutures(text); err != nil {
		return cfg, fmt.Errorf("%s: %w", o.futures, err)
	}
	if len(cfg.Futures) == 0 {
		return cfg, fmt.Errorf("%s: no futures in it: want a list under \"futures:\"", o.futures)
	}
	return cfg, nil
}

func (o *options) run(cmd *cobra.Command) error {
	if err := o.check(); err != nil {
		return cli.Usage(err)
	}
	asked, err := question.Parse(question.Text{Drain: o.drain, Server: o.servers, Load: o.load, Lose: o.lose, Slow: o.slow, Growth: o.growth, Quantile: o.quantile})
	if err != nil {
		return cli.Usage(err)
	}
	cfg, err := o.policy()
	if err != nil {
		return err
	}
	view, err := o.loadView(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if asked.At, err = question.ParseAt(o.at, view.Tick); err != nil {
		return cli.Usage(err)
	}
	if err := question.Begin(&asked, view); err != nil {
		return err
	}
	if until := view.ForecastUntil(); until != 0 && asked.At >= until {
		fmt.Fprintf(cmd.ErrOrStderr(), "forecasts reach until %v: their last step stands for %v\n", until, asked.At)
	}
	a := scenario.Ask(view, cfg, asked, solve)
	r := report{asked, a.Evaluation, a.Plan, a.Without}
	if o.output == "json" {
		return writeJSON(cmd.OutOrStdout(), r)
	}
	return r.write(cmd.OutOrStdout(), o.output == "wide")
}

// solve is Drover's solver as the scenario core wants it.
func solve(p *model.Problem, b scenario.Budget) (model.Answer, error) {
	return solver.DecideFrom(p, b.Incumbent, b.Seed, b.Evaluations)
}
