package kubernetes

import (
	"context"
	"errors"
	"testing"

	"drover/internal/actuator"
)

func TestOneCommandIsPerformedOnce(t *testing.T) {
	var s calls
	begun, end := make(chan struct{}), make(chan struct{})
	performed := 0
	perform := func(context.Context) error {
		performed++
		close(begun)
		<-end
		return errors.New("no room")
	}
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- s.once(t.Context(), command("p", 1, 1), perform) }()
	<-begun
	if !s.running(command("p", 1, 1)) || s.running(command("p", 2, 1)) || s.running(command("q", 1, 1)) {
		t.Error("what is under way isn't known")
	}
	under, ours, _ := s.enter(t.Context(), command("p", 1, 1))
	if ours {
		t.Fatal("it is begun twice")
	}
	go func() { <-under.ended; second <- under.err }()
	close(end)
	if err := <-first; err == nil || performed != 1 {
		t.Errorf("performed %d times: %v", performed, err)
	}
	if err := <-second; err == nil || err.Error() != "no room" {
		t.Errorf("who waits hears %v", err)
	}
}

func TestALaterCommandEndsTheOneBefore(t *testing.T) {
	var s calls
	begun := make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.once(t.Context(), command("p", 1, 1), func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			return context.Cause(ctx)
		})
	}()
	<-begun
	if err := s.once(t.Context(), command("p", 2, 1), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := <-first; !errors.Is(err, actuator.ErrStale) {
		t.Errorf("the first ends with %v", err)
	}
}
