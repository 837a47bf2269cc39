package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Opener makes a fresh scene.
type Opener func(context.Context) (Scene, error)

// TableDrivers lists the drivers that the table has, in its order.
func TableDrivers() []string { return []string{"redis", "postgres", "files", "http"} }

// scene is what is known about one kind of scene.
type scene struct {
	open    Opener
	missing func() []string
	writes  int // acknowledged ones that a run has to reach
	// deadline of a command; hasty is the one that is meant to be overrun.
	deadline, hasty time.Duration
	// faults to choose from; empty: all.
	faults []FaultKind
}

// scenes lists them by name.
var scenes = map[string]scene{
	"redis": {
		open:     func(ctx context.Context) (Scene, error) { return NewRedisSite(ctx) },
		missing:  func() []string { return Missing("redis-server", "haproxy") },
		writes:   100_000,
		deadline: 5 * time.Second, hasty: 800 * time.Millisecond,
	},
	"postgres": {
		open:     func(ctx context.Context) (Scene, error) { return NewPostgresSite(ctx) },
		missing:  missingPostgres,
		writes:   20_000,
		deadline: 20 * time.Second, hasty: 4 * time.Second,
	},
	"files": {
		open:     func(ctx context.Context) (Scene, error) { return NewFilesSite(ctx) },
		missing:  func() []string { return Missing("haproxy") },
		writes:   10_000,
		deadline: 10 * time.Second, hasty: 3 * time.Second,
	},
	"http": {
		open:     func(ctx context.Context) (Scene, error) { return NewHTTPSite(ctx) },
		missing:  func() []string { return Missing("haproxy") },
		writes:   5_000,
		deadline: 5 * time.Second, hasty: 1500 * time.Millisecond,
		faults: GentleFaults(),
	},
}

func missingPostgres() []string {
	missing := Missing("haproxy")
	if PostgresPrograms() == "" {
		missing = append(missing, "postgres")
	}
	return missing
}

// MissingFor returns the programs that a kind of scene needs and that aren't
// installed.
func MissingFor(name string) []string { return scenes[name].missing() }

// Prepare fills in the options that a kind of scene fixes, and returns what
// opens it.
func Prepare(name string, o *Options) (Opener, error) {
	s, ok := scenes[name]
	if !ok {
		return nil, fmt.Errorf("there is nothing to move called %q", name)
	}
	if missing := s.missing(); len(missing) > 0 {
		return nil, fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
	}
	if o.Writes <= 0 {
		o.Writes = s.writes
	}
	o.Faults, o.Deadline = s.faults, s.deadline
	return s.open, nil
}

// Holds returns why a result breaks what the kind of scene promises. How long
// clients waited is a figure and no promise: it depends on the machine.
func (r *Result) Holds(name string) error {
	switch {
	case r.Lost > 0:
		return fmt.Errorf("%d of %d acknowledged writes are lost", r.Lost, r.Acked)
	case name == "http" && r.FailedRequests > 0:
		return fmt.Errorf("%d of %d requests failed", r.FailedRequests, r.Acked)
	}
	return nil
}

// FillAll fills the table for several drivers, side by side: most of the time is
// spent waiting. steps limits it to some of the steps; none: all.
func FillAll(ctx context.Context, drivers, steps []string, say func(string, ...any)) (*Table, error) {
	tables := make([]Table, len(drivers))
	errs := make([]error, len(drivers))
	var all sync.WaitGroup
	for i, name := range drivers {
		s, ok := scenes[name]
		if !ok {
			return nil, fmt.Errorf("there is no driver %q in the table", name)
		}
		if missing := s.missing(); len(missing) > 0 {
			return nil, fmt.Errorf("%s: not installed: %s", name, strings.Join(missing, ", "))
		}
		all.Go(func() { errs[i] = tables[i].fill(ctx, name, s, steps, say) })
	}
	all.Wait()
	whole := &Table{}
	for _, t := range tables {
		whole.Cells = append(whole.Cells, t.Cells...)
		whole.Acked += t.Acked
		whole.Lost += t.Lost
	}
	return whole, errors.Join(errs...)
}
