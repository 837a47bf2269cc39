package forecaster

import (
	"fmt"
	"time"

	"drover/internal/forecast"
	"drover/internal/graph"
	"drover/internal/netmap"
)

// Config is what a forecaster goes by.
type Config struct {
	// Interval is the time between two ticks; a multiple of Forecast.Bin.
	Interval time.Duration
	Forecast forecast.Config
	// Zones are the wall clocks that seasons go by.
	Zones   Zones
	Graph   graph.Config
	Network netmap.Config
	// Horizon is how many steps of Forecast.Bin are published.
	Horizon int
	// SilentAfter is when a producer that sends no heartbeat stops holding the
	// watermark back.
	SilentAfter time.Duration
	// AllowedSkew is how far beyond the newest heartbeat a record may lie.
	AllowedSkew time.Duration
	// StaleAfter is when a series without data is no longer trusted, RetainFor
	// when it is forgotten.
	StaleAfter, RetainFor time.Duration
	// MaxSeries bounds the series of one partition; more are dead-lettered.
	MaxSeries int
	Refit     Refit
	// Meters are told how forecasts do; nil: nobody is.
	Meters *Meters
	// MetricPartitions, CallPartitions and PathPartitions are how many
	// partitions the inputs have: readers wait for a marker of each.
	MetricPartitions, CallPartitions, PathPartitions int
}

// Refit says when the models that learn from many series at a time are fitted.
type Refit struct {
	// Every is the event time between two rounds; 0: they are never fitted.
	Every time.Duration
	// Age is when a series' fitted forecast is due for another.
	Age time.Duration
	// Operations is the budget of one round, counted, not timed: the most wrong
	// series that fit into it are fitted.
	Operations int64
	// Least is how many blocks (hours, where a season is a day) of history a
	// series must have.
	Least int
	Seed  uint64
}

// DefaultConfig returns ticks and bins of five minutes and three hours ahead.
func DefaultConfig() Config {
	fc := *forecast.DefaultConfig()
	fc.Blocks = 28 * 24
	return Config{
		Interval:         5 * time.Minute,
		Forecast:         fc,
		Horizon:          36,
		SilentAfter:      10 * time.Minute,
		AllowedSkew:      10 * time.Minute,
		StaleAfter:       30 * time.Minute,
		RetainFor:        7 * 24 * time.Hour,
		MaxSeries:        2_000_000,
		Refit:            Refit{Every: time.Hour, Age: 24 * time.Hour, Operations: 2_000_000_000, Least: 7 * 24, Seed: 1},
		MetricPartitions: 6,
		CallPartitions:   6,
		PathPartitions:   6,
	}
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	if err := c.Forecast.Validate(); err != nil {
		return err
	}
	if c.Interval < c.Forecast.Bin || c.Interval%c.Forecast.Bin != 0 {
		return fmt.Errorf("interval %v: must be a multiple of the bin %v", c.Interval, c.Forecast.Bin)
	}
	if c.Horizon < 1 || c.MaxSeries < 1 {
		return fmt.Errorf("horizon %d and max-series %d: must be above zero", c.Horizon, c.MaxSeries)
	}
	if err := c.Refit.validate(c); err != nil {
		return err
	}
	if c.MetricPartitions < 1 || c.CallPartitions < 1 || c.PathPartitions < 1 {
		return fmt.Errorf("partitions of metrics, calls, paths: %d, %d, %d must be above zero",
			c.MetricPartitions, c.CallPartitions, c.PathPartitions)
	}
	return nil
}

func (r *Refit) validate(c *Config) error {
	if r.Every == 0 {
		return nil
	}
	if r.Every < c.Interval {
		return fmt.Errorf("refit every %v: must be the interval of %v or more, or 0 for never", r.Every, c.Interval)
	}
	if r.Age < r.Every || r.Operations < 1 {
		return fmt.Errorf("refit age %v and operations %d: want an age of %v or more and a budget above zero", r.Age, r.Operations, r.Every)
	}
	if c.Forecast.Blocks < r.Least || r.Least < 3 {
		return fmt.Errorf("refit from %d blocks of history: want 3 to the %d that are kept", r.Least, c.Forecast.Blocks)
	}
	return nil
}
