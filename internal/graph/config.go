package graph

import "time"

// Config says how a Graph forgets. Zero fields take the defaults.
type Config struct {
	// HalfLife is the time after which a call counts half as much in the rates
	// and in the latency distribution. Default one hour.
	HalfLife time.Duration
	// GoneAfter is the silence after which an observed or inferred edge is aged
	// out. Default seven days.
	GoneAfter time.Duration
	// DeclaredGoneAfter is the same for declarations, which manifests repeat
	// rarely. Default 90 days.
	DeclaredGoneAfter time.Duration
	// MinimumWindow is the least time that rates are averaged over: a graph that
	// saw its first call a second ago does not multiply it up. Default one minute.
	MinimumWindow time.Duration
	// SpanMemory is how many spans are remembered to drop repeats, for all fleets
	// of the partition together (about 32 bytes each). Default 131,072.
	SpanMemory int
}

// withDefaults returns c with every field set; a half-life is at least 1 ms.
func (c Config) withDefaults() Config {
	set := func(d *time.Duration, value time.Duration) {
		if *d < time.Millisecond {
			*d = value
		}
	}
	set(&c.HalfLife, time.Hour)
	set(&c.GoneAfter, 7*24*time.Hour)
	set(&c.DeclaredGoneAfter, 90*24*time.Hour)
	set(&c.MinimumWindow, time.Minute)
	if c.SpanMemory <= 0 {
		c.SpanMemory = 1 << 17
	}
	return c
}
