package planner

import (
	"fmt"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

// Policy decides for one fleet at one tick. Implementations are pure.
type Policy interface {
	// Decide returns the evaluation and, where something is to be done, a plan.
	Decide(v scenario.View) (model.Evaluation, *model.Plan, error)
	// AppendSnapshot and Restore carry what the policy remembers between ticks.
	AppendSnapshot([]byte) ([]byte, error)
	Restore([]byte) error
}

// Rechecker is implemented by policies that look at plans in flight again.
type Rechecker interface {
	// Recheck tells whether going on with the plan is worse than stopping it, and
	// which of its moves should not be begun any more.
	Recheck(v scenario.View, plan model.Plan) scenario.Verdict
}

// Config is what a planner goes by.
type Config struct {
	// Interval is the time between two decisions.
	Interval time.Duration
	// SilentAfter is when a producer without heartbeat lets go of the watermark.
	SilentAfter time.Duration
	// RememberMoves is how long ended moves are kept for budgets and hysteresis.
	RememberMoves time.Duration
	// MaxAhead bounds how many records of one input are held for the others.
	MaxAhead int
	// RateHalfLife is that of the edges' rates (graph.Config.HalfLife).
	RateHalfLife time.Duration
	// NewPolicy makes the policy of a fleet.
	NewPolicy func(model.FleetID) (Policy, error)
}

// DefaultConfig returns a decision every five minutes; NewPolicy is left open.
func DefaultConfig() Config {
	return Config{Interval: 5 * time.Minute, SilentAfter: 10 * time.Minute, RememberMoves: 24 * time.Hour, MaxAhead: 1_000_000,
		RateHalfLife: time.Hour}
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	switch {
	case c.Interval <= 0:
		return fmt.Errorf("interval %v: must be above zero", c.Interval)
	case c.RememberMoves < time.Hour:
		return fmt.Errorf("remember-moves %v: budgets are per hour, so at least an hour is needed", c.RememberMoves)
	case c.RateHalfLife <= 0:
		return fmt.Errorf("rate-half-life %v: must be above zero", c.RateHalfLife)
	case c.NewPolicy == nil:
		return fmt.Errorf("planner: no policy")
	}
	return nil
}
