package kubernetes

import (
	"context"
	"fmt"
	"sync"

	"drover/internal/actuator"
)

// calls keeps one command at a time for a move in this process: the same one is
// waited for, an older one is ended first.
type calls struct {
	mu   sync.Mutex
	held map[string]*call
}

// call is a command under way.
type call struct {
	sequence int
	epoch    int64
	cancel   context.CancelCauseFunc
	ended    chan struct{}
	err      error // to be read after ended is closed
}

// running tells whether the command is under way here.
func (s *calls) running(c *actuator.Command) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	under := s.held[c.Subject()]
	return under != nil && under.sequence == c.Step.Sequence()
}

// once performs the command unless it is under way already.
func (s *calls) once(ctx context.Context, c *actuator.Command, perform func(context.Context) error) error {
	for {
		under, ours, bounded := s.enter(ctx, c)
		if ours {
			defer s.leave(c, under)
			under.err = perform(bounded)
			return under.err
		}
		select {
		case <-under.ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if under.sequence == c.Step.Sequence() && under.epoch == c.Step.Epoch {
			return under.err
		}
	}
}

// enter takes the move's place, or returns the call that has it.
func (s *calls) enter(ctx context.Context, c *actuator.Command) (*call, bool, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if under := s.held[c.Subject()]; under != nil {
		if under.sequence < c.Step.Sequence() && under.epoch <= c.Step.Epoch {
			under.cancel(fmt.Errorf("command %s has come: %w", c.Step.ID, actuator.ErrStale))
		}
		return under, false, nil
	}
	bounded, cancel := context.WithCancelCause(ctx)
	fresh := &call{sequence: c.Step.Sequence(), epoch: c.Step.Epoch, cancel: cancel, ended: make(chan struct{})}
	fresh.err = fmt.Errorf("command %s was cut short", c.Step.ID)
	if s.held == nil {
		s.held = make(map[string]*call)
	}
	s.held[c.Subject()] = fresh
	return fresh, true, bounded
}

func (s *calls) leave(c *actuator.Command, under *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, c.Subject())
	under.cancel(nil)
	close(under.ended)
}
