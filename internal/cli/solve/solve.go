// Package solve is the `drover solve` command: it reads placement problems from
// files (ROADEF/EURO 2012 instances, Drover's own YAML), runs internal/solver on
// them within a budget of time, CPU time or evaluations, and writes the answer.
package solve

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/solver"
)

// budget holds the flags that bound and steer every search.
type budget struct {
	wall, cpu   time.Duration
	evaluations int64
	threads     int
	seed        uint64
	output      string
	without     []string // parts of the search
	omitted     solver.Technique
	oneLane     bool // --threads was not given
}

// defaultTime is the wall time of a search that has no other budget.
const defaultTime = 60 * time.Second

func (b *budget) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&b.wall, "time", 0, "wall time of the whole command (default 60s where no budget is given)")
	f.DurationVar(&b.cpu, "cpu-time", 0, "CPU time of the whole process, all threads together")
	f.Int64Var(&b.evaluations, "evaluations", 0, "work, in moves evaluated; deterministic")
	f.IntVar(&b.threads, "threads", 2, "threads that search")
	f.Uint64Var(&b.seed, "seed", 1, "seed of the random numbers")
	f.StringSliceVar(&b.without, "without", nil, "leave out parts of the search, to measure what they are worth: "+strings.Join(solver.TechniqueNames(), ", "))
	f.StringVarP(&b.output, "output", "o", "", "json: one JSON document on stdout")
}

func (b *budget) check(cmd *cobra.Command) (err error) {
	b.oneLane = !cmd.Flags().Changed("threads")
	if b.omitted, err = solver.ParseTechniques(b.without); err != nil {
		return cli.Usage(fmt.Errorf("--without: %w", err))
	}
	switch {
	case b.wall < 0 || b.cpu < 0 || b.evaluations < 0:
		return cli.Usage(errors.New("--time, --cpu-time and --evaluations must not be negative"))
	case b.threads < 1 || b.threads > 1024:
		return cli.Usage(fmt.Errorf("--threads %d: want 1 to 1024", b.threads))
	case b.output != "" && b.output != "json" && b.output != "table":
		return cli.Usage(fmt.Errorf("-o %s: want json or table", b.output))
	}
	if b.wall == 0 && b.cpu == 0 && b.evaluations == 0 {
		b.wall = defaultTime
	}
	return nil
}

// options turns the flags into the solver's options.
func (b *budget) options(guard *guard) solver.Options {
	o := solver.Options{Seed: b.seed, Evaluations: b.evaluations, Threads: b.threads, Guard: guard.spent, Without: b.omitted}
	if b.oneLane && b.cpu > 0 && b.wall == 0 && b.evaluations == 0 {
		// Where only CPU time counts, one long cooling beats two short ones.
		o.Threads = 1
	}
	return o
}

// Command returns `drover solve`.
func Command() *cobra.Command {
	var b budget
	var out string
	var exact bool
	cmd := &cobra.Command{
		Use:   "solve FILE.yaml",
		Short: "Solve a placement problem from a file",
		Long: "Solves a placement problem from Drover's own file (see docs/solver.md) and prints what every part of the\n" +
			"objective contributes. The subcommands read other formats.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.check(cmd); err != nil {
				return err
			}
			if err := checkFolder(out); err != nil {
				return err
			}
			p, err := readFile(args[0])
			if err != nil {
				return err
			}
			return runProblem(cmd, &b, p, out, exact)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "where the placement is written (CSV: replica,server)")
	cmd.Flags().BoolVar(&exact, "exact", false, "prove the optimum where the problem is small")
	b.flags(cmd)
	cmd.AddCommand(roadefCommand(), generatedCommand())
	return cmd
}
