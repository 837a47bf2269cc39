package move

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/tests/containers"
)

// Opener makes a fresh scene.
type Opener func(context.Context) (Scene, error)

// scene is what is known about one kind of scene.
type scene struct {
	open    Opener
	missing func() []string
	writes  int // acknowledged ones that a run has to reach
	// deadline of a command; hasty is the one that is meant to be overrun.
	deadline, hasty time.Duration
	// faults to choose from; empty: all.
	faults []FaultKind
	// steps are the rows of the table; empty: those of a move. plan makes another
	// plan than a move's; it ends where it began.
	steps []model.StepKind
	plan  func(id string) model.Plan
}

// rows returns the steps that the table has rows of.
func (s *scene) rows() []model.StepKind {
	if len(s.steps) > 0 {
		return s.steps
	}
	return actuator.MoveSteps()
}

// planFor returns the plan that is played from where it is served.
func (s *scene) planFor(id string, from model.ServerID) model.Plan {
	if s.plan != nil {
		return s.plan(id)
	}
	return planFor(id, from, other(from))
}

// target returns who serves after a plan that has succeeded.
func (s *scene) target(from model.ServerID) model.ServerID {
	if s.plan != nil {
		return from
	}
	return other(from)
}

// endOf returns the table's word for a plan's end.
func (s *scene) endOf(state model.PlanState) string {
	switch {
	case state == model.PlanSucceeded && s.plan != nil:
		return endUpdated
	case state == model.PlanSucceeded:
		return endMoved
	case state == model.PlanRolledBack:
		return endRestored
	}
	return string(state)
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
	"envoy": {
		open:     func(ctx context.Context) (Scene, error) { return NewEnvoySite(ctx) },
		missing:  func() []string { return Missing("envoy") },
		writes:   5_000,
		deadline: 10 * time.Second, hasty: 3 * time.Second,
		faults: GentleFaults(),
	},
	"exec": {
		open:     func(ctx context.Context) (Scene, error) { return NewProgramSite(ctx) },
		missing:  func() []string { return Missing("python3") },
		writes:   5_000,
		deadline: time.Minute, hasty: 4 * time.Second,
	},
	"webhook": {
		open:     func(ctx context.Context) (Scene, error) { return NewHookedSite(ctx) },
		missing:  func() []string { return Missing("haproxy") },
		writes:   5_000,
		deadline: 5 * time.Second, hasty: 1500 * time.Millisecond,
		faults: GentleFaults(),
	},
	"containerd": {
		open:     func(ctx context.Context) (Scene, error) { return NewContainerdSite(ctx) },
		missing:  func() []string { return append(containers.Missing(), Missing("haproxy", "ip")...) },
		writes:   5_000,
		deadline: 20 * time.Second, hasty: 4 * time.Second,
		faults: GentleFaults(),
	},
	"update": {
		open:     func(ctx context.Context) (Scene, error) { return NewUpdateSite(ctx) },
		missing:  func() []string { return Missing("haproxy") },
		deadline: 10 * time.Second, hasty: 2 * time.Second,
		steps: []model.StepKind{model.StepUpdate},
		plan:  updatePlan,
	},
}

func missingPostgres() []string {
	missing := Missing("haproxy")
	if PostgresPrograms() == "" {
		missing = append(missing, "postgres")
	}
	return missing
}

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

// OpenerOf returns what opens a driver's scene, where it has one.
func OpenerOf(driver string) (Opener, bool) {
	s, ok := scenes[driver]
	return s.open, ok
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
