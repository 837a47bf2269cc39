package vm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/qemu"
	"drover/internal/model"
)

// Figures are what was measured.
type Figures struct {
	Migrations   int     `json:"migrations"`
	Polls        int     `json:"polls"`
	Failed       int     `json:"failed_polls"`
	LongestMs    int64   `json:"longest_poll_ms"`
	MigrationS   float64 `json:"migration_s_longest"`
	SameBoot     bool    `json:"same_boot_id"`
	MemoryIntact bool    `json:"memory_intact"`
	// AbortedAtSource: the guest of a migration that made no headway, and of one
	// whose time was up, ran on at the source.
	AbortedAtSource bool `json:"aborted_at_source"`
}

// Holds returns why the figures aren't what is promised.
func (f *Figures) Holds() error {
	var errs []error
	if f.Failed > 0 || f.Polls == 0 {
		errs = append(errs, fmt.Errorf("%d of %d polls failed", f.Failed, f.Polls))
	}
	if !f.SameBoot {
		errs = append(errs, errors.New("the guest was started anew"))
	}
	if !f.MemoryIntact {
		errs = append(errs, errors.New("the guest's memory has changed"))
	}
	if !f.AbortedAtSource {
		errs = append(errs, errors.New("an aborted migration doesn't leave the guest at the source"))
	}
	return errors.Join(errs...)
}

// commandTime is how long each command may take.
const commandTime = 3 * time.Minute

// run is a guest under way.
type run struct {
	*Site
	say      func(string, ...any)
	sequence int
	plan     int
	boot     string
	sum      string
	figures  Figures
}

// tries is how many guests may be spoilt by the emulator before that counts.
const tries = 3

// Run migrates a guest there and back while it is polled, and aborts two
// migrations. A guest that the emulator has spoilt is replaced by another one.
func Run(ctx context.Context, say func(string, ...any)) (f Figures, err error) {
	for range tries {
		if f, err = once(ctx, say); !errors.Is(err, ErrEmulator) {
			break
		}
		say("%v", err)
	}
	return f, err
}

func once(ctx context.Context, say func(string, ...any)) (f Figures, err error) {
	s, err := Open(ctx)
	defer func() {
		if why := s.Broken(); why != "" {
			err = errors.Join(fmt.Errorf("%w: %s", ErrEmulator, why), err)
		}
		err = errors.Join(err, s.Close())
	}()
	if err != nil {
		return f, err
	}
	r := &run{Site: s, say: say}
	if r.boot, err = s.Get(ctx, "boot-id"); err != nil {
		return f, err
	}
	if r.sum, err = s.Get(ctx, "first-sum"); err != nil {
		return f, err
	}
	say("guest %s runs", r.boot)
	polls := s.Poll(ctx, r.boot)
	err = r.thereAndBack(ctx)
	if err == nil {
		r.figures.AbortedAtSource, err = r.aborts(ctx)
	}
	polls.Stop()
	f = r.figures
	f.Polls, f.Failed, f.LongestMs = polls.Count, polls.Failed, polls.Longest.Milliseconds()
	if polls.First != nil {
		say("first failed poll: %v", polls.First)
	}
	if err != nil {
		return f, err
	}
	f.SameBoot, f.MemoryIntact, err = r.same(ctx)
	return f, err
}

// thereAndBack makes two whole moves.
func (r *run) thereAndBack(ctx context.Context) error {
	d := r.Driver(qemu.Config{Downtime: 300 * time.Millisecond})
	for _, way := range [][2]model.ServerID{{"a", "b"}, {"b", "a"}} {
		r.plan++
		for _, kind := range []model.StepKind{model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepRetire} {
			began := time.Now()
			if err := r.give(ctx, d, kind, way[0], way[1]); err != nil {
				return fmt.Errorf("%s from %s to %s: %w", kind, way[0], way[1], err)
			}
			if kind == model.StepCutOver {
				r.figures.Migrations++
				r.figures.MigrationS = max(r.figures.MigrationS, time.Since(began).Seconds())
				r.say("from %s to %s in %.1f s", way[0], way[1], time.Since(began).Seconds())
			}
		}
	}
	return nil
}

// give performs a command.
func (r *run) give(ctx context.Context, d actuator.Driver, kind model.StepKind, from, to model.ServerID) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	return d.Perform(ctx, r.command(kind, from, to))
}

func (r *run) command(kind model.StepKind, from, to model.ServerID) actuator.Command {
	r.sequence++
	plan := model.PlanID(fmt.Sprintf("vm-%d", r.plan))
	return actuator.Command{
		Step: model.Step{ID: model.NewStepID(plan, 0, model.LegForward, r.sequence, kind), Plan: plan, Kind: kind, Epoch: 1},
		Move: model.Move{Replica: "guest/0", Application: "guest", From: from, To: to},
	}
}

// aborts has one migration make no headway, since the guest writes faster than
// the bandwidth, and ends another by its deadline. Both leave the guest where it
// was, with nothing waiting at the target.
func (r *run) aborts(ctx context.Context) (bool, error) {
	r.plan++
	if _, err := r.Get(ctx, "cgi-bin/busy"); err != nil {
		return false, err
	}
	slow := r.Driver(qemu.Config{BandwidthBytesPerSecond: 4 << 20, Downtime: time.Millisecond, Stuck: 4 * time.Second})
	for name, patience := range map[string]time.Duration{"stuck": commandTime, "deadline": 3 * time.Second} {
		if err := errors.Join(r.give(ctx, slow, model.StepAdmit, "a", "b"), r.give(ctx, slow, model.StepProvision, "a", "b")); err != nil {
			return false, err
		}
		bounded, cancel := context.WithTimeout(ctx, patience)
		err := slow.Perform(bounded, r.command(model.StepCutOver, "a", "b"))
		cancel()
		if err == nil {
			return false, fmt.Errorf("%s: the migration has succeeded", name)
		}
		r.say("%s: %v", name, err)
		for _, kind := range []model.StepKind{model.StepReverseCutOver, model.StepDeprovision} {
			if err := r.give(ctx, slow, kind, "a", "b"); err != nil {
				return false, fmt.Errorf("%s: %s: %w", name, kind, err)
			}
		}
		if on, err := r.Supervisor.Running("db/0@b"); err != nil || on {
			return false, errors.Join(fmt.Errorf("%s: a QEMU is left at the target", name), err)
		}
		if err := r.give(ctx, slow, model.StepAdmit, "a", "b"); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err := r.Get(ctx, "cgi-bin/quiet")
	return true, err
}

// same tells whether it is the same guest with the same memory.
func (r *run) same(ctx context.Context) (boot, memory bool, err error) {
	who, err := r.Get(ctx, "boot-id")
	if err != nil {
		return false, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var sum string
	err = actuator.Poll(ctx, time.Second, func() (bool, error) {
		var err error
		sum, err = r.Get(ctx, "cgi-bin/sum")
		return err == nil, err
	})
	return who == r.boot, sum == r.sum && sum != "", err
}
