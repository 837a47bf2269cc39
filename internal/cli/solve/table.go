package solve

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"drover/internal/model"
	"drover/internal/solver"
)

// progressTo returns a function that prints the best cost as it falls, at most
// once a second.
func progressTo(w io.Writer) func(solver.Progress) {
	var last time.Time
	return func(p solver.Progress) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		note := ""
		if p.Violated {
			note = " (infeasible yet)"
		}
		fmt.Fprintf(w, "%12d evaluations  cost %d%s\n", p.Evaluations, p.Cost, note)
	}
}

// printTable writes what every part of the objective contributes, before and
// after, and the bound.
func printTable(w io.Writer, a *model.Answer, seconds float64) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "part\tstart\tnow\tchange\t")
	line := func(name string, before, after int64) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%+d\t\n", name, before, after, after-before)
	}
	for part, v := range a.Costs {
		if v != 0 || a.Start[part] != 0 {
			line(model.Part(part).String(), a.Start[part], v)
		}
	}
	line("total", a.Start.Total(), a.Costs.Total())
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	proven := ""
	switch {
	case a.Proven && a.Violated > 0:
		proven = ", proven that no placement keeps every constraint"
	case a.Violated > 0:
		proven = ", some constraints are broken"
	case a.Proven:
		proven = ", proven optimal"
	}
	_, err := fmt.Fprintf(w, "lower bound %d, gap %.4f %%%s; %d of %d items moved; %d moves evaluated in %.1f s\n",
		a.LowerBound, 100*a.Gap(), proven, a.Moved, len(a.Assignment), a.Evaluations, seconds)
	return err
}
