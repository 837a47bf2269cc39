package executor

import (
	"errors"
	"fmt"
	"time"

	"drover/internal/model"
	"drover/internal/saga"
)

// Simulate answers for a command in event time: how long it takes and why it
// fails; an empty text means that it succeeds.
type Simulate func(step model.Step, move model.Move) (took time.Duration, failure string)

// Config is what an executor goes by.
type Config struct {
	// Interval is the planner's; Beat divides it and is how often event time
	// moves on here.
	Interval, Beat time.Duration
	SilentAfter    time.Duration
	MaxAhead       int
	Saga           saga.Config
	// Simulate, where set, performs every command in event time.
	Simulate Simulate
	// Live says that real drivers perform commands (Performer); Health how the
	// replicas that they move are judged.
	Live   bool
	Health Health
	// Reverse declares that a move that fails after its cut-over is moved back,
	// where the plan doesn't say so itself; otherwise it is parked for a person.
	Reverse bool
}

// DefaultConfig returns beats of half a minute.
func DefaultConfig() Config {
	return Config{Interval: 5 * time.Minute, Beat: 30 * time.Second, SilentAfter: 10 * time.Minute,
		MaxAhead: 100_000, Saga: saga.DefaultConfig(), Health: DefaultHealth(), Reverse: true}
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	if c.Beat <= 0 || c.Interval < c.Beat || c.Interval%c.Beat != 0 {
		return fmt.Errorf("beat %v: must divide the interval %v", c.Beat, c.Interval)
	}
	if c.Live && c.Simulate != nil {
		return errors.New("commands are simulated or performed, not both")
	}
	return c.Health.validate()
}
