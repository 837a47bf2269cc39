package backtest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/pipeline/trial"
	"drover/internal/simfleet"
)

type fleetFlags struct {
	servers, days, seeds, threads int
	seed                          uint64
	policies                      []string
	report, output                string
}

func fleetCommand() *cobra.Command {
	var f fleetFlags
	c := &cobra.Command{
		Use:   "fleet",
		Short: "Play policies on generated fleets, judged minute by minute",
		Long: `Play policies on generated fleets: products in call chains with seasons of their
own, a campaign a week, a night in which a rack is maintained, and bursts that
nobody announces. Everything runs through the same stages as live. A judge who
knows the true load counts the minutes in which a promise of an application was
broken (headroom, capacity, response time, standing on a server in maintenance),
the energy and the moves.

Policies: drover; static (never moves); threshold (moves what is on servers above
80 %, empties the least used); oracle (drover with the true load as forecast).`,
		Args: cobra.NoArgs,
		Example: `  drover backtest fleet --seeds 20
  drover backtest fleet --days 3 --policies drover,threshold --report fleet.html`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runFleet(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), f)
		},
	}
	c.Flags().IntVar(&f.servers, "servers", 200, "servers of a fleet, a multiple of 40")
	c.Flags().IntVar(&f.days, "days", 14, "days that are played, after two weeks of history")
	c.Flags().IntVar(&f.seeds, "seeds", 1, "how many fleets, each from a seed of its own")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "the first seed")
	c.Flags().StringSliceVar(&f.policies, "policies", []string{"drover", "threshold", "static"}, strings.Join(trial.Policies(), ", "))
	c.Flags().IntVar(&f.threads, "threads", 2, "fleets played at once; the results are the same")
	c.Flags().StringVar(&f.report, "report", "", "write a report with pictures to this HTML `file`")
	c.Flags().StringVarP(&f.output, "output", "o", "table", "table or json")
	return c
}

func (f *fleetFlags) check() error {
	if err := (simfleet.Generated{Servers: f.servers, Days: f.days}).Validate(); err != nil {
		return cli.Usage(fmt.Errorf("--%w", err)) // it begins with the flag's name
	}
	if f.seeds < 1 {
		return cli.Usage(fmt.Errorf("--seeds %d: want at least 1", f.seeds))
	}
	return checkPlayed(f.policies, trial.Policies(), f.threads, f.output, f.report)
}

// fleetResult is the command's JSON document.
type fleetResult struct {
	Servers    int                        `json:"servers"`
	Days       int                        `json:"days"`
	Policies   []trial.Summary            `json:"policies"`
	Trials     map[string][]*trial.Result `json:"trials"`
	Seconds    float64                    `json:"seconds"`
	CPUSeconds float64                    `json:"cpu_seconds"`
}

func runFleet(ctx context.Context, stdout, stderr io.Writer, f fleetFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	clock := startClock()
	plan := trial.Plan{Policies: f.policies, First: f.seed, Seeds: f.seeds, Servers: f.servers, Days: f.days, Threads: f.threads,
		Progress: progress(stderr, f), Ended: ended(stderr)}
	results, summaries, err := play(ctx, plan)
	if err != nil {
		return err
	}
	out := fleetResult{Servers: f.servers, Days: f.days, Policies: summaries, Trials: results}
	out.Seconds, out.CPUSeconds = clock.read()
	return give(stdout, f.report, f.output, out, out.html, out.table)
}

// ended tells of every trial as it ends, so that a stopped command has not run
// in vain.
func ended(w io.Writer) func(*trial.Result) {
	var mu sync.Mutex
	return func(r *trial.Result) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "seed %d, %s: %d violated minutes (%d by maintenance), %.1f kWh, %d moves, %d unsaid\n",
			r.Seed, r.Policy, r.Violated, r.Minutes.Maintenance, r.EnergyKWh, r.Moves, r.RepeatsUnsaid)
	}
}

// progress tells, at most every ten seconds, how much of all is done.
func progress(w io.Writer, f fleetFlags) func(policy string, seed uint64, done float64) {
	last := time.Now()
	return shareOfAll(f.seeds*len(f.policies), func(done float64) {
		if time.Since(last) < 10*time.Second {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "%3.0f %% played\n", 100*done)
	})
}

// table writes the summary, two lines a policy at most 80 columns wide.
func (r *fleetResult) table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d servers, %d days, %d fleets; %.1f CPU s\n\n", r.Servers, r.Days, r.Policies[0].Seeds, r.CPUSeconds)
	summaryTable(&b, r.Policies)
	r.bySeed(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// summaryTable writes two lines a policy.
func summaryTable(b *strings.Builder, policies []trial.Summary) {
	fmt.Fprintf(b, "%-10s %10s %9s %10s %8s %8s %8s\n", "policy", "violated", "share", "energy", "servers", "moves", "plans")
	fmt.Fprintf(b, "%-10s %10s %9s %10s %8s %8s %8s\n", "", "minutes", "%", "kWh", "on", "", "")
	for _, p := range policies {
		fmt.Fprintf(b, "%-10s %10d %9.4f %10.1f %8.1f %8d %8d\n", p.Policy, p.Violated, 100*float64(p.Violated)/float64(p.Application),
			p.EnergyKWh, p.ServersOn, p.Moves, p.Plans)
	}
	fmt.Fprintf(b, "\n%-10s %11s %8s %8s %8s %7s %7s %7s\n", "violated", "maintenance", "overload", "headroom", "response", "again", "replica", "unsaid")
	for _, p := range policies {
		fmt.Fprintf(b, "%-10s %11d %8d %8d %8d %7d %7d %7d\n", p.Policy, p.Minutes.Maintenance, p.Minutes.Overload, p.Minutes.Headroom,
			p.Minutes.Response, p.Repeats, p.ReplicaRepeats, p.RepeatsUnsaid)
	}
	b.WriteString("\nagain: moves of an application within an hour of another plan's; replica: such\nof one and the same replica; unsaid: those whose reason does not say so.\n")
}

// bySeed adds a line for every fleet: each policy against threshold,
// or against the last one named where that was not played.
func (r *fleetResult) bySeed(b *strings.Builder) {
	if r.Policies[0].Seeds < 2 {
		return
	}
	yardstick := r.Policies[len(r.Policies)-1].Policy
	if r.Trials["threshold"] != nil {
		yardstick = "threshold"
	}
	fmt.Fprintf(b, "\n%-5s %-10s %9s %11s %10s %8s %7s %7s\n", "seed", "policy", "violated", "maintenance", "kWh", "x "+yardstick[:min(6, len(yardstick))], "moves", "unsaid")
	for k, base := range r.Trials[yardstick] {
		for _, p := range r.Policies {
			t := r.Trials[p.Policy][k]
			fmt.Fprintf(b, "%-5d %-10s %9d %11d %10.1f %8.4f %7d %7d\n", t.Seed, t.Policy, t.Violated, t.Minutes.Maintenance, t.EnergyKWh,
				t.EnergyKWh/base.EnergyKWh, t.Moves, t.RepeatsUnsaid)
		}
	}
}
