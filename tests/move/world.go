package move

import (
	"context"
	"fmt"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// World is where a driver's table is filled that needs more than this package
// has: a cluster, machines of its own. Its scenes have the servers a and b, and
// move the replica "db/0" of the application "db" between them.
type World struct {
	Driver, Note string
	Open         Opener
	Missing      func() []string
	// Deadline is what a command has, Hasty what one has that is meant to overrun it.
	Deadline, Hasty time.Duration
}

// Column returns what supplies the world's table.
func (w *World) Column() Column {
	s := scene{open: w.Open, missing: w.Missing, deadline: w.Deadline, hasty: w.Hasty}
	return Column{Driver: w.Driver, Note: w.Note, Missing: w.Missing,
		Fill: func(ctx context.Context, t *Table, steps []string, say func(string, ...any)) error {
			return t.fill(ctx, s, steps, say)
		}}
}

// Tidier is a scene that can tell whether a move has left something behind.
type Tidier interface {
	// Tidy waits until nothing is left, and says what is.
	Tidy(ctx context.Context) error
}

// Mortal is a scene in which killing the target may take away what is moved.
type Mortal interface {
	// Dead tells whether it has.
	Dead() bool
}

// Fragile is a scene whose world may break by itself, whatever a driver does. What
// was tried then tells nothing and is tried again.
type Fragile interface {
	// Broken says how it has broken; empty: it hasn't.
	Broken() string
}

// Epochs has the commands of each plan come in epochs above those of the plans
// before it, as a service's do. The executor of a trial counts from one, and a
// driver that remembers in the world would refuse it.
type Epochs struct {
	mu            sync.Mutex
	plan          model.PlanID
	base, highest int64
}

// Raise returns the command in its epoch.
func (e *Epochs) Raise(c actuator.Command) actuator.Command {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.Step.Plan != e.plan {
		e.plan, e.base = c.Step.Plan, e.highest
	}
	c.Step.Epoch += e.base
	e.highest = max(e.highest, c.Step.Epoch)
	return c
}

// Wrong lists the cells that break a promise or have no end.
func (ts Tables) Wrong() []string {
	var wrong []string
	for i := range ts {
		for _, c := range ts[i].Cells {
			if c.Wrong != "" || len(c.Ends) == 0 {
				wrong = append(wrong, fmt.Sprintf("%s, %s, %s: ends %v %s", ts[i].Driver, c.Step, c.Kind, c.Ends, c.Wrong))
			}
		}
		if ts[i].Lost > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: lost %d of %d acknowledged writes", ts[i].Driver, ts[i].Lost, ts[i].Acked))
		}
	}
	return wrong
}
