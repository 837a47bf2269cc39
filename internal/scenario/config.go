package scenario

import (
	"fmt"
	"time"

	"drover/internal/scenario/queueing"
)

// Config holds a fleet's planning policy. The zero value of a field means the
// default that DefaultConfig gives, except where it says otherwise.
type Config struct {
	// Period and Periods form the horizon: Periods stretches of length Period
	// from the tick on.
	Period  time.Duration
	Periods int
	// HighQuantile is the level of the high-load future, Paths how many sampled
	// futures are generated, MaxFutures how many of all are kept.
	HighQuantile float64
	// ServerQuantile, where not 0, is the level of the sum of what runs on a server
	// in the high-load future, for CPU: the distances of forecasts from their means
	// at HighQuantile are taken as independent but for a share (see shareRisk). 0:
	// every replica is as high as its forecast says, all at once.
	ServerQuantile float64
	Paths          int
	MaxFutures     int
	// ConfidencePPM is the probability at which promises are to hold.
	ConfidencePPM int64

	// Prices, in micros.
	EnergyMicrosPerKWh           int64
	TrafficMicrosPerGiB          int64 // between servers
	OverSafetyMicrosPerCoreHour  int64 // load above a server's safety capacity
	MoveMicros, MoveMicrosPerGiB int64
	// ViolationMicros prices one promise broken for one period where the future
	// is not one that must be met (see Future.Required).
	ViolationMicros int64

	// Guard rails. MaxMovesPerHour counts ended and planned moves of the fleet,
	// MaxApplicationMovesPerHour those of an application that has no limit of its
	// own, MaxServersTouched the servers one plan may touch (the blast radius).
	MaxMovesPerHour            int
	MaxApplicationMovesPerHour int
	MaxServersTouched          int
	// MinimumBenefitMicros is what a plan that only saves money must save over the
	// horizon, beyond the cost of moving.
	MinimumBenefitMicros int64
	// PackMarginPPM is the share of a server's CPU that stays free where replicas
	// arrive, beyond what promises ask for: a forecast that rises a little then
	// moves nobody. Servers that are fuller keep what they have.
	PackMarginPPM int64
	// CopyCPUMilli is the CPU that a copy costs each of its two servers. Where
	// promises limit utilisation so much is kept for it.
	CopyCPUMilli int64
	// Hysteresis is how long an application that has moved stays where it is,
	// unless a promise that must hold is about to be broken.
	Hysteresis time.Duration
	// HysteresisByReplica lets whole servers be emptied though applications on them
	// moved within Hysteresis, as long as the replicas there did not themselves;
	// the reason says so.
	HysteresisByReplica bool

	// StaleAfter is the age at which data is stale. Up to MaxStalePPM of the
	// replicas may be stale (these stay where they are); more means hold.
	StaleAfter  time.Duration
	MaxStalePPM int64
	// MinTrustedPPM is the share of trusted forecasts below which plans need
	// approval; 0 never asks for it.
	MinTrustedPPM int64

	// DrainLead is how long before a maintenance window its server is emptied.
	DrainLead time.Duration
	// MaxUpdates is how many servers are updated at once in a rolling update.
	MaxUpdates int
	// ServerConcurrency and LinkConcurrency limit moves that run together.
	ServerConcurrency, LinkConcurrency int
	// CopyBytesPerSecond limits one copy, MoveOverhead is what a move takes apart
	// from copying.
	CopyBytesPerSecond int64
	MoveOverhead       time.Duration
	// PlanLifetime ends a plan that has no deadline of its own.
	PlanLifetime time.Duration

	// Approval makes plans wait for a person, DryRun keeps them from running.
	Approval, DryRun bool
	// Futures are the user's own.
	Futures []Future
	// CostEvery is how often a better placement is looked for while no promise
	// that must hold is about to break and no server has to be emptied; at the
	// multiples of it in event time. 0: at every tick.
	CostEvery time.Duration
	// Shapes keeps response laws from one decision to the next: they take time and
	// are always the same. nil: none are kept. It is not safe for use by several
	// goroutines.
	Shapes *queueing.Shapes
	// Budget is handed to the solver; Rounds is how often it is asked again with
	// what the simulation found (see cuts.go).
	Budget Budget
	Rounds int
	// Stages is how many later periods are looked at for moves of their own, where
	// promises are about to break or much load has gone by then; see stages.go.
	// Negative: none, and one placement has to serve the whole horizon.
	Stages int
	Code   string // version, for the record
}

// DefaultConfig returns the policy of a fleet that states none.
func DefaultConfig() Config {
	return Config{
		Period: time.Hour, Periods: 6, HighQuantile: 0.95, Paths: 4, MaxFutures: 12, ConfidencePPM: 950_000,
		EnergyMicrosPerKWh: 250_000, TrafficMicrosPerGiB: 100, OverSafetyMicrosPerCoreHour: 200_000,
		MoveMicros: 2_000, MoveMicrosPerGiB: 500, ViolationMicros: 1_000_000,
		MaxMovesPerHour: 200, MaxApplicationMovesPerHour: 6, MaxServersTouched: 100, MinimumBenefitMicros: 10_000,
		Hysteresis: time.Hour, StaleAfter: 15 * time.Minute, MaxStalePPM: 50_000,
		DrainLead: 2 * time.Hour, MaxUpdates: 1, ServerConcurrency: 2, LinkConcurrency: 4,
		CopyBytesPerSecond: 100 << 20, MoveOverhead: 30 * time.Second, PlanLifetime: time.Hour,
		Budget: Budget{Seed: 1, Evaluations: 200_000}, Rounds: 3, Stages: 2,
	}
}

// Validate tells what is wrong with a policy, naming the field.
func (c Config) Validate() error {
	switch {
	case c.Period < 0 || c.Periods < 0 || c.Periods > 288:
		return fmt.Errorf("horizon: %d periods of %v: want at most 288 of a positive length", c.Periods, c.Period)
	case c.HighQuantile < 0 || c.HighQuantile >= 1:
		return fmt.Errorf("high quantile %v: want a level within (0,1)", c.HighQuantile)
	case c.ServerQuantile < 0 || c.ServerQuantile >= 1 || c.ServerQuantile > 0 && c.ServerQuantile < c.HighQuantile:
		return fmt.Errorf("server quantile %v: want a level within (0,1), not below the high quantile %v", c.ServerQuantile, c.HighQuantile)
	case c.CopyCPUMilli < 0:
		return fmt.Errorf("copy cpu %d millicores: must not be negative", c.CopyCPUMilli)
	case c.PackMarginPPM < 0 || c.PackMarginPPM > 500_000:
		return fmt.Errorf("pack margin %d ppm: want 0 to 500000", c.PackMarginPPM)
	case c.ConfidencePPM < 0 || c.ConfidencePPM > 1_000_000:
		return fmt.Errorf("confidence %d ppm: want 0 to 1000000", c.ConfidencePPM)
	case c.EnergyMicrosPerKWh < 0 || c.TrafficMicrosPerGiB < 0 || c.OverSafetyMicrosPerCoreHour < 0 ||
		c.MoveMicros < 0 || c.MoveMicrosPerGiB < 0 || c.ViolationMicros < 0:
		return fmt.Errorf("prices must not be negative")
	case c.MaxMovesPerHour < 0 || c.MaxApplicationMovesPerHour < 0 || c.MaxServersTouched < 0:
		return fmt.Errorf("guard rails must not be negative; 0 means the default")
	case c.StaleAfter < 0 || c.Hysteresis < 0 || c.DrainLead < 0 || c.MoveOverhead < 0 || c.PlanLifetime < 0 || c.CostEvery < 0:
		return fmt.Errorf("durations must not be negative")
	}
	for i, f := range c.Futures {
		if err := f.Validate(); err != nil {
			return fmt.Errorf("future %d (%q): %w", i, f.Name, err)
		}
	}
	return nil
}

// WithDefaults returns the policy with defaults in place of zero fields.
func (c Config) WithDefaults() Config {
	d := DefaultConfig()
	fillDuration := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	fill64 := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	fill := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	fillDuration(&c.Period, d.Period)
	fillDuration(&c.Hysteresis, d.Hysteresis)
	fillDuration(&c.StaleAfter, d.StaleAfter)
	fillDuration(&c.DrainLead, d.DrainLead)
	fillDuration(&c.MoveOverhead, d.MoveOverhead)
	fillDuration(&c.PlanLifetime, d.PlanLifetime)
	fill64(&c.ConfidencePPM, d.ConfidencePPM)
	fill64(&c.EnergyMicrosPerKWh, d.EnergyMicrosPerKWh)
	fill64(&c.TrafficMicrosPerGiB, d.TrafficMicrosPerGiB)
	fill64(&c.OverSafetyMicrosPerCoreHour, d.OverSafetyMicrosPerCoreHour)
	fill64(&c.MoveMicros, d.MoveMicros)
	fill64(&c.MoveMicrosPerGiB, d.MoveMicrosPerGiB)
	fill64(&c.ViolationMicros, d.ViolationMicros)
	fill64(&c.MinimumBenefitMicros, d.MinimumBenefitMicros)
	fill64(&c.MaxStalePPM, d.MaxStalePPM)
	fill64(&c.CopyBytesPerSecond, d.CopyBytesPerSecond)
	fill64(&c.Budget.Evaluations, d.Budget.Evaluations)
	fill(&c.Periods, d.Periods)
	fill(&c.MaxFutures, d.MaxFutures)
	fill(&c.MaxMovesPerHour, d.MaxMovesPerHour)
	fill(&c.MaxApplicationMovesPerHour, d.MaxApplicationMovesPerHour)
	fill(&c.MaxServersTouched, d.MaxServersTouched)
	fill(&c.MaxUpdates, d.MaxUpdates)
	fill(&c.ServerConcurrency, d.ServerConcurrency)
	fill(&c.LinkConcurrency, d.LinkConcurrency)
	fill(&c.Rounds, d.Rounds)
	fill(&c.Stages, d.Stages)
	if c.HighQuantile == 0 {
		c.HighQuantile = d.HighQuantile
	}
	return c
}
