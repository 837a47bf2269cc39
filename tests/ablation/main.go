// Command ablation measures what each part of the search is worth: it runs
// `drover solve roadef` on some instances of the machine reassignment challenge
// with all parts and with one part left out at a time, every run with the same
// CPU time and the same seeds, and prints a table of how much dearer the answers
// become.
//
//	go build -o drover ./cmd/drover && go run ./tests/ablation -drover ./drover -data ../shared/data/roadef2012
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"drover/internal/solver"
)

// plan is what is measured.
type plan struct {
	instances []string
	parts     []string
	seeds     int
	solve     func(ctx context.Context, instance, without string, seed int) (int64, error)
}

func main() {
	drover := flag.String("drover", "drover", "the program")
	data := flag.String("data", filepath.Join("..", "shared", "data", "roadef2012"), "folder of the instances")
	instances := flag.String("instances", "a1_4,a2_3,b_1,b_3", "which of them")
	parts := flag.String("parts", strings.Join(solver.TechniqueNames(), ","), "parts left out, one at a time")
	seeds := flag.Int("seeds", 1, "runs of each case, with the seeds from 1 on")
	budget := flag.Duration("cpu-time", 10*time.Second, "CPU time of a run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := plan{instances: strings.Split(*instances, ","), parts: strings.Split(*parts, ","), seeds: *seeds,
		solve: func(ctx context.Context, instance, without string, seed int) (int64, error) {
			return run(ctx, *drover, *data, instance, without, seed, *budget)
		}}
	if err := p.table(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ablation:", err)
		stop()
		os.Exit(1)
	}
}

// run solves one instance and returns the objective.
func run(ctx context.Context, drover, data, instance, without string, seed int, budget time.Duration) (int64, error) {
	args := []string{"solve", "roadef", "--model", filepath.Join(data, "model_"+instance+".txt"),
		"--initial", filepath.Join(data, "assignment_"+instance+".txt"), "--out", os.DevNull,
		"--cpu-time", budget.String(), "--seed", fmt.Sprint(seed), "-o", "json"}
	if without != "" {
		args = append(args, "--without", without)
	}
	text, err := exec.CommandContext(ctx, drover, args...).Output()
	if err != nil {
		return 0, fmt.Errorf("%s on %s: %w", drover, instance, err)
	}
	var report struct {
		Objective int64 `json:"objective"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return 0, fmt.Errorf("%s on %s: %w", drover, instance, err)
	}
	return report.Objective, nil
}

// table runs all cases and writes a row as soon as it is known.
func (p *plan) table(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "| left out | %s | mean |\n|---|%s---|\n", strings.Join(p.instances, " | "), strings.Repeat("---|", len(p.instances)))
	whole, err := p.row(ctx, "")
	if err != nil {
		return err
	}
	fmt.Fprint(w, "| nothing |")
	for _, cost := range whole {
		fmt.Fprintf(w, " %.1f M |", cost/1e6)
	}
	fmt.Fprintln(w, " |")
	for _, part := range p.parts {
		costs, err := p.row(ctx, part)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| %s |", part)
		sum := 0.0
		for k, cost := range costs {
			change := 100 * (cost/whole[k] - 1)
			sum += change
			fmt.Fprintf(w, " %+.2f %% |", change)
		}
		fmt.Fprintf(w, " %+.2f %% |\n", sum/float64(len(costs)))
	}
	return nil
}

// row returns the mean cost of every instance with a part left out.
func (p *plan) row(ctx context.Context, without string) ([]float64, error) {
	means := make([]float64, len(p.instances))
	for k, instance := range p.instances {
		for seed := range p.seeds {
			cost, err := p.solve(ctx, instance, without, seed+1)
			if err != nil {
				return nil, err
			}
			means[k] += float64(cost) / float64(p.seeds)
		}
	}
	return means, nil
}
