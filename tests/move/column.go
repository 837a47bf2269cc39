package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"drover/internal/actuator"
	"drover/internal/model"
)

// The ends of cells, in the table's words.
const (
	endMoved    = "moved"
	endUpdated  = "updated"
	endRestored = "restored"
	endParked   = string(model.PlanParked)
)

// Column supplies one driver's table. Drivers that need another world than this
// package's have columns beside it; what FillColumns makes of them is counted,
// printed and published like the rest.
type Column struct {
	Driver string
	Note   string
	// Missing lists the programs that it needs and that aren't installed.
	Missing func() []string
	// Fill fills the table for some of the steps; none: all.
	Fill func(ctx context.Context, t *Table, steps []string, say func(string, ...any)) error
}

// Columns lists the drivers of this package, in the order of the document.
func Columns() []Column {
	columns := []Column{
		{Driver: "redis"},
		{Driver: "postgres"},
		{Driver: "files"},
		{Driver: "http", Note: "The process driver: a stateless service behind HAProxy."},
		{Driver: "envoy", Note: "The process driver behind Envoy."},
		{Driver: "containerd", Note: "The process driver over containers in two network namespaces; containerd revives what is killed."},
		{Driver: "exec", Note: "The sample driver in Python. Its points are its own acts: the program is killed there, as the executor's child or by itself."},
		{Driver: "webhook", Note: "The process driver behind HTTP, in a process of its own: it goes on when the executor is killed."},
		{Driver: "update", Note: "A server's update by a program; \"target killed\" kills the server's service."},
	}
	for i := range columns {
		c := &columns[i]
		s := scenes[c.Driver]
		c.Missing = s.missing
		c.Fill = func(ctx context.Context, t *Table, steps []string, say func(string, ...any)) error {
			return t.fill(ctx, s, steps, say)
		}
	}
	return append(columns, Column{Driver: "simulator", Missing: func() []string { return nil }, Fill: fillSimulated,
		Note: "Nothing real: times are event time, points are before and after the command."})
}

// sideBySide is how many tables are filled at a time: most of the time is spent
// waiting, but deadlines have to be met.
const sideBySide = 3

// FillColumns fills tables, a few side by side.
func FillColumns(ctx context.Context, columns []Column, steps []string, say func(string, ...any)) (Tables, error) {
	tables, errs := make(Tables, len(columns)), make([]error, len(columns))
	slots := make(chan struct{}, sideBySide)
	var all sync.WaitGroup
	for i, c := range columns {
		if missing := c.Missing(); len(missing) > 0 {
			return nil, fmt.Errorf("%s: not installed: %s", c.Driver, strings.Join(missing, ", "))
		}
		tables[i] = Table{Driver: c.Driver, Note: c.Note}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = c.Fill(ctx, &tables[i], steps, say)
		})
	}
	all.Wait()
	return tables, errors.Join(errs...)
}

// Tables is the tables of several drivers.
type Tables []Table

// Sums counts the cells by their end; one that ended in two ways counts for the
// worse. Wrong ones are counted besides, as are lost writes.
func (ts Tables) Sums() map[string]int {
	sums := map[string]int{"cells": 0, endMoved: 0, endRestored: 0, endParked: 0, "wrong": 0, "acked": 0, "lost": 0}
	for i := range ts {
		sums["acked"] += ts[i].Acked
		sums["lost"] += ts[i].Lost
		for _, c := range ts[i].Cells {
			sums["cells"]++
			worst := worstOf(c.Ends)
			if worst != "" {
				sums[worst]++
			}
			if c.Wrong != "" || worst == "" {
				sums["wrong"]++
			}
		}
	}
	return sums
}

// worstOf returns the worst of a cell's ends; an update counts as a move.
func worstOf(ends []string) string {
	worst := ""
	all := strings.ReplaceAll(strings.Join(ends, " "), endUpdated, endMoved)
	for _, end := range []string{endMoved, endRestored, endParked} {
		if strings.Contains(all, end) {
			worst = end
		}
	}
	return worst
}

// Write writes the tables in Markdown.
func (ts Tables) Write(w io.Writer) error {
	for i := range ts {
		if _, err := fmt.Fprintf(w, "\n%s", ts[i].markdown()); err != nil {
			return err
		}
	}
	return nil
}

// markdown returns one driver's table with its heading and its sums.
func (t *Table) markdown() string {
	var b strings.Builder
	sums := Tables{*t}.Sums()
	fmt.Fprintf(&b, "### %s\n\n", t.Driver)
	if t.Note != "" {
		b.WriteString(t.Note + " ")
	}
	fmt.Fprintf(&b, "%d cells: %d %s, %d restored, %d parked, %d wrong; lost %d of %d acknowledged writes.\n\n| step |",
		sums["cells"], sums[endMoved], t.done(), sums[endRestored], sums[endParked], sums["wrong"], t.Lost, t.Acked)
	for _, kind := range FaultKinds() {
		fmt.Fprintf(&b, " %s |", kind)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(FaultKinds())))
	step := model.StepKind("")
	for i := range t.Cells {
		c := &t.Cells[i]
		if c.Step != step {
			step = c.Step
			fmt.Fprintf(&b, "\n| %s |", step)
		}
		fmt.Fprintf(&b, " %s, %.1f s", strings.Join(c.Ends, " or "), c.Slowest.Seconds())
		if c.Points > 1 {
			fmt.Fprintf(&b, " (%d points)", c.Points)
		}
		if c.Wrong != "" {
			fmt.Fprintf(&b, " **%s**", c.Wrong)
		}
		b.WriteString(" |")
	}
	b.WriteString("\n")
	return b.String()
}

// done returns the table's word for what has been carried out.
func (t *Table) done() string {
	if len(t.Cells) > 0 && t.Cells[0].Step == model.StepUpdate {
		return endUpdated
	}
	return endMoved
}

// Publish puts the tables into a document, each between its own two marks
// ("<!-- table redis -->", "<!-- end of table redis -->"); the rest stays.
func (ts Tables) Publish(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	for i := range ts {
		begin, end := []byte("<!-- table "+ts[i].Driver+" -->\n"), []byte("<!-- end of table "+ts[i].Driver+" -->\n")
		before, rest, begun := bytes.Cut(text, begin)
		_, after, ended := bytes.Cut(rest, end)
		if !begun || !ended {
			return fmt.Errorf("publish: %s has no marks %q and %q", path, begin, end)
		}
		text = bytes.Join([][]byte{before, begin, []byte(ts[i].markdown()), end, after}, nil)
	}
	return os.WriteFile(path, text, 0o644)
}

// Whole tells whether every step of a move has a row, so that the table may be
// published.
func (t *Table) Whole() bool {
	return len(t.Cells) == len(actuator.MoveSteps())*len(FaultKinds()) || t.done() == endUpdated && len(t.Cells) == len(FaultKinds())
}
