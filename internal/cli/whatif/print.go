package whatif

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"drover/internal/model"
)

func writeJSON(w io.Writer, r report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// writeTable shows every future before and after, the decision and the moves.
func writeTable(w io.Writer, ev model.Evaluation, plan *model.Plan) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "FUTURE\tWEIGHT\tBROKEN\tTHEN\tCOST\tTHEN\tTIGHTEST THEN")
	for _, s := range ev.Scenarios {
		fmt.Fprintf(t, "%s\t%.3f\t%d\t%d\t%.2f\t%.2f\t%s\n", s.Name, s.Weight, s.ViolationsBefore, s.ViolationsAfter,
			float64(s.CostBefore)/1e6, float64(s.CostAfter)/1e6, tightest(s.Worst))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s: %s\n", ev.Decision, ev.Reason)
	for _, s := range ev.Stages {
		fmt.Fprintf(w, "foreseen for %v: %s\n", s.At, s.Reason)
		for _, m := range s.Moves {
			fmt.Fprintf(w, "  %s %s > %s: %s\n", m.Replica, m.From, m.To, m.Reason)
		}
	}
	for _, d := range ev.Dropped {
		fmt.Fprintf(w, "left out: %s\n", d)
	}
	if plan == nil || len(plan.Moves) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	fmt.Fprintln(t, "WAVE\tREPLICA\tFROM\tTO\tNOT BEFORE\tAT THE LATEST\tTAKES\tREASON")
	for _, m := range plan.Moves {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%v\t%v\t%v\t%s\n", m.Wave, m.Replica, m.From, m.To, m.EarliestStart, m.LatestStart, m.ExpectDuration, m.Reason)
	}
	return t.Flush()
}

// tightest writes the worst margin of a future.
func tightest(worst []model.Margin) string {
	if len(worst) == 0 {
		return "-"
	}
	m := worst[0]
	name := string(m.Application)
	if name == "" {
		name = string(m.Server)
	}
	if !m.Valid {
		return fmt.Sprintf("%s %s: overload", name, m.Kind)
	}
	return fmt.Sprintf("%s %s: %+.1f %%", name, m.Kind, float64(m.MarginPPM)/1e4)
}
