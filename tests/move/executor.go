package move

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/saga"
)

// Executor performs plans in wall-clock time.
type Executor struct {
	Config saga.Config
	// Build returns the driver as a newly started process has it.
	Build func() actuator.Driver

	driver   actuator.Driver
	fleet    *saga.Fleet
	epoch    int64
	results  chan result
	crashes  chan struct{}
	Log      []model.Step
	Outcomes []model.Outcome
	// TakeOvers counts the crashes survived.
	TakeOvers int
}

// result is a command's outcome and the owner that it was reported to.
type result struct {
	step  model.Step
	epoch int64
}

// NewExecutor returns an executor without plans.
func NewExecutor(config saga.Config, build func() actuator.Driver) *Executor {
	return &Executor{Config: config, Build: build, results: make(chan result, 64), crashes: make(chan struct{}, 64)}
}

// Crash kills the executor: what is under way never reports. Another one takes
// over.
func (e *Executor) Crash() { e.crashes <- struct{}{} }

// Run performs a plan and returns the state that it ended in.
func (e *Executor) Run(ctx context.Context, plan model.Plan) (model.PlanState, error) {
	if e.fleet == nil {
		e.fleet, e.driver, e.epoch = saga.NewFleet(plan.Fleet, e.Config), e.Build(), 1
	}
	e.take(ctx, e.fleet.Submit(plan, model.InstantOf(time.Now())))
	for {
		if state := e.ended(plan.ID); state != "" {
			return state, nil
		}
		wait := time.Hour
		if at, ok := e.fleet.NextTimer(); ok {
			wait = max(time.Until(at.Time()), 0) + time.Millisecond
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return "", fmt.Errorf("plan %s: %w", plan.ID, context.Cause(ctx))
		case r := <-e.results:
			if r.epoch == e.epoch { // the dead don't report
				e.take(ctx, e.fleet.Outcome(r.step))
			}
		case <-e.crashes:
			if err := e.takeOver(ctx); err != nil {
				return "", err
			}
		case <-timer.C:
			e.take(ctx, e.fleet.Advance(model.InstantOf(time.Now())))
		}
		timer.Stop()
	}
}

// take carries effects out: intents are in the log before they are performed.
func (e *Executor) take(ctx context.Context, effects []saga.Effect) {
	for _, effect := range effects {
		switch {
		case effect.Outcome != nil:
			e.Outcomes = append(e.Outcomes, *effect.Outcome)
		case effect.Step.Phase == model.PhaseIntent:
			e.Log = append(e.Log, *effect.Step)
			e.start(ctx, *effect.Step, e.driver.Perform)
		default:
			e.Log = append(e.Log, *effect.Step)
		}
	}
}

// start performs a command beside the loop.
func (e *Executor) start(ctx context.Context, step model.Step, perform func(context.Context, actuator.Command) error) {
	step.Epoch = e.epoch
	plan, spec, _ := e.fleet.Command(step)
	command := actuator.Command{Step: step, Move: spec, UpdateServer: plan.UpdateServer, UpdateHook: plan.UpdateHook}
	go func() {
		bounded, cancel := actuator.Bound(ctx, &command, 0)
		defer cancel()
		err := perform(bounded, command)
		if errors.Is(err, errLost) {
			return
		}
		step.Phase, step.At, step.Reason = model.PhaseDone, model.InstantOf(time.Now()), ""
		if err != nil {
			step.Phase, step.Reason = model.PhaseFailed, err.Error()
		}
		e.results <- result{step, command.Step.Epoch}
	}()
}

// takeOver does what another instance does: it restores the state, asks what
// became of the commands without outcome and goes on.
func (e *Executor) takeOver(ctx context.Context) error {
	snapshot, err := e.fleet.AppendBinary(nil)
	if err != nil {
		return err
	}
	e.fleet = saga.NewFleet("", e.Config)
	if err := e.fleet.UnmarshalBinary(snapshot); err != nil {
		return err
	}
	e.TakeOvers++
	e.epoch++
	e.driver = e.Build()
	driver := e.driver
	for _, step := range e.fleet.Pending() {
		e.start(ctx, step, func(ctx context.Context, c actuator.Command) error {
			return actuator.Resume(ctx, driver, c, time.Now())
		})
	}
	return nil
}

func (e *Executor) ended(id model.PlanID) model.PlanState {
	for i := len(e.Outcomes) - 1; i >= 0; i-- {
		if o := &e.Outcomes[i]; o.Kind == model.OutcomePlan && o.Plan == id && o.State.Ended() {
			return o.State
		}
	}
	return ""
}

// QuickConfig returns times fit for moves that take a second.
func QuickConfig() saga.Config {
	c := saga.DefaultConfig()
	c.BackOff, c.BackOffMax = 50*time.Millisecond, 400*time.Millisecond
	c.Grace, c.Watch = 200*time.Millisecond, 0
	c.Deadlines, c.DefaultDeadline = nil, 10*time.Second
	return c
}
