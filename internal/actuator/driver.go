package actuator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"drover/internal/model"
)

// Command is one step to perform.
type Command struct {
	// Step holds the idempotency key (ID), the owner's epoch and the deadline.
	Step model.Step
	// Move is the move with From and To as this command sees them: on the reverse
	// leg they are swapped (model.Move.Directed). Zero for a server's update.
	Move model.Move
	// UpdateServer and UpdateHook are set for model.StepUpdate.
	UpdateServer model.ServerID
	UpdateHook   string
	// Copied, where set, is told how far a copy has come, as often as the driver
	// knows something new. total is 0 where that isn't known.
	Copied func(done, total int64)
	// Bound, where set, says how fast a copy may be now, in bytes a second; 0: as
	// fast as it can. It changes while the command runs.
	Bound func() int64
}

// Tell reports progress where somebody listens.
func (c *Command) Tell(done, total int64) {
	if c.Copied != nil {
		c.Copied(done, total)
	}
}

// BytesPerSecond returns how fast a copy may be now; 0: no bound.
func (c *Command) BytesPerSecond() int64 {
	if c.Bound != nil {
		return c.Bound()
	}
	return c.Move.BandwidthBytesPerSecond
}

// Subject names what the command is about: commands with one subject are
// ordered by their sequence.
func (c *Command) Subject() string {
	return fmt.Sprintf("%s/%d", c.Step.Plan, c.Step.MoveIndex)
}

// Driver performs commands. Its methods may be called concurrently, for one
// subject too: a retry may come while an earlier try still hangs.
type Driver interface {
	Capabilities() Capabilities
	// Perform carries the command out and returns when it has been carried out or
	// has failed. Performing a command again is harmless.
	Perform(ctx context.Context, c Command) error
	// Status tells what became of a command that was given before, perhaps by
	// another owner. The epoch in it is the asker's.
	Status(ctx context.Context, c Command) (Status, error)
}

// Prober is implemented by drivers that can measure the health of a moved
// replica; the executor judges what they measure during the watch.
type Prober interface {
	Probe(ctx context.Context, c Command) (Reading, error)
}

// Reading is one look at a replica's health since the last one.
type Reading = model.Reading

// Capabilities says what a driver can do, so that the executor can make up for
// what it can't.
type Capabilities struct {
	Name string `json:"name"`
	// Steps lists what it performs; the executor takes others as done.
	Steps []model.StepKind `json:"steps"`
	// Fences: it refuses commands of an epoch or sequence older than one it has
	// taken. Where it doesn't, a new owner waits out the old command's deadline.
	Fences bool `json:"fences"`
	// Remembers: Status answers for commands of earlier processes too.
	Remembers bool `json:"remembers"`
	// Writes: there are data that must not be lost (a cut-over hands them over).
	Writes bool `json:"writes"`
	// Bandwidth: it keeps to Move.BandwidthBytesPerSecond.
	Bandwidth bool `json:"bandwidth"`
	// Probes: it measures the health of a replica (Prober). Where it doesn't, the
	// watch is performed again and again.
	Probes bool `json:"probes,omitempty"`
}

// Performs tells whether the driver does anything for the kind.
func (c *Capabilities) Performs(kind model.StepKind) bool { return slices.Contains(c.Steps, kind) }

// MoveSteps lists the steps and compensations of a move, in order.
func MoveSteps() []model.StepKind {
	return []model.StepKind{
		model.StepAdmit, model.StepProvision, model.StepReplicate, model.StepCatchUp, model.StepCutOver,
		model.StepWatch, model.StepRetire, model.StepReverseCutOver, model.StepStopCatchUp,
		model.StepDiscardReplica, model.StepDeprovision, model.StepReleaseAdmission,
	}
}

// State is what became of a command.
type State string

// The states of a command.
const (
	// Unknown: never taken, or taken by something that has gone; perform it.
	Unknown State = "unknown"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// Status is the answer to a question about a command.
type Status struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	// Gone: whoever took an unknown command is known to have ended, so that it
	// can't act any more.
	Gone bool `json:"gone,omitempty"`
}

// ErrStale is wrapped by the refusal of a command that is older than one taken
// before: its owner has been replaced.
var ErrStale = errors.New("stale command")

// ErrUnsupported is wrapped where a driver has no such step.
var ErrUnsupported = errors.New("unsupported step")

// Bound returns a context that ends at the command's deadline of event time
// plus skew, the difference between wall clock and event time (zero in
// production).
func Bound(ctx context.Context, c *Command, skew time.Duration) (context.Context, context.CancelFunc) {
	if c.Step.Deadline == model.NoInstant {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, c.Step.Deadline.Time().Add(skew))
}

// Pause waits, or returns the context's error when that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Poll calls ready until it says true, at most every so often, and returns the
// last reason why not when the context ends.
func Poll(ctx context.Context, every time.Duration, ready func() (bool, error)) error {
	var reason error
	for {
		ok, err := ready()
		if ok {
			return nil
		}
		// A look that the context's end cut short says nothing about why not.
		if err != nil && (ctx.Err() == nil || reason == nil) {
			reason = err
		}
		if wait := Pause(ctx, every); wait != nil {
			return errors.Join(wait, reason)
		}
	}
}
