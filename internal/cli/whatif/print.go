package whatif

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"drover/internal/cli"
	"drover/internal/model"
)

func writeJSON(w io.Writer, r report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// columns is how wide texts are; tables are as wide as the terminal says.
const columns = 78

// write shows every future before and after, the decision and the moves; wide, no
// cell is cut.
func (r *report) write(w io.Writer, wide bool) error {
	if err := r.futures(w, wide); err != nil {
		return err
	}
	ev := &r.Evaluation
	say := func(indent int, format string, args ...any) {
		fmt.Fprintf(w, "%s\n", cli.Wrap(cli.Clean(fmt.Sprintf(format, args...)), columns, indent))
	}
	fmt.Fprintln(w)
	r.compare(say)
	with := ""
	if r.Without != nil {
		with = "with: "
	}
	say(0, "%s%s: %s", with, ev.Decision, ev.Reason)
	for _, s := range ev.Stages {
		say(2, "foreseen for %s: %s", r.clock(s.At), s.Reason)
		for _, m := range s.Moves {
			fmt.Fprint(w, "  ")
			say(4, "%s %s > %s: %s", m.Replica, m.From, m.To, m.Reason)
		}
	}
	for _, d := range ev.Dropped {
		say(2, "left out: %s", d)
	}
	if r.Plan == nil || len(r.Plan.Moves) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return r.moves(w, wide)
}

// futures is a line for each; with servers that come, broken promises stand
// without and with them.
func (r *report) futures(w io.Writer, wide bool) error {
	header := []string{"WEIGHT", "BROKEN", "COST", "TIGHTEST THEN", "FUTURE"}
	if r.Without != nil {
		header = []string{"WEIGHT", "WITHOUT", "WITH", "COST", "TIGHTEST THEN", "FUTURE"}
	}
	t := cli.NewTable(w, wide, header...)
	for _, s := range r.Evaluation.Scenarios {
		cells := []string{fmt.Sprintf("%.3f", s.Weight)}
		if r.Without != nil {
			before := "-"
			if other := r.without(s.Name); other != nil {
				before = broken(other)
			}
			cells = append(cells, before)
		}
		t.Add(append(cells, broken(&s), fmt.Sprintf("%.2f>%.2f", float64(s.CostBefore)/1e6, float64(s.CostAfter)/1e6), tightest(s.Worst), s.Name)...)
	}
	return t.Write(w)
}

// without finds a future in the answer without the servers that come.
func (r *report) without(name string) *model.ScenarioResult {
	for i, s := range r.Without.Scenarios {
		if s.Name == name {
			return &r.Without.Scenarios[i]
		}
	}
	return nil
}

// compare sums up what the servers that come would change, over the futures that
// both answers looked at.
func (r *report) compare(say func(indent int, format string, args ...any)) {
	if r.Without == nil {
		return
	}
	with, without := 0, 0
	for _, s := range r.Evaluation.Scenarios {
		if other := r.without(s.Name); other != nil && s.Kind != model.ScenarioStatusQuo {
			with, without = with+s.ViolationsAfter, without+other.ViolationsAfter
		}
	}
	count := map[model.ServerID]int{}
	for _, id := range r.Question.Added {
		count[id]++
	}
	var kinds []string
	for _, id := range slices.Sorted(maps.Keys(count)) {
		kinds = append(kinds, fmt.Sprintf("%d more like %s", count[id], id))
	}
	say(0, "with %s, after the moves: promises broken over these futures %d, without %d", strings.Join(kinds, " and "), with, without)
	say(0, "without: %s: %s", r.Without.Decision, r.Without.Reason)
}

func (r *report) moves(w io.Writer, wide bool) error {
	t := cli.NewTable(w, wide, "WAVE", "REPLICA", "FROM", "TO", "FIRST", "LAST", "TAKES", "WHY")
	for _, m := range r.Plan.Moves {
		t.Add(fmt.Sprint(m.Wave), string(m.Replica), string(m.From), string(m.To), r.clock(m.EarliestStart), r.clock(m.LatestStart),
			m.ExpectDuration.Round(time.Second).String(), m.Reason)
	}
	return t.Write(w)
}

func broken(s *model.ScenarioResult) string {
	return fmt.Sprintf("%d>%d", s.ViolationsBefore, s.ViolationsAfter)
}

// clock writes a time, with its date on another day than the answer's.
func (r *report) clock(at model.Instant) string {
	switch {
	case at == 0:
		return "-"
	case at.Floor(24*time.Hour) == r.Evaluation.Tick.Floor(24*time.Hour):
		return at.Time().Format("15:04")
	}
	return at.Time().Format("01-02 15:04")
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
