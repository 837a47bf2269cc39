package netmap

import "time"

// Config says how a Map forgets and how much work it may do. Zero fields take
// the defaults.
type Config struct {
	// HalfLife is the time after which a probe counts half as much in the loss.
	// Default one hour.
	HalfLife time.Duration
	// StaleAfter is the silence after which a pair no longer counts as measured
	// and is estimated again; after seven times that it is forgotten. Default one
	// day.
	StaleAfter time.Duration
	// RelaxSteps bounds the updates of coordinates in one Changed, for each
	// fleet. Default 200,000 (about 0.02 CPU seconds).
	RelaxSteps int
	// EstimateServers is up to how many servers and targets a fleet may have for
	// Changed to tell estimates of the pairs that nobody measures. Default 100.
	EstimateServers int
	// MaxPairs bounds the pairs (and, apart, the legs to routers) that are kept
	// for each fleet; further ones are counted and dropped. Default 1,000,000.
	MaxPairs int
}

// withDefaults returns c with every field set.
func (c Config) withDefaults() Config {
	if c.HalfLife < time.Millisecond {
		c.HalfLife = time.Hour
	}
	if c.StaleAfter < time.Millisecond {
		c.StaleAfter = 24 * time.Hour
	}
	if c.RelaxSteps <= 0 {
		c.RelaxSteps = 200_000
	}
	if c.EstimateServers == 0 {
		c.EstimateServers = 100
	}
	if c.MaxPairs <= 0 {
		c.MaxPairs = 1_000_000
	}
	return c
}
