package move

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"drover/internal/actuator"
	"drover/internal/model"
)

// FaultKind is a way in which a step goes wrong.
type FaultKind string

// The ways in which a step goes wrong.
const (
	FaultNone          FaultKind = "none"
	FaultError         FaultKind = "error"           // it fails before acting, every time
	FaultTimeout       FaultKind = "timeout"         // it hangs until its deadline, once
	FaultCrashExecutor FaultKind = "executor killed" // at a point inside the step
	FaultCrashTarget   FaultKind = "target killed"   // the target's process, at a point inside the step
	FaultLost          FaultKind = "outcome lost"    // it acts, and nobody hears of it
	FaultDuplicate     FaultKind = "duplicate"       // it is given twice at the same time
)

// FaultKinds lists the ways, in the order of the table.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultError, FaultTimeout, FaultCrashExecutor, FaultCrashTarget, FaultLost, FaultDuplicate}
}

// GentleFaults lists the ways that leave the only process of a service alive.
func GentleFaults() []FaultKind {
	return []FaultKind{FaultError, FaultTimeout, FaultCrashExecutor, FaultLost, FaultDuplicate}
}

// errLost says that nobody hears of a command's end.
var errLost = errors.New("the outcome is lost")

// errInjected is the failure of FaultError.
var errInjected = errors.New("injected failure")

// Fault makes one step of a plan go wrong. It stands before drivers and counts
// their trace points.
type Fault struct {
	Kind  FaultKind
	Step  model.StepKind
	Point int // at which trace point of the step, from 0
	// KillTarget ends the process on the move's target; Crash is told that the
	// executor is dead.
	KillTarget func(model.Move)
	Crash      func()

	mu     sync.Mutex
	armed  *actuator.Command
	points int
	fired  bool
}

// Fired tells whether the step came and went wrong.
func (f *Fault) Fired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Before returns the driver with the fault before it.
func (f *Fault) Before(d actuator.Driver) actuator.Driver { return faulty{d, f} }

// faulty is a driver with a fault before it.
type faulty struct {
	actuator.Driver
	fault *Fault
}

// Perform performs the command, or lets it go wrong.
func (d faulty) Perform(ctx context.Context, c actuator.Command) error {
	f := d.fault
	if !f.hits(&c) {
		return d.Driver.Perform(ctx, c)
	}
	switch f.Kind {
	case FaultError:
		return errInjected
	case FaultTimeout:
		<-ctx.Done()
		return context.Cause(ctx)
	case FaultLost:
		_ = d.Driver.Perform(ctx, c) // nobody hears of it
		return errLost
	case FaultDuplicate:
		second := make(chan error, 1)
		go func() { second <- d.Driver.Perform(ctx, c) }()
		return errors.Join(d.Driver.Perform(ctx, c), <-second)
	}
	return d.Driver.Perform(ctx, c)
}

// hits arms the fault for the step it is meant for: every try for an error, the
// first one for everything else.
func (f *Fault) hits(c *actuator.Command) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
	if c.Step.Kind != f.Step || f.Kind == FaultNone || f.fired && f.Kind != FaultError {
		return false
	}
	f.armed, f.points = c, 0
	if f.Kind != FaultCrashExecutor && f.Kind != FaultCrashTarget {
		f.fired = true
	}
	return true
}

// At is the driver's tracer.
func (f *Fault) At(string) {
	f.mu.Lock()
	command, here := f.armed, f.points == f.Point
	f.points++
	if command == nil || !here || f.fired {
		f.mu.Unlock()
		return
	}
	f.fired = true
	f.mu.Unlock()
	switch f.Kind {
	case FaultCrashExecutor:
		f.Crash()
		runtime.Goexit() // nothing after this point is done, as after kill -9
	case FaultCrashTarget:
		f.KillTarget(command.Move)
	}
}
