package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Cell is one step going wrong in one way.
type Cell struct {
	Step model.StepKind
	Kind FaultKind
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

// Table is the cells of one driver.
type Table struct {
	Driver string
	Note   string // what stands for what in this table; empty: nothing out of the ordinary
	Cells  []Cell
	// Acked and Lost count the writes of the load that ran meanwhile.
	Acked, Lost int
}

// fill tries the steps (none: every step) with every kind of failure, at every
// point inside them.
func (t *Table) fill(ctx context.Context, s scene, steps []string, say func(string, ...any)) error {
	b := bench{ctx: ctx, say: say, about: s}
	defer b.close()
	for _, step := range s.rows() {
		if len(steps) > 0 && !slices.Contains(steps, string(step)) {
			continue
		}
		for _, kind := range FaultKinds() {
			cell := Cell{Step: step, Kind: kind}
			if err := b.fill(&cell); err != nil {
				return fmt.Errorf("%s, %s, %s: %w", t.Driver, step, kind, err)
			}
			t.add(cell, say)
		}
	}
	if err := b.settle(); err != nil {
		return err
	}
	t.Acked += b.acked
	t.Lost += b.lost
	return nil
}

// add puts a cell into the table and says so.
func (t *Table) add(c Cell, say func(string, ...any)) {
	say("%-16s %-18s %-16s %-16s %2d points %6.2f s %s", t.Driver, c.Step, c.Kind, strings.Join(c.Ends, ", "), c.Points, c.Slowest.Seconds(), c.Wrong)
	t.Cells = append(t.Cells, c)
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
	for point, spare := 0, spareWorlds; point < maxPoints; point++ {
		if err := b.ready(); err != nil {
			return err
		}
		before := *cell
		before.Ends = slices.Clone(cell.Ends)
		fired, err := b.try(cell, point)
		if why := b.broken(); why != "" && spare > 0 {
			b.say("%s, %s, point %d is tried again: its world has broken: %s", cell.Step, cell.Kind, point, why)
			b.close()
			*cell, point, spare = before, point-1, spare-1
			continue
		}
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
	state, err := e.Run(b.ctx, b.about.planFor(fmt.Sprintf("t%d", b.number), from))
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
	cell.add(b.about.endOf(state))
	if wrong := b.check(e, state, from, b.load.Acked()); wrong != "" {
		cell.Wrong = fmt.Sprintf("point %d: %s", point, wrong)
	}
	return true, b.renewAfter(state)
}

// renewAfter gives a scene up that is parked, which a person would tidy, or that
// has nothing left to move.
func (b *bench) renewAfter(state model.PlanState) error {
	if state == model.PlanParked || b.dead() {
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
	case served == "" && b.dead():
		return "" // there is nothing left that could serve
	case served == "":
		return "nobody serves"
	case state == model.PlanSucceeded && served != b.about.target(from):
		return "moved, and the source serves"
	case state == model.PlanRolledBack && served != from:
		return "restored, and the target serves"
	case state == model.PlanParked && len(e.Outcomes[len(e.Outcomes)-1].Left) == 0:
		return "parked without saying what is left"
	}
	if witness, ok := b.scene.(interface{ Ended(model.PlanID) error }); ok && state == model.PlanSucceeded {
		if err := witness.Ended(e.Log[0].Plan); err != nil {
			return err.Error()
		}
	}
	if tidier, ok := b.scene.(Tidier); ok && state != model.PlanParked {
		if err := tidier.Tidy(b.ctx); err != nil {
			return err.Error()
		}
	}
	// What is served must also take writes.
	if !b.writable(before) {
		return "no write is taken after the end"
	}
	return once(e.Log)
}

// spareWorlds is how many worlds may break in one cell.
const spareWorlds = 2

// broken says how the scene's world has broken, or "".
func (b *bench) broken() string {
	if fragile, ok := b.scene.(Fragile); ok {
		return fragile.Broken()
	}
	return ""
}

// dead tells whether what is moved was lost with the target that was killed.
func (b *bench) dead() bool {
	mortal, ok := b.scene.(Mortal)
	return ok && mortal.Dead()
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
	if !slices.Contains(c.Ends, end) {
		c.Ends = append(c.Ends, end)
	}
}

// isCompensation tells whether only what undoes a move is such a step.
func isCompensation(kind model.StepKind) bool { return slices.Contains(actuator.MoveSteps()[7:], kind) }
