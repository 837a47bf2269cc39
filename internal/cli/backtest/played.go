package backtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"drover/internal/cli"
	"drover/internal/pipeline/trial"
)

// checkPlayed tells what is wrong with the flags of every backtest that plays
// policies on a fleet.
func checkPlayed(policies, known []string, threads int, output, report string) error {
	switch {
	case threads < 1:
		return cli.Usage(fmt.Errorf("--threads %d: want at least 1", threads))
	case output != "table" && output != "json":
		return cli.Usage(fmt.Errorf("-o %q: want table or json", output))
	case len(policies) == 0:
		return cli.Usage(fmt.Errorf("--policies: want some of %s", strings.Join(known, ", ")))
	}
	for i, p := range policies {
		if !slices.Contains(known, p) || slices.Contains(policies[:i], p) {
			return cli.Usage(fmt.Errorf("--policies %q: want each of %s at most once", p, strings.Join(known, ", ")))
		}
	}
	return checkFile("report", report)
}

// batchGCPercent lets the heap grow to five times what is alive.
const batchGCPercent = 400

// play runs the trials of a plan and sums them up by policy. It is a long batch
// job: fewer collections for more memory.
func play(ctx context.Context, plan trial.Plan) (map[string][]*trial.Result, []trial.Summary, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(batchGCPercent))
	results, err := trial.RunAll(ctx, plan)
	if err != nil {
		return nil, nil, err
	}
	var summaries []trial.Summary
	for _, p := range plan.Policies {
		summaries = append(summaries, trial.Summarise(p, results[p]))
	}
	return results, summaries, nil
}

// shareOfAll returns what trials tell their progress to: show is told how much of
// so many is done, by one of them at a time.
func shareOfAll(trials int, show func(done float64)) func(policy string, seed uint64, done float64) {
	type one struct {
		policy string
		seed   uint64
	}
	var mu sync.Mutex
	shares := map[one]float64{}
	return func(policy string, seed uint64, done float64) {
		mu.Lock()
		defer mu.Unlock()
		shares[one{policy, seed}] = done
		sum := 0.0
		for _, s := range shares {
			sum += s
		}
		show(sum / float64(trials))
	}
}

// give writes a result: a report where one is wanted, then the document or the
// table.
func give(stdout io.Writer, report, output string, document any, html, table func(io.Writer) error) error {
	if report != "" {
		if err := writeReport(report, html); err != nil {
			return err
		}
	}
	if output == "json" {
		return json.NewEncoder(stdout).Encode(document)
	}
	return table(stdout)
}
