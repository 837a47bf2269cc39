package guard_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/guard"
	"drover/internal/model"
)

// inner counts what reaches it and does what it is told.
type inner struct {
	mu       sync.Mutex
	keys     []model.StepID
	perform  func(context.Context, actuator.Command) error
	finished int
}

func (d *inner) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "inner", Steps: actuator.MoveSteps()}
}

func (d *inner) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

func (d *inner) Perform(ctx context.Context, c actuator.Command) error {
	d.mu.Lock()
	d.keys = append(d.keys, c.Step.ID)
	d.mu.Unlock()
	var err error
	if d.perform != nil {
		err = d.perform(ctx, c)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finished++
	return err
}

// command returns a command of plan p's move 0.
func command(sequence int, epoch int64) actuator.Command {
	return actuator.Command{Step: model.Step{
		ID: model.NewStepID("p", 0, model.LegForward, sequence, model.StepProvision), Plan: "p", Kind: model.StepProvision, Epoch: epoch,
	}}
}

func status(t *testing.T, g *guard.Guard, c actuator.Command) actuator.Status {
	t.Helper()
	s, err := g.Status(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestACommandActsOnce(t *testing.T) {
	d := &inner{}
	g := guard.New(d, guard.NewMemory(), 0)
	c := command(1, 1)
	if s := status(t, g, c); s.State != actuator.Unknown {
		t.Fatalf("before: %+v", s)
	}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := g.Perform(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(d.keys) != 1 {
		t.Errorf("performed %d times", len(d.keys))
	}
	if s := status(t, g, c); s.State != actuator.Done {
		t.Errorf("after: %+v", s)
	}
	if k := g.Capabilities(); !k.Fences || !k.Remembers {
		t.Errorf("capabilities %+v", k)
	}
}

func TestAFailureIsRemembered(t *testing.T) {
	d := &inner{perform: func(context.Context, actuator.Command) error { return errors.New("no room") }}
	g := guard.New(d, guard.NewMemory(), 0)
	for range 2 {
		if err := g.Perform(t.Context(), command(1, 1)); err == nil || err.Error() != "no room" {
			t.Fatalf("got %v", err)
		}
	}
	if s := status(t, g, command(1, 1)); s.State != actuator.Failed || s.Reason != "no room" || len(d.keys) != 1 {
		t.Errorf("%+v, performed %d times", s, len(d.keys))
	}
}

func TestStaleCommandsAreRefused(t *testing.T) {
	d := &inner{}
	g := guard.New(d, guard.NewMemory(), 0)
	if err := g.Perform(t.Context(), command(5, 3)); err != nil {
		t.Fatal(err)
	}
	other := command(5, 3)
	other.Step.ID = model.NewStepID("p", 0, model.LegForward, 5, model.StepRetire)
	for name, c := range map[string]actuator.Command{
		"older sequence": command(4, 3), "older epoch": command(6, 2), "another of the same sequence": other,
	} {
		if err := g.Perform(t.Context(), c); !errors.Is(err, actuator.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A new owner that only asks fences the old one too.
	status(t, g, command(5, 4))
	if err := g.Perform(t.Context(), command(6, 3)); !errors.Is(err, actuator.ErrStale) {
		t.Errorf("after a take-over: %v", err)
	}
	if s := status(t, g, command(2, 4)); s.State != actuator.Failed {
		t.Errorf("status of an overtaken command: %+v", s)
	}
	if len(d.keys) != 1 {
		t.Errorf("%v were performed", d.keys)
	}
}

func TestANewerCommandEndsTheOlder(t *testing.T) {
	begun := make(chan struct{})
	d := &inner{perform: func(ctx context.Context, c actuator.Command) error {
		if c.Step.Sequence() == 1 {
			close(begun)
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	}}
	g := guard.New(d, guard.NewMemory(), 0)
	first := make(chan error, 1)
	go func() { first <- g.Perform(context.Background(), command(1, 1)) }()
	<-begun
	if s := status(t, g, command(1, 1)); s.State != actuator.Running {
		t.Errorf("under way: %+v", s)
	}
	if err := g.Perform(t.Context(), command(2, 1)); err != nil {
		t.Fatal(err)
	}
	if err := <-first; !errors.Is(err, actuator.ErrStale) {
		t.Errorf("the older one ends with %v", err)
	}
}

func TestACommandOutlivesItsAsker(t *testing.T) {
	release := make(chan struct{})
	d := &inner{perform: func(ctx context.Context, _ actuator.Command) error { <-release; return ctx.Err() }}
	g := guard.New(d, guard.NewMemory(), 0)
	asker, die := context.WithCancel(t.Context())
	die()
	if err := g.Perform(asker, command(1, 1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("the dead asker gets %v", err)
	}
	close(release)
	// The next owner gives the command again and gets its result.
	if err := g.Perform(t.Context(), command(1, 2)); err != nil || len(d.keys) != 1 {
		t.Errorf("%v, performed %d times", err, len(d.keys))
	}
}

func TestADeadlineEndsACommand(t *testing.T) {
	d := &inner{perform: func(ctx context.Context, _ actuator.Command) error { <-ctx.Done(); return ctx.Err() }}
	g := guard.New(d, guard.NewMemory(), 0)
	c := command(1, 1)
	c.Step.Deadline = model.InstantOf(time.Now().Add(-time.Second))
	if err := g.Perform(t.Context(), c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestTheJournalOutlivesTheAgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	open := func() *guard.Journal {
		j, err := guard.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open()
	g := guard.New(&inner{}, j, 0)
	if err := g.Perform(t.Context(), command(1, 7)); err != nil {
		t.Fatal(err)
	}
	begun := command(2, 7) // taken, and the agent is killed before it ends
	if err := j.Begin(&begun); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, `{"subject":"p/0","seq`) // torn by the crash

	d := &inner{}
	j = open()
	g = guard.New(d, j, 0)
	if s := status(t, g, begun); s.State != actuator.Unknown {
		t.Errorf("interrupted: %+v", s)
	}
	if err := g.Perform(t.Context(), command(3, 6)); !errors.Is(err, actuator.ErrStale) {
		t.Errorf("older epoch: %v", err)
	}
	if err := g.Perform(t.Context(), begun); err != nil || len(d.keys) != 1 {
		t.Errorf("performed again: %v, %v", err, d.keys)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if s := status(t, guard.New(d, open(), 0), begun); s.State != actuator.Done {
		t.Errorf("after another restart: %+v", s)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestABrokenJournalIsNotTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte("nonsense\n{\"subject\":\"p/0\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Open(path); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"subject\":\"p/0\",\"sequence\":1,\"epoch\":2,\"ended\":true}\n"))
	f.Add([]byte("{}\n{\"epoch\":9}\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := guard.Open(path)
		if err != nil {
			return
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = guard.Open(path); err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		_ = j.Close()
	})
}
