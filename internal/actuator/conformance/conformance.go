// Package conformance checks that a driver keeps the promises that the executor
// relies on. It moves a real replica with the driver, there, back and with every
// command repeated, so it is run on something made for the purpose.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Check is one promise and whether it was kept.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // why not, or why it was left out
}

// Config says what to move and how patient to be.
type Config struct {
	Move model.Move
	// Deadline is how long each command may take.
	Deadline time.Duration
	// Plan is the prefix of the plans' identities; it must be new for each run
	// where the driver remembers.
	Plan model.PlanID
	Now  func() time.Time
}

// run is one run of the checks.
type run struct {
	Config
	driver       actuator.Driver
	capabilities actuator.Capabilities
	checks       []Check
	plan         int
	move         model.Move
	leg          model.Leg
	sequence     int
}

// forward and backward are the orders in which a move's commands come.
var (
	forward  = actuator.MoveSteps()[:7]
	backward = actuator.MoveSteps()[7:]
)

// Run checks a driver and returns every check, in a fixed order.
func Run(ctx context.Context, d actuator.Driver, config Config) []Check {
	if config.Now == nil {
		config.Now = time.Now
	}
	r := &run{Config: config, driver: d, capabilities: d.Capabilities(), move: config.Move}
	r.describe()
	r.unknown(ctx)
	r.late(ctx)
	r.unsupported(ctx)
	r.undoneBeforePivot(ctx)
	r.undoneAfterPivot(ctx)
	r.moved(ctx, "a whole move, every command given twice", model.LegForward)
	r.moved(ctx, "the way back, every command given twice", model.LegReverse)
	r.stale(ctx)
	return r.checks
}

// Passed tells whether every check was kept.
func Passed(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return !c.OK })
}

func (r *run) check(name string, err error) {
	c := Check{Name: name, OK: err == nil}
	if err != nil {
		c.Detail = err.Error()
	}
	r.checks = append(r.checks, c)
}

func (r *run) leaveOut(name, why string) {
	r.checks = append(r.checks, Check{Name: name, OK: true, Detail: "left out: " + why})
}

// next begins another plan.
func (r *run) next(leg model.Leg) {
	r.plan++
	r.sequence, r.leg = 0, leg
	r.move = r.Move
	if leg == model.LegReverse {
		r.move.From, r.move.To = r.move.To, r.move.From
	}
}

// command returns the move's next command.
func (r *run) command(kind model.StepKind) actuator.Command {
	r.sequence++
	plan := model.PlanID(fmt.Sprintf("%s-%d", r.Plan, r.plan))
	at := model.InstantOf(r.Now())
	return actuator.Command{Move: r.move, Step: model.Step{
		ID: model.NewStepID(plan, 0, r.leg, r.sequence, kind), Plan: plan, Kind: kind, Phase: model.PhaseIntent,
		Attempt: 1, At: at, Deadline: at.Add(r.Deadline), Epoch: 2, Compensation: slices.Contains(backward, kind),
	}}
}

// give performs a command twice, the second time as if its outcome was lost.
func (r *run) give(ctx context.Context, kind model.StepKind) error {
	if !r.capabilities.Performs(kind) {
		return nil
	}
	c := r.command(kind)
	for try := range 2 {
		bounded, cancel := context.WithTimeout(ctx, r.Deadline)
		err := r.driver.Perform(bounded, c)
		cancel()
		if err != nil {
			return fmt.Errorf("%s, try %d: %w", kind, try+1, err)
		}
	}
	status, err := r.driver.Status(ctx, c)
	if err != nil {
		return fmt.Errorf("status of %s: %w", kind, err)
	}
	if status.State != actuator.Done && (r.capabilities.Remembers || status.State != actuator.Unknown) {
		return fmt.Errorf("status of %s, which is done: %s", kind, status.State)
	}
	return nil
}

func (r *run) giveAll(ctx context.Context, kinds []model.StepKind) error {
	for _, kind := range kinds {
		if err := r.give(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) describe() {
	err := func() error {
		if r.capabilities.Name == "" {
			return errors.New("no name")
		}
		if len(r.capabilities.Steps) == 0 {
			return errors.New("no steps")
		}
		for _, s := range r.capabilities.Steps {
			if s != model.StepUpdate && !slices.Contains(actuator.MoveSteps(), s) {
				return fmt.Errorf("there is no step %q", s)
			}
		}
		if r.capabilities.Performs(model.StepCutOver) != r.capabilities.Performs(model.StepReverseCutOver) {
			return errors.New("cut-over and reverse-cut-over come together")
		}
		return nil
	}()
	r.check("capabilities", err)
}

// unknown: nothing is known about a command that was never given.
func (r *run) unknown(ctx context.Context) {
	r.next(model.LegForward)
	status, err := r.driver.Status(ctx, r.command(model.StepAdmit))
	if err == nil && status.State != actuator.Unknown {
		err = fmt.Errorf("status %s", status.State)
	}
	r.check("status of a command never given is unknown", err)
}

// late: a command past its deadline doesn't act.
func (r *run) late(ctx context.Context) {
	const name = "a command past its deadline fails"
	if len(r.capabilities.Steps) == 0 {
		r.leaveOut(name, "there are no steps")
		return
	}
	r.next(model.LegForward)
	c := r.command(r.capabilities.Steps[0])
	c.Step.At -= 3_600_000
	c.Step.Deadline = c.Step.At.Add(time.Second)
	bounded, cancel := actuator.Bound(ctx, &c, 0)
	defer cancel()
	var err error
	if r.driver.Perform(bounded, c) == nil {
		err = errors.New("it was performed")
	}
	r.check(name, err)
}

func (r *run) unsupported(ctx context.Context) {
	r.next(model.LegForward)
	c := r.command("no-such-step")
	var err error
	if r.driver.Perform(ctx, c) == nil {
		err = errors.New("it was performed")
	}
	r.check("a step that there isn't fails", err)
}

// undoneBeforePivot: what was prepared is taken back; twice, since the second
// time shows that nothing was left.
func (r *run) undoneBeforePivot(ctx context.Context) {
	err := func() error {
		for range 2 {
			r.next(model.LegForward)
			if err := r.giveAll(ctx, forward[:4]); err != nil {
				return err
			}
			if err := r.giveAll(ctx, backward[1:]); err != nil {
				return err
			}
		}
		return nil
	}()
	r.check("prepared and taken back, twice", err)
}

func (r *run) undoneAfterPivot(ctx context.Context) {
	r.next(model.LegForward)
	err := r.giveAll(ctx, forward[:5])
	if err == nil {
		err = r.giveAll(ctx, backward)
	}
	r.check("cut over and taken back", err)
}

// moved gives every command of a leg twice, and the last one to both at once.
func (r *run) moved(ctx context.Context, name string, leg model.Leg) {
	r.next(leg)
	r.check(name, r.giveAll(ctx, forward))
}

// stale: a driver that says it fences refuses older commands.
func (r *run) stale(ctx context.Context) {
	const name = "older epochs and sequences are refused"
	if !r.capabilities.Fences {
		r.leaveOut(name, "the driver doesn't fence; the executor waits deadlines out")
		return
	}
	r.next(model.LegForward)
	kind := r.capabilities.Steps[0]
	older, newer := r.command(kind), r.command(kind)
	zombie := r.command(kind)
	zombie.Step.Epoch = 1
	var all sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		all.Go(func() { errs[i] = r.driver.Perform(ctx, newer) })
	}
	all.Wait()
	err := errors.Join(errs...)
	for _, c := range []actuator.Command{older, zombie} {
		if err == nil && !errors.Is(r.driver.Perform(ctx, c), actuator.ErrStale) {
			err = fmt.Errorf("%s of epoch %d was performed", c.Step.ID, c.Step.Epoch)
		}
	}
	r.check(name, err)
}
