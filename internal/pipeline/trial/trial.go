package trial

import (
	"context"
	"fmt"
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/planner"
	"drover/internal/scenario"
	"drover/internal/simfleet"
	"drover/internal/stage"
)

// Config says how a trial is run.
type Config struct {
	Policy   string // one of Policies
	Scenario scenario.Config
	Horizon  int // steps of five minutes that are forecast
	// Progress, where not nil, is told of the share that is done.
	Progress func(done float64)
	// Watch, where not nil, sees every record of the stages from the spec's start on.
	Watch func(event any)
	// Done is what a recorded deployment decided and did (plans, steps, outcomes)
	// after the spec's start: what the policy recorded plays.
	Done []any
}

// AsRecorded is the policy that repeats what a recorded deployment did.
const AsRecorded = "recorded"

// Policies are the names that Config.Policy knows beside AsRecorded: drover; static, which never
// moves; threshold, which reacts (planner.ReactivePolicy); and oracle, which is
// drover with the true load in place of forecasts.
func Policies() []string { return []string{"drover", "static", "threshold", "oracle"} }

// DefaultConfig is what figures are measured with.
func DefaultConfig(policy string) Config {
	return Config{Policy: policy, Scenario: ScenarioConfig(), Horizon: 36}
}

// ScenarioConfig is the planning policy of generated fleets: half an hour ahead
// in steps of fifteen minutes. Servers start within minutes there and moves are
// cheap, so a longer view would only keep servers on.
func ScenarioConfig() scenario.Config {
	c := scenario.DefaultConfig()
	c.Period, c.Periods, c.CostEvery = 15*time.Minute, 2, 15*time.Minute
	c.MaxFutures, c.Paths = 8, 2
	c.ServerQuantile = 0.99
	c.PackMarginPPM = 15_000
	// Schedules count on one copy at a time and CPU is kept for one: that two
	// overlap on a server that is full as well is rare.
	c.ServerConcurrency, c.CopyCPUMilli = 1, copyMilli
	c.ViolationMicros, c.HysteresisByReplica = 20_000, true
	c.MaxMovesPerHour, c.MaxApplicationMovesPerHour, c.MaxServersTouched = 1000, 20, 200
	c.Budget.Evaluations = 30_000
	c.Stages = -1 // an hour is no time to change one's mind in
	return c
}

// The policy THR 0.8 with minimum migration time.
const (
	threshold       = 0.8
	maintenanceLead = 30 * time.Minute
)

// Run lets a policy run a fleet from the spec's start for a length of time, of which
// whole intervals are played, and returns what became of it.
func Run(ctx context.Context, spec *simfleet.Spec, length time.Duration, config Config) (*Result, error) {
	fleet, err := simfleet.New(spec)
	if err != nil {
		return nil, err
	}
	stages := pipeline.DefaultConfig()
	stages.SetInterval(spec.Interval)
	stages.Forecaster.Horizon = config.Horizon
	world := simulator.DefaultConfig()
	world.Seed = spec.Seed
	stages.Simulate(world)
	if stages.Planner.NewPolicy, err = newPolicy(fleet, &config); err != nil {
		return nil, err
	}
	t := &trial{fleet: fleet, judge: newJudge(fleet), watch: config.Watch}
	if config.Policy == AsRecorded {
		for _, e := range config.Done {
			t.judge.observe(e)
		}
	}
	memory, err := pipeline.NewMemory(&stages, pipeline.Widths{ByEntity: 1, ByFleet: 1}, t.observe)
	if err != nil {
		return nil, err
	}
	t.play = pipeline.NewPlay(fleet, ingest.NewFeed(simfleet.Producer, memory))
	if err := t.play.History(ctx, nil); err != nil {
		return nil, err
	}
	steps := int(length / spec.Interval)
	for k := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := t.play.Step(ctx); err != nil {
			return nil, err
		}
		t.judge.advance(t.play.Now())
		if config.Progress != nil && k%12 == 11 {
			config.Progress(float64(k+1) / float64(steps))
		}
	}
	if n := memory.Rejected(); n > 0 {
		return nil, fmt.Errorf("policy %s: the stages rejected %d records", config.Policy, n)
	}
	return t.judge.result(config.Policy, spec.Seed, time.Duration(steps)*spec.Interval), nil
}

// trial is a run under way.
type trial struct {
	fleet *simfleet.Fleet
	judge *judge
	play  *pipeline.Play
	watch func(event any)
}

func (t *trial) observe(rec stage.Record) {
	if t.play == nil {
		return
	}
	t.play.Observe(rec.Event)
	t.judge.observe(rec.Event)
	if t.watch != nil {
		t.watch(rec.Event)
	}
}

// newPolicy makes the policy of a trial.
func newPolicy(fleet *simfleet.Fleet, config *Config) (func(model.FleetID) (planner.Policy, error), error) {
	scenarios := pipeline.Scenarios(config.Scenario)
	switch config.Policy {
	case "drover":
		return scenarios, nil
	case "static", AsRecorded:
		return func(model.FleetID) (planner.Policy, error) { return pipeline.NoPolicy{}, nil }, nil
	case "threshold":
		return func(model.FleetID) (planner.Policy, error) {
			return planner.ReactivePolicy{Threshold: threshold, MaintenanceLead: maintenanceLead}, nil
		}, nil
	case "oracle":
		return func(id model.FleetID) (planner.Policy, error) {
			inner, err := scenarios(id)
			return oracle{Policy: inner, fleet: fleet}, err
		}, nil
	}
	return nil, fmt.Errorf("policy %q: want one of %v", config.Policy, Policies())
}

// oracle decides with the true load of the coming hours in place of forecasts.
type oracle struct {
	planner.Policy
	fleet *simfleet.Fleet
}

// Decide implements planner.Policy.
func (o oracle) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	truth := make(map[scenario.ForecastKey]model.Forecast, len(v.Forecasts))
	var rates []map[model.ApplicationID]float64
	for key, f := range v.Forecasts {
		kind, name, _ := key.Entity.Split()
		if kind != model.KindApplication || key.Resource != model.CPU {
			continue
		}
		f.Quantiles = model.Quantiles{Levels: []float64{0.5}, Mean: make([]float64, len(f.Quantiles.Mean))}
		for h := range f.Quantiles.Mean {
			if h >= len(rates) {
				rates = append(rates, o.fleet.RatesOver(v.Tick.Add(time.Duration(h)*f.Step+f.Step/2), f.Step))
			}
			cpu := o.fleet.CPUMilli(model.ApplicationID(name), rates[h])
			f.Quantiles.Mean[h] = cpu
			f.Quantiles.Values = append(f.Quantiles.Values, []float64{cpu})
		}
		f.Trusted = true
		truth[key] = f
	}
	v.Forecasts = truth
	v.Calendar = nil // what campaigns do is in the truth already
	return o.Policy.Decide(v)
}
