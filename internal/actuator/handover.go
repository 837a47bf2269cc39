package actuator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/model"
)

// HandOver is the frame of a hand-over of writes from one server to another: it
// goes on from wherever an earlier try has left it, and gives the source back
// what the target hasn't taken. Everything happens before the command's deadline,
// the way back too: after it somebody else may be at work.
type HandOver struct {
	// Taken tells whether the target may have taken writes.
	Taken func(context.Context) (bool, error)
	// Try hands over to a target that has taken none; Finish completes a hand-over
	// to one that may have.
	Try, Finish func(context.Context) error
	// GiveBack lets the source serve again.
	GiveBack func(context.Context) error
	// Tries is how often Try may begin anew; 0: once.
	Tries int
	// Back is how much of the time is kept for giving back, at most a third.
	Back time.Duration
}

// Run carries the hand-over out.
func (h *HandOver) Run(ctx context.Context) error {
	there, cancel := reserve(ctx, h.Back)
	defer cancel()
	var err error
	for range max(h.Tries, 1) {
		var taken bool
		if taken, err = h.Taken(there); err == nil && taken {
			return h.Finish(ctx)
		}
		if err == nil {
			if err = h.Try(there); err == nil {
				return nil
			}
		}
		if context.Cause(there) != nil {
			break
		}
	}
	rest, cancel := Rest(ctx, h.Back)
	defer cancel()
	if taken, wrong := h.Taken(rest); wrong == nil && !taken {
		err = errors.Join(err, h.GiveBack(rest))
	}
	return err
}

// reserve returns a context that ends so much before the deadline, or by a third
// of what is left where that is less.
func reserve(ctx context.Context, back time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(back, time.Until(deadline)/3)))
}

// Rest returns a context for putting things back after ctx was cancelled: it
// lasts so long, and never beyond ctx's deadline.
func Rest(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	end := time.Now().Add(most)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// Both locates the two servers of a command's move.
func Both[I any](c *Command, what string, locate func(model.ReplicaID, model.ServerID) (I, error)) (from, to I, err error) {
	for _, s := range []struct {
		instance *I
		server   model.ServerID
	}{{&from, c.Move.From}, {&to, c.Move.To}} {
		if *s.instance, err = locate(c.Move.Replica, s.server); err != nil {
			return from, to, fmt.Errorf("%s %s on server %s: %w", what, c.Move.Replica, s.server, err)
		}
	}
	return from, to, nil
}
