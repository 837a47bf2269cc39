package backtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/planetlab"
	"drover/internal/replay"
)

// policies are the names `--policy` knows.
var policies = []string{"drover", "static", "threshold", "lr", "oracle"}

type planetLabFlags struct {
	order, policy, decisions, report, output string
	policies                                 []string // played beside one another in place of policy
	policyNamed                              bool
	until                                    int
	seed                                     uint64
}

func planetLabCommand() *cobra.Command {
	var f planetLabFlags
	c := &cobra.Command{
		Use:   "planetlab DIR",
		Short: "Play policies on a day of PlanetLab CPU traces",
		Long: `Play policies on a day of PlanetLab CPU traces: VMs are placed and migrated on
hosts whose CPU is overbooked. A policy sees the samples up to its tick only; a
player with the true demand between them counts energy, migrations and the demand
that went unserved, beside the least energy that any placement could need.

Policies: drover; static (every VM's full size reserved, never moves); threshold
(moves what is on hosts above 80 %, empties the least used); lr (the same by local
regression); oracle (drover that knows the true mean, variance and skewness of
every VM's next two hours: what better forecasts could still gain).`,
		Args: cobra.ExactArgs(1),
		Example: `  drover backtest planetlab ../shared/data/planetlab/20110303
  drover backtest planetlab DIR --policy threshold --decisions moves.csv -o json
  drover backtest planetlab DIR --policies drover,oracle,threshold --report day.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.policyNamed = cmd.Flags().Changed("policy")
			return runPlanetLab(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	c.Flags().StringVar(&f.order, "order", "", "`file` of trace names, one a line, VM i on line i (default: sorted names)")
	c.Flags().IntVar(&f.until, "until", 0, "decide ticks up to this `tick` and score the time before it (0: the whole day)")
	c.Flags().StringVar(&f.policy, "policy", "drover", strings.Join(policies, ", "))
	c.Flags().StringSliceVar(&f.policies, "policies", nil, "several of these, played beside one another in place of --policy")
	c.Flags().StringVar(&f.report, "report", "", "write a report with pictures to this HTML `file`")
	c.Flags().StringVar(&f.decisions, "decisions", "", "write the decisions to this CSV `file`")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed; the policies are deterministic and take none")
	c.Flags().StringVarP(&f.output, "output", "o", "table", "table or json")
	return c
}

func (f *planetLabFlags) check() error {
	switch {
	case !slices.Contains(policies, f.policy):
		return cli.Usage(fmt.Errorf("--policy %q: want one of %s", f.policy, strings.Join(policies, ", ")))
	case f.until < 0 || f.until > planetlab.LastTick:
		return cli.Usage(fmt.Errorf("--until %d: want 1..%d, or 0 for the whole day", f.until, planetlab.LastTick))
	case f.output != "table" && f.output != "json":
		return cli.Usage(fmt.Errorf("-o %q: want table or json", f.output))
	case len(f.policies) > 0 && f.policyNamed:
		return cli.Usage(errors.New("--policy and --policies: want one of them"))
	case len(f.policies) > 1 && f.decisions != "":
		return cli.Usage(fmt.Errorf("--decisions: want one policy, not %s", strings.Join(f.policies, ",")))
	}
	for i, p := range f.policies {
		if !slices.Contains(policies, p) || slices.Contains(f.policies[:i], p) {
			return cli.Usage(fmt.Errorf("--policies %q: want each of %s at most once", p, strings.Join(policies, ", ")))
		}
	}
	if err := checkFile("decisions", f.decisions); err != nil {
		return err
	}
	return checkFile("report", f.report)
}

func runPlanetLab(ctx context.Context, w, stderr io.Writer, dir string, f planetLabFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	clock := startClock()
	day, err := replay.OpenDay(dir, f.order)
	if err != nil {
		return err
	}
	names := f.policies
	if len(names) == 0 {
		names = []string{f.policy}
	}
	runs := make([]dayRun, len(names))
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if runs[i], err = playDay(stderr, day, name, f, clock); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		clock = startClock()
	}
	if f.report != "" {
		page := dayPageOf(filepath.Base(filepath.Clean(dir)), day, runs)
		err := writeReport(f.report, func(w io.Writer) error { return writePage(w, "planetlab.html", page) })
		if err != nil {
			return err
		}
	}
	if len(runs) > 1 {
		return writeRuns(w, runs, f.output)
	}
	return runs[0].write(w, f.output)
}

// dayRun is a policy's day: what it cost, and how that came about.
type dayRun struct {
	result
	frames []planetlab.Frame
}

// playDay plays one policy and writes its decisions where they are asked for.
func playDay(stderr io.Writer, day *planetlab.Day, name string, f planetLabFlags, clock clock) (run dayRun, err error) {
	policy, err := newPolicy(name, day)
	if err != nil {
		return run, err
	}
	watch := func(frame planetlab.Frame) { run.frames = append(run.frames, frame) }
	progress := cli.NewProgress(stderr, "playing "+name)
	defer progress.End()
	decisions, score, err := planetlab.PlayWatched(day, f.watched(policy, progress.Show), f.until, watch)
	if err != nil {
		return run, err
	}
	if f.decisions != "" {
		if err := replay.WriteDecisions(f.decisions, decisions); err != nil {
			return run, err
		}
	}
	run.result = result{Policy: name, VMs: len(day.Use), Score: score}
	run.Seconds, run.CPUSeconds = clock.read()
	if score.LowerBoundKWh > 0 {
		run.EnergyRatio = score.EnergyKWh / score.LowerBoundKWh
	}
	return run, nil
}

// clock tells how long something took.
type clock struct {
	at  time.Time
	cpu float64
}

func startClock() clock { return clock{time.Now(), cpuSeconds()} }

func (c clock) read() (seconds, cpu float64) { return time.Since(c.at).Seconds(), cpuSeconds() - c.cpu }

// cpuSeconds is the processor time this process has used.
func cpuSeconds() float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

// result is the JSON document of one policy.
type result struct {
	Policy      string  `json:"policy"`
	VMs         int     `json:"vms"`
	EnergyRatio float64 `json:"energy_ratio"`
	planetlab.Score
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

func (r *result) write(w io.Writer, format string) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, `policy        %s
VMs           %d
energy        %.2f kWh, %.4f times the bound of %.2f kWh
migrations    %d
unserved      %.4f %% of demand
overloaded    %.3f %% of host time
lost moving   %.4f %% of demand
ESV           %.3g
hosts on      %.1f in the mean
time          %.1f s, %.1f CPU s
`, r.Policy, r.VMs, r.EnergyKWh, r.EnergyRatio, r.LowerBoundKWh, r.Migrations, 100*r.Unserved, 100*r.SLATAH, 100*r.PDM,
		r.ESV, r.MeanHostsOn, r.Seconds, r.CPUSeconds)
	return err
}

// writeRuns writes several policies beside one another.
func writeRuns(w io.Writer, runs []dayRun, format string) error {
	if format == "json" {
		document := struct {
			Policies []result `json:"policies"`
		}{}
		for i := range runs {
			document.Policies = append(document.Policies, runs[i].result)
		}
		return json.NewEncoder(w).Encode(document)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d VMs; the bound is %.2f kWh\n\n", runs[0].VMs, runs[0].LowerBoundKWh)
	fmt.Fprintf(&b, "%-10s %9s %8s %10s %10s %11s %8s %6s\n",
		"policy", "kWh", "x bound", "migrations", "unserved", "overloaded", "hosts on", "CPU s")
	for i := range runs {
		r := &runs[i]
		fmt.Fprintf(&b, "%-10s %9.2f %8.4f %10d %8.4f %% %9.3f %% %8.1f %6.1f\n", r.Policy,
			r.EnergyKWh, r.EnergyRatio, r.Migrations, 100*r.Unserved, 100*r.SLATAH, r.MeanHostsOn, r.CPUSeconds)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
