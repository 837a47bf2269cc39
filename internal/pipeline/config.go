package pipeline

import (
	"fmt"
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/engine"
	"drover/internal/executor"
	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/planner"
	"drover/internal/scenario"
	"drover/internal/scenario/queueing"
	"drover/internal/solver"
	"drover/internal/stage"
)

// Config is the configuration of all stages.
type Config struct {
	Forecaster forecaster.Config
	Planner    planner.Config
	Executor   executor.Config
}

// Stage names, also those of the consumer groups.
const (
	Forecaster = "forecaster"
	Planner    = "planner"
	Executor   = "executor"
)

// DefaultConfig returns decisions every five minutes by what-if scenarios, and
// an executor without a performer.
func DefaultConfig() Config {
	c := Config{Forecaster: forecaster.DefaultConfig(), Planner: planner.DefaultConfig(), Executor: executor.DefaultConfig()}
	c.Planner.NewPolicy = Scenarios(scenario.DefaultConfig())
	return c
}

// SetInterval sets the planning interval of all stages.
func (c *Config) SetInterval(interval time.Duration) {
	c.Forecaster.Interval, c.Planner.Interval, c.Executor.Interval = interval, interval, interval
	if c.Executor.Beat <= 0 || interval%c.Executor.Beat != 0 {
		c.Executor.Beat = interval
	}
}

// Simulate makes the executor perform every command in event time.
func (c *Config) Simulate(config simulator.Config) {
	c.Executor.Simulate = simulator.New(config).Perform
}

// Validate checks every stage's configuration.
func (c *Config) Validate() error {
	if err := c.Forecaster.Validate(); err != nil {
		return fmt.Errorf("forecaster: %w", err)
	}
	if err := c.Planner.Validate(); err != nil {
		return fmt.Errorf("planner: %w", err)
	}
	if err := c.Executor.Validate(); err != nil {
		return fmt.Errorf("executor: %w", err)
	}
	return nil
}

// Stages returns the stages after ingest, in the order of the flow.
func (c *Config) Stages() []engine.Stage {
	return []engine.Stage{
		{Name: Forecaster, Topics: forecaster.Topics(), NewTask: func(p int32) stage.Task { return forecaster.NewTask(&c.Forecaster, p) }},
		{Name: Planner, Topics: planner.Topics(), NewTask: func(p int32) stage.Task { return planner.NewTask(&c.Planner, p) }},
		{Name: Executor, Topics: c.Executor.Topics(), NewTask: func(p int32) stage.Task { return executor.NewTask(&c.Executor, p) }},
	}
}

// Scenarios returns what makes the policy of a fleet that decides by what-if
// futures with Drover's solver: the same for all fleets.
func Scenarios(config scenario.Config) func(model.FleetID) (planner.Policy, error) {
	return ScenariosOf(func(model.FleetID) scenario.Config { return config })
}

// ScenariosOf is Scenarios with a configuration for each fleet.
func ScenariosOf(of func(model.FleetID) scenario.Config) func(model.FleetID) (planner.Policy, error) {
	return func(fleet model.FleetID) (planner.Policy, error) {
		config := of(fleet)
		if err := config.Validate(); err != nil {
			return nil, err
		}
		config.Shapes = &queueing.Shapes{} // each fleet's own
		return planner.ScenarioPolicy{Config: config, Solve: solve}, nil
	}
}

// solve asks Drover's solver; the budget counts evaluations, so that the answer
// is the same on any machine.
func solve(problem *model.Problem, budget scenario.Budget) (model.Answer, error) {
	return solver.Decide(problem, budget.Seed, budget.Evaluations)
}
