package backtest

import (
	"encoding/json"
	"fmt"
	"io"
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
var policies = []string{"drover", "static", "threshold", "lr"}

type planetLabFlags struct {
	order, policy, decisions, output string
	until                            int
	seed                             uint64
}

func planetLabCommand() *cobra.Command {
	var f planetLabFlags
	c := &cobra.Command{
		Use:   "planetlab DIR",
		Short: "Play a policy on a day of PlanetLab CPU traces",
		Args:  cobra.ExactArgs(1),
		Example: `  drover backtest planetlab ../shared/data/planetlab/20110303
  drover backtest planetlab DIR --policy threshold --decisions moves.csv -o json`,
		RunE: func(cmd *cobra.Command, args []string) error { return runPlanetLab(cmd.OutOrStdout(), args[0], f) },
	}
	c.Flags().StringVar(&f.order, "order", "", "`file` of trace names, one a line, VM i on line i (default: sorted names)")
	c.Flags().IntVar(&f.until, "until", 0, "decide ticks up to this `tick` and score the time before it (0: the whole day)")
	c.Flags().StringVar(&f.policy, "policy", "drover", strings.Join(policies, ", "))
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
	}
	return nil
}

func runPlanetLab(w io.Writer, dir string, f planetLabFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	started, startedCPU := time.Now(), cpuSeconds()
	day, err := replay.OpenDay(dir, f.order)
	if err != nil {
		return err
	}
	policy, err := newPolicy(f.policy, len(day.Use))
	if err != nil {
		return err
	}
	decisions, score, err := planetlab.Play(day, policy, f.until)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if f.decisions != "" {
		if err := replay.WriteDecisions(f.decisions, decisions); err != nil {
			return err
		}
	}
	r := result{Policy: f.policy, VMs: len(day.Use), Score: score, Seconds: time.Since(started).Seconds(), CPUSeconds: cpuSeconds() - startedCPU}
	if score.LowerBoundKWh > 0 {
		r.EnergyRatio = score.EnergyKWh / score.LowerBoundKWh
	}
	return r.write(w, f.output)
}

// cpuSeconds is the processor time this process has used.
func cpuSeconds() float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

// result is the command's JSON document.
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
