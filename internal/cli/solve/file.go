package solve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/model"
	"drover/internal/solver"
)

// fileReport is what `drover solve FILE.yaml -o json` prints.
type fileReport struct {
	Objective      int64             `json:"objective"`
	StartObjective int64             `json:"start_objective"`
	LowerBound     int64             `json:"lower_bound"`
	Gap            float64           `json:"gap"`
	Proven         bool              `json:"proven"`
	Feasible       bool              `json:"feasible"`
	Violations     []string          `json:"violations"`
	MovesEvaluated int64             `json:"moves_evaluated"`
	Moved          int               `json:"moved"`
	Parts          map[string]int64  `json:"parts"`
	Placement      map[string]string `json:"placement,omitempty"`
	Seconds        float64           `json:"seconds"`
	CPUSeconds     float64           `json:"cpu_seconds"`
}

// runProblem solves p and reports; it is the common end of `drover solve
// FILE.yaml` and `drover solve generated`.
func runProblem(cmd *cobra.Command, b *budget, p *model.Problem, out string, exact bool) error {
	o := b.options(newGuard(cmd.Context(), b))
	o.Exact = exact
	o.Progress = progressTo(cmd.ErrOrStderr())
	a, err := solver.Solve(p, o)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	if out != "" {
		if err := writePlacement(out, p, a); err != nil {
			return err
		}
	}
	if b.output == "json" {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(reportFile(p, a, out == ""))
	} else {
		err = printTable(cmd.OutOrStdout(), a, time.Since(processStart).Seconds())
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if a.Violated > 0 {
		for k, v := range a.Violations {
			if k == maxListed {
				break
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "broken: %s: %s\n", v.Kind, v.Text)
		}
		return fmt.Errorf("%d constraints cannot be met (listed above)", a.Violated)
	}
	return nil
}

// maxListed is how many violations are printed.
const maxListed = 20

func reportFile(p *model.Problem, a *model.Answer, placement bool) fileReport {
	r := fileReport{
		Objective: a.Costs.Total(), StartObjective: a.Start.Total(), LowerBound: a.LowerBound, Gap: a.Gap(), Proven: a.Proven,
		Feasible: a.Violated == 0, Violations: []string{}, MovesEvaluated: a.Evaluations, Moved: a.Moved, Parts: map[string]int64{},
		Seconds: time.Since(processStart).Seconds(), CPUSeconds: cpuTime().Seconds(),
	}
	for _, v := range a.Violations {
		r.Violations = append(r.Violations, v.Text)
	}
	for part, v := range a.Costs {
		if v != 0 || a.Start[part] != 0 {
			r.Parts[model.Part(part).String()] = v
		}
	}
	if placement {
		r.Placement = map[string]string{}
		for i, b := range a.Assignment {
			if b >= 0 {
				r.Placement[p.Items[i].Name] = p.Bins[b].Name
			}
		}
	}
	return r
}

// writePlacement writes lines "replica,server"; a replica without a place has
// an empty server.
func writePlacement(path string, p *model.Problem, a *model.Answer) error {
	var text bytes.Buffer
	text.WriteString("replica,server\n")
	for i, b := range a.Assignment {
		server := ""
		if b >= 0 {
			server = p.Bins[b].Name
		}
		fmt.Fprintf(&text, "%s,%s\n", p.Items[i].Name, server)
	}
	return writeWhole(path, text.Bytes())
}

// generatedCommand solves a problem made by solver.Generate: a way to measure
// the solver on fleets of any size without a file.
func generatedCommand() *cobra.Command {
	var b budget
	var bins, items, periods int
	var problemSeed uint64
	cmd := &cobra.Command{
		Use:   "generated",
		Short: "Solve a generated fleet (for measurements)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := b.check(cmd); err != nil {
				return err
			}
			p, err := solver.Generate(solver.GenerateOptions{Bins: bins, Items: items, Periods: periods, Seed: problemSeed})
			if err != nil {
				return err
			}
			return runProblem(cmd, &b, p, "/dev/null", false)
		},
	}
	cmd.Flags().IntVar(&bins, "servers", 1000, "servers")
	cmd.Flags().IntVar(&items, "replicas", 10000, "replicas")
	cmd.Flags().IntVar(&periods, "periods", 3, "periods of demand")
	cmd.Flags().Uint64Var(&problemSeed, "problem-seed", 1, "seed of the problem")
	b.flags(cmd)
	return cmd
}
