package service

import (
	"fmt"
	"os"

	"drover/internal/actuator/simulator"
	"drover/internal/config"
	"drover/internal/engine"
	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/planner"
	"drover/internal/replay"
	"drover/internal/saga"
	"drover/internal/scenario"
	"drover/internal/scenario/policy"
)

// Stages makes the stages that the configuration asks for.
func Stages(c *config.Config, version string) (*pipeline.Config, error) {
	p := pipeline.DefaultConfig()
	p.Executor.Beat = c.Beat
	p.SetInterval(c.Interval)
	p.Forecaster.Horizon, p.Forecaster.SilentAfter, p.Forecaster.MaxSeries = c.Horizon, c.SilentAfter, c.MaxSeries
	p.Forecaster.Refit.Every, p.Forecaster.Refit.Age, p.Forecaster.Refit.Operations = c.Refit.Every, c.Refit.Age, c.Refit.Operations
	zones, err := forecaster.ParseZones(c.TimeZones)
	if err != nil {
		return nil, fmt.Errorf("time_zones: %w", err)
	}
	p.Forecaster.Zones = zones
	p.Planner.SilentAfter, p.Executor.SilentAfter = c.SilentAfter, c.SilentAfter
	p.Forecaster.MetricPartitions, p.Forecaster.CallPartitions, p.Forecaster.PathPartitions = c.Kafka.ByKey, c.Kafka.ByKey, c.Kafka.ByKey
	policies, err := Policies(c, version)
	if err != nil {
		return nil, err
	}
	switch c.Policy {
	case "scenarios":
		p.Planner.NewPolicy = pipeline.ScenariosOf(policies.Of)
	case "consolidate":
		p.Planner.NewPolicy = func(model.FleetID) (planner.Policy, error) {
			return &planner.ConsolidatePolicy{CopyBytesPerSecond: replay.CopyBytesPerSecond, UnservedTarget: replay.UnservedTarget, Code: version}, nil
		}
	case "none":
		p.Planner.NewPolicy = func(model.FleetID) (planner.Policy, error) { return pipeline.NoPolicy{}, nil }
	default:
		return nil, fmt.Errorf("policy: %q: want scenarios, consolidate or none", c.Policy)
	}
	switch c.Driver {
	case "simulator":
		world := simulator.DefaultConfig()
		world.Seed, world.FailurePPM = uint64(c.Seed), c.Simulator.FailuresPPM
		p.Simulate(world)
	case "vm-simulator":
		p.Simulate(simulator.Config{Seed: uint64(c.Seed), BytesPerSecond: replay.CopyBytesPerSecond})
		p.Executor.Saga.Limits, p.Executor.Saga.Watch = saga.Limits{}, 0
	}
	if c.Drivers != "" {
		p.Executor.Live, p.Executor.Simulate = true, nil
	}
	return &p, p.Validate()
}

// Policies reads the planning policies of the fleets: what the configuration
// says, and on top of it what the file of policies does.
func Policies(c *config.Config, version string) (*policy.Set, error) {
	base := scenario.DefaultConfig()
	base.Approval, base.DryRun = c.Planning.Approval, c.Planning.DryRun
	base.Budget.Evaluations, base.Budget.Seed = c.Planning.Evaluations, uint64(c.Seed)
	base.Code = version
	if c.Planning.Policies == "" {
		return policy.New(base), nil
	}
	text, err := os.ReadFile(c.Planning.Policies)
	if err != nil {
		return nil, fmt.Errorf("planning.policies: %w", err)
	}
	set, err := policy.Parse(text, base)
	if err != nil {
		return nil, fmt.Errorf("planning.policies: %s: %w", c.Planning.Policies, err)
	}
	return set, nil
}

// Find returns a stage by name.
func Find(p *pipeline.Config, name string) (engine.Stage, error) {
	for _, s := range p.Stages() {
		if s.Name == name {
			return s, nil
		}
	}
	return engine.Stage{}, fmt.Errorf("no stage %q", name)
}
