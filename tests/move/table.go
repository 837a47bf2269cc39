package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Cell is one step of one driver going wrong in one way.
type Cell struct {
	Driver string
	Step   model.StepKind
	Kind   FaultKind
	// Points is how many places inside the step were tried.
	Points int
	// Ends holds the states that the tries ended in: moved, restored, parked.
	Ends []string
	// Slowest is the longest time from the plan's start to its end.
	Slowest time.Duration
	// Wrong says what promise was broken; empty: none.
	Wrong string
}

// maxPoints bounds the places tried inside one step.
const maxPoints = 24

// Table is the cells of several drivers.
type Table struct {
	Cells []Cell
	// Acked and Lost count the writes of the load that ran meanwhile.
	Acked, Lost int
}

// fill tries the steps (none: every step) with every kind of failure, at every
// point inside them.
func (t *Table) fill(ctx context.Context, driver string, s scene, steps []string, say func(string, ...any)) error {
	b := bench{ctx: ctx, say: say, about: s}
	defer b.close()
	for _, step := range actuator.MoveSteps() {
		if len(steps) > 0 && !slices.Contains(steps, string(step)) {
			continue
		}
		for _, kind := range FaultKinds() {
			cell := Cell{Driver: driver, Step: step, Kind: kind}
			if err := b.fill(&cell); err != nil {
				return fmt.Errorf("%s, %s, %s: %w", driver, step, kind, err)
			}
			say("%-10s %-18s %-16s %-16s %2d points %6.2f s %s", driver, step, kind, strings.Join(cell.Ends, ", "), cell.Points, cell.Slowest.Seconds(), cell.Wrong)
			t.Cells = append(t.Cells, cell)
		}
	}
	if err := b.settle(); err != nil {
		return err
	}
	t.Acked += b.acked
	t.Lost += b.lost
	return nil
}

// bench is the scene that cells are tried on, one after the other, under a
// light load.
type bench struct {
	ctx         context.Context
	say         func(string, ...any)
	about       scene
	scene       Scene
	load        *Load
	number      int
	acked, lost int
}

// ready makes sure that there is a scene with a load.
func (b *bench) ready() error {
	if b.scene != nil {
		return nil
	}
	scene, err := b.about.open(b.ctx)
	if err != nil {
		return err
	}
	b.scene = scene
	b.load = &Load{Dial: scene.Dial, Every: 2 * time.Millisecond}
	b.load.Start(b.ctx, 2)
	return nil
}

// settle ends the load, counts what was lost and ends the scene.
func (b *bench) settle() error {
	if b.scene == nil {
		return nil
	}
	acked := b.load.Stop()
	lost, err := b.scene.Lost(b.ctx, acked)
	b.acked += b.load.Acked()
	b.lost += lost
	b.close()
	return err
}

func (b *bench) close() {
	if b.scene == nil {
		return
	}
	b.load.Stop()
	if err := b.scene.Close(); err != nil {
		b.say("scene: %v", err)
	}
	b.scene = nil
}

// fill tries one cell at every point.
func (b *bench) fill(cell *Cell) error {
	for point := range maxPoints {
		if err := b.ready(); err != nil {
			return err
		}
		fired, err := b.try(cell, point)
		if err != nil {
			return err
		}
		if !fired {
			return nil
		}
		cell.Points++
		if cell.Kind != FaultCrashExecutor && cell.Kind != FaultCrashTarget {
			return nil
		}
	}
	return nil
}

// try plays one plan with the cell's failure at a point.
func (b *bench) try(cell *Cell, point int) (fired bool, err error) {
	from, err := b.scene.Serving(b.ctx)
	if err != nil {
		return false, err
	}
	// What was killed at the end of the last try has to be back.
	if !b.writable(b.load.Acked()) {
		return false, errors.New("no write is taken before the try begins")
	}
	b.number++
	fault := &Fault{Kind: cell.Kind, Step: cell.Step, Point: point, KillTarget: b.scene.KillTarget}
	reach := &Fault{Kind: FaultNone}
	switch {
	case cell.Step == model.StepReverseCutOver: // only reached by failing after the pivot
		reach = &Fault{Kind: FaultError, Step: model.StepWatch}
	case isCompensation(cell.Step):
		reach = &Fault{Kind: FaultError, Step: model.StepCatchUp}
	}
	config := QuickConfig()
	config.DefaultDeadline, config.UndoAttempts = b.about.deadline, 3
	if cell.Kind == FaultTimeout || cell.Kind == FaultLost {
		hasty := b.about.hasty
		if cell.Step == model.StepReverseCutOver {
			hasty = b.about.deadline // the source may have to be copied anew
		}
		config.Deadlines = map[model.StepKind]time.Duration{cell.Step: hasty}
	}
	e := NewExecutor(config, func() actuator.Driver { return fault.Before(reach.Before(b.scene.Driver(fault.At))) })
	fault.Crash = e.Crash
	began := time.Now()
	state, err := e.Run(b.ctx, planFor(fmt.Sprintf("t%d", b.number), from, other(from)))
	if err != nil {
		return false, err
	}
	if !fault.Fired() {
		return false, b.renewAfter(state)
	}
	if state == model.PlanParked && cell.Kind != FaultError {
		for _, step := range e.Log {
			b.say("%v %s %s %s", step.At.Time().Sub(began), step.ID, step.Phase, step.Reason)
		}
	}
	cell.Slowest = max(cell.Slowest, time.Since(began))
	cell.add(endOf(state))
	if wrong := b.check(e, state, from, b.load.Acked()); wrong != "" {
		cell.Wrong = fmt.Sprintf("point %d: %s", point, wrong)
	}
	return true, b.renewAfter(state)
}

// renewAfter gives a parked scene up: a person would tidy it.
func (b *bench) renewAfter(state model.PlanState) error {
	if state == model.PlanParked {
		return b.settle()
	}
	return nil
}

// check returns which promise the end of a plan breaks, or "".
func (b *bench) check(e *Executor, state model.PlanState, from model.ServerID, before int) string {
	served, err := b.scene.Serving(b.ctx)
	switch {
	case err != nil:
		return err.Error()
	case served == "":
		return "nobody serves"
	case state == model.PlanSucceeded && served != other(from):
		return "moved, and the source serves"
	case state == model.PlanRolledBack && served != from:
		return "restored, and the target serves"
	case state == model.PlanParked && len(e.Outcomes[len(e.Outcomes)-1].Left) == 0:
		return "parked without saying what is left"
	}
	// What is served must also take writes.
	if !b.writable(before) {
		return "no write is taken after the end"
	}
	return once(e.Log)
}

// writePatience is how long a server that was killed may take to come back.
const writePatience = 30 * time.Second

// writable waits until more writes than so many were acknowledged, and tells
// whether that came.
func (b *bench) writable(acked int) bool {
	ctx, cancel := context.WithTimeout(b.ctx, writePatience)
	defer cancel()
	return actuator.Poll(ctx, 2*time.Millisecond, func() (bool, error) { return b.load.Acked() > acked, nil }) == nil
}

// once checks that no command was begun while another had no outcome, and none
// twice.
func once(log []model.Step) string {
	var open model.StepID
	seen := make(map[model.StepID]bool)
	for _, s := range log {
		switch {
		case s.Phase != model.PhaseIntent:
			open = ""
		case open != "" || seen[s.ID]:
			return fmt.Sprintf("%s begun over %s", s.ID, open)
		default:
			open, seen[s.ID] = s.ID, true
		}
	}
	return ""
}

func (c *Cell) add(end string) {
	for _, e := range c.Ends {
		if e == end {
			return
		}
	}
	c.Ends = append(c.Ends, end)
}

// endOf returns the table's word for a plan's end.
func endOf(state model.PlanState) string {
	switch state {
	case model.PlanSucceeded:
		return "moved"
	case model.PlanRolledBack:
		return "restored"
	}
	return string(state)
}

func isCompensation(kind model.StepKind) bool {
	for _, k := range actuator.MoveSteps()[7:] {
		if k == kind {
			return true
		}
	}
	return false
}

// Sums counts the cells by their end; one that ended in two ways counts for the
// worse. Wrong ones are counted besides.
func (t *Table) Sums() map[string]int {
	sums := map[string]int{"cells": len(t.Cells), "moved": 0, "restored": 0, "parked": 0, "wrong": 0}
	for _, c := range t.Cells {
		worst := ""
		for _, end := range []string{"moved", "restored", "parked"} {
			if strings.Contains(strings.Join(c.Ends, " "), end) {
				worst = end
			}
		}
		if worst != "" {
			sums[worst]++
		}
		if c.Wrong != "" || worst == "" {
			sums["wrong"]++
		}
	}
	return sums
}

// Write writes the table in Markdown, one table a driver.
func (t *Table) Write(w io.Writer) error {
	var b strings.Builder
	for i := 0; i < len(t.Cells); {
		driver := t.Cells[i].Driver
		fmt.Fprintf(&b, "\n### %s\n\n| step |", driver)
		for _, kind := range FaultKinds() {
			fmt.Fprintf(&b, " %s |", kind)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(FaultKinds())))
		for step := model.StepKind(""); i < len(t.Cells) && t.Cells[i].Driver == driver; i++ {
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
	}
	_, err := io.WriteString(w, b.String())
	return err
}
