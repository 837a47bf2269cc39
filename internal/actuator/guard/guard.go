// Package guard makes any driver refuse what is stale and remember what it did:
// it is what stands before the drivers in an agent.
//
// It keeps the highest epoch taken, and for each subject (move) the last
// command with its result, in a journal on disk. A command of an older epoch or
// sequence is refused; a command already finished is answered from memory; a
// newer command of the same move first ends the older one.
package guard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"drover/internal/actuator"
)

// Guard is a driver before a driver.
type Guard struct {
	inner   actuator.Driver
	journal *Journal
	skew    time.Duration
	local   bool // see NewLocal

	mu      sync.Mutex
	running map[string]*call // by subject
}

// endPatience is how long a command may take to end after its deadline before
// its asker stops waiting for the reason.
const endPatience = 200 * time.Millisecond

// call is a command under way. It doesn't end with who asked for it: an owner
// that dies leaves a command that is finished and remembered.
type call struct {
	sequence int
	cancel   context.CancelCauseFunc
	ended    chan struct{}
	err      error // to be read after ended is closed
}

// New returns a guard before the driver that remembers in the journal. skew is
// added to deadlines: wall clock minus event time, zero in production.
func New(inner actuator.Driver, journal *Journal, skew time.Duration) *Guard {
	return &Guard{inner: inner, journal: journal, skew: skew, running: make(map[string]*call)}
}

// NewLocal returns a guard for a driver that an executor performs itself. It
// remembers what this process and earlier ones on the same journal did, but
// can't refuse an executor on another host, and says so.
func NewLocal(inner actuator.Driver, journal *Journal) *Guard {
	g := New(inner, journal, 0)
	g.local = true
	return g
}

// Capabilities returns the driver's, with what the guard adds.
func (g *Guard) Capabilities() actuator.Capabilities {
	c := g.inner.Capabilities()
	c.Fences, c.Remembers = c.Fences || !g.local, true
	return c
}

// Probe measures by the driver, where it can.
func (g *Guard) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	if p, ok := g.inner.(actuator.Prober); ok {
		return p.Probe(ctx, c)
	}
	return actuator.Reading{}, fmt.Errorf("probe by driver %q: %w", g.inner.Capabilities().Name, actuator.ErrUnsupported)
}

// Perform performs a command that isn't stale, once.
func (g *Guard) Perform(ctx context.Context, c actuator.Command) error {
	for {
		current, err := g.enter(ctx, &c)
		if current == nil {
			return err
		}
		select { // the same command, or an older one that is being ended
		case <-current.ended:
		case <-ctx.Done():
			// The command has the same deadline and knows better why it failed.
			select {
			case <-current.ended:
			case <-time.After(endPatience):
				return context.Cause(ctx)
			}
		}
		if current.sequence == c.Step.Sequence() {
			return current.err
		}
	}
}

// enter decides about a command. It returns the call to wait for, which it has
// started unless another is under way, or nil with the result where that is
// known already.
func (g *Guard) enter(ctx context.Context, c *actuator.Command) (*call, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.journal.Admit(c); err != nil {
		return nil, err
	}
	subject, sequence := c.Subject(), c.Step.Sequence()
	if under := g.running[subject]; under != nil {
		if under.sequence < sequence {
			under.cancel(fmt.Errorf("command %d of %s has come: %w", sequence, subject, actuator.ErrStale))
		}
		return under, nil
	}
	if last := g.journal.Last(subject); last.Sequence == sequence && last.Ended {
		return nil, last.result()
	}
	if err := g.journal.Begin(c); err != nil {
		return nil, err
	}
	bounded, stop := actuator.Bound(context.WithoutCancel(ctx), c, g.skew)
	bounded, cancel := context.WithCancelCause(bounded)
	current := &call{sequence: sequence, cancel: cancel, ended: make(chan struct{})}
	g.running[subject] = current
	go func() {
		defer stop()
		defer cancel(nil)
		g.run(bounded, current, *c)
	}()
	return current, nil
}

// run performs the command and remembers its result.
func (g *Guard) run(ctx context.Context, current *call, c actuator.Command) {
	err := g.inner.Perform(ctx, c)
	g.mu.Lock()
	defer g.mu.Unlock()
	if wrong := g.journal.End(&c, err); wrong != nil {
		err = errors.Join(err, wrong)
	}
	current.err = err
	delete(g.running, c.Subject())
	close(current.ended)
}

// Status tells what became of a command. Asking with a newer epoch makes the
// guard refuse the older ones from then on.
func (g *Guard) Status(ctx context.Context, c actuator.Command) (actuator.Status, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.journal.Fence(c.Step.Fleet, c.Step.Epoch); err != nil {
		return actuator.Status{}, err
	}
	subject, sequence := c.Subject(), c.Step.Sequence()
	if under := g.running[subject]; under != nil && under.sequence == sequence {
		return actuator.Status{State: actuator.Running}, nil
	}
	last := g.journal.Last(subject)
	switch {
	case last.Sequence > sequence:
		return actuator.Status{State: actuator.Failed, Reason: "overtaken by a later command"}, nil
	case last.Sequence < sequence:
		return actuator.Status{State: actuator.Unknown}, nil
	case !last.Ended: // begun by a process that held this journal and has ended
		return actuator.Status{State: actuator.Unknown, Gone: true}, nil
	}
	if err := last.result(); err != nil {
		return actuator.Status{State: actuator.Failed, Reason: err.Error()}, nil
	}
	return actuator.Status{State: actuator.Done}, nil
}
