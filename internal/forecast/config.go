package forecast

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"drover/internal/forecast/wallclock"
)

// Limits of the streaming state. They bound its serialised size to 2 KB.
const (
	maxDaySlots  = 72       // of the first season: 20 minutes for a day
	maxWeekSlots = 42       // of the second season: 4 hours for a week
	maxBlocks    = 5        // leads at which errors are kept
	maxParts     = 24       // parts of the first season in which errors differ
	maxKinds     = 4        // event kinds whose effects are remembered
	recentBins   = 16       // deviations kept bin by bin
	pastHours    = 25       // deviations kept every twenty-fourth of the first season
	maxKept      = 24 * 400 // blocks of history
)

// Config says what every Series of a forecaster has in common. It is read
// only once series use it.
type Config struct {
	// Bin is the width of one observation and of one forecast step.
	Bin time.Duration
	// Levels are the quantiles to forecast, rising within (0,1).
	Levels []float64
	// Horizon is the greatest number of steps that will be asked for; errors are
	// measured at leads up to it.
	Horizon int
	// Seasons are the lengths of at most two seasons, shortest first, usually
	// 24 h and 168 h. Empty means no season.
	Seasons []time.Duration
	// Zone is the wall clock that the seasons go by; nil: UTC.
	Zone *wallclock.Zone
	// Lower and Upper bound every value; Upper <= Lower means no upper bound.
	// The zero values stand for a resource that can't be negative.
	Lower, Upper float64
	// Prior is what is believed of a series before it has shown itself; nil means
	// DefaultPrior.
	Prior *Prior
	// Blocks is how many blocks (twenty-fourths of the first season) of its past a
	// series keeps for models that are fitted now and then; 0: none.
	Blocks int
}

// Prior is the fleet's experience, used until a series has its own.
type Prior struct {
	// Spread is the mean absolute error at the longest lead as a share of the
	// level.
	Spread float64
	// Strength is how many observations the prior counts for.
	Strength float64
}

// DefaultPrior is a third of the level, worth six observations: wide enough
// for a planner to be careful with, gone within half an hour of 5-minute bins.
func DefaultPrior() *Prior { return &Prior{Spread: 0.33, Strength: 6} }

// DefaultConfig returns bins of five minutes, a day ahead, with daily and
// weekly seasons and the levels that the planner and the pages use.
func DefaultConfig() *Config {
	return &Config{
		Bin:     5 * time.Minute,
		Levels:  []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99},
		Horizon: 288,
		Seasons: []time.Duration{24 * time.Hour, 168 * time.Hour},
	}
}

// Block is the width of a block of history: a twenty-fourth of the first season,
// or of a day.
func (c *Config) Block() time.Duration {
	l := newLayout(c)
	return time.Duration(l.hour*l.bin) * time.Millisecond
}

// Validate checks the configuration and says what is wrong and what is right.
func (c *Config) Validate() error {
	if c.Bin < time.Millisecond {
		return fmt.Errorf("forecast: bin %v: want at least a millisecond", c.Bin)
	}
	if c.Horizon < 1 {
		return fmt.Errorf("forecast: horizon %d: want at least one step", c.Horizon)
	}
	if c.Blocks < 0 || c.Blocks > maxKept {
		return fmt.Errorf("forecast: %d blocks of history: want 0 to %d", c.Blocks, maxKept)
	}
	if len(c.Levels) == 0 {
		return fmt.Errorf("forecast: no quantile levels: give at least one in (0,1)")
	}
	for i, p := range c.Levels {
		if !(p > 0 && p < 1) || i > 0 && p <= c.Levels[i-1] {
			return fmt.Errorf("forecast: level %v at place %d: levels rise within (0,1)", p, i)
		}
	}
	if len(c.Seasons) > 2 {
		return fmt.Errorf("forecast: %d seasons: at most two are kept", len(c.Seasons))
	}
	for i, s := range c.Seasons {
		if s < 2*c.Bin || i > 0 && s <= c.Seasons[i-1] {
			return fmt.Errorf("forecast: season %v: seasons rise and hold at least two bins of %v", s, c.Bin)
		}
	}
	return nil
}

// layout is what follows from a Config: slot counts, leads and gains.
type layout struct {
	bin                 int64 // milliseconds
	zone                *wallclock.Zone
	day, week           int64 // milliseconds; 0: no such season
	daySlots, weekSlots int
	parts               int
	hour                int64 // a twenty-fourth of the day, in bins
	leads               [maxBlocks]int
	keep                [maxBlocks]float64 // what is left of a deviation after the lead
	blocks              int
	stride              int64 // longer leads are judged once in so many bins
	fastGain, slowGain  float64
	memory              float64   // decay of error averages, per bin
	dayGain, weekGain   float64   // per full pass over a slot
	lower, upper        float64   // bounds of every value
	fades               []float64 // what is left of a deviation, by lead up to the horizon
	levels              []level
	median              level
	// What every observation takes of the above.
	perBin, perDay, perWeek divisor
	perHour, perBlock       divisor // of bins; of milliseconds
	partOf                  [maxDaySlots]uint8
	nested                  bool    // every slot lies in one part: partOf
	dayBins                 float64 // of the first season
	binsASlot               float64 // of the first season
	weekStep                float64 // gain of a slot of the second season
	gramKeep                float32
	rises, falls            [maxBlocks][len(zoneLevels)]float32 // steps of the error quantiles

	grid atomic.Pointer[grid] // of the tick forecast from last
}

// level is where a quantile stands among the error quantiles that are tracked.
type level struct {
	below, above int
	weight       float64 // of above
	// tail and edge draw the outermost error quantile outwards, as an exponential
	// tail does; edge is 0 between the levels.
	tail, edge float64
	// inner is the error quantile that the level lies beyond: lowTail, highTail, or
	// 0 for levels between them.
	inner int
}

// Places of .1 and .9 in zoneLevels: what lies beyond is a tail.
const lowTail, highTail = 2, 6

func newLevel(p float64) level {
	l := levelAmong(p)
	switch {
	case p < zoneLevels[lowTail]:
		l.inner = lowTail
	case p > zoneLevels[highTail]:
		l.inner = highTail
	}
	return l
}

// levelAmong finds the tracked error quantiles around a level.
func levelAmong(p float64) level {
	last := len(zoneLevels) - 1
	switch {
	case p <= zoneLevels[0]:
		return level{tail: math.Log(2 * p), edge: math.Log(2 * zoneLevels[0])}
	case p >= zoneLevels[last]:
		return level{below: last, tail: math.Log(2 * (1 - p)), edge: math.Log(2 * (1 - zoneLevels[last]))}
	}
	for l := 1; ; l++ {
		if p <= zoneLevels[l] {
			return level{below: l - 1, above: l, weight: (p - zoneLevels[l-1]) / (zoneLevels[l] - zoneLevels[l-1])}
		}
	}
}

// ahead is the error quantile that a forecast is drawn with: tails are drawn
// outwards by tailCaution.
func (l *level) ahead(zone *[len(zoneLevels)]float32) float64 {
	z := l.of(zone)
	if l.inner == 0 {
		return z
	}
	inner := float64(zone[l.inner])
	return inner + float64(tailCaution*(z-inner))
}

// of interpolates a block's error quantiles.
func (l *level) of(zone *[len(zoneLevels)]float32) float64 {
	if l.edge != 0 {
		return float64(zone[l.below]) * l.tail / l.edge
	}
	return float64(zone[l.below]) + float64(l.weight*float64(zone[l.above]-zone[l.below]))
}

// kept is what is left of a deviation after a lead.
func (l *layout) kept(lead int) float64 {
	if lead < len(l.fades) {
		return l.fades[lead]
	}
	return l.fadeAt(lead)
}

func (l *layout) fadeAt(lead int) float64 { return math.Exp2(-float64(lead) / float64(2*l.hour)) }

func newLayout(c *Config) *layout {
	l := &layout{bin: max(1, c.Bin.Milliseconds()), zone: c.Zone}
	day := int64(24 * time.Hour / time.Millisecond)
	if len(c.Seasons) > 0 {
		l.day = c.Seasons[0].Milliseconds()
		l.daySlots = int(min(maxDaySlots, max(1, l.day/l.bin)))
		l.parts = min(maxParts, l.daySlots)
		day = l.day
	}
	if len(c.Seasons) > 1 {
		l.week = c.Seasons[1].Milliseconds()
		l.weekSlots = int(min(maxWeekSlots, max(1, l.week/l.bin)))
	}
	l.hour = max(1, day/24/l.bin)
	l.setLeads(day, c.Horizon)
	for i := range l.blocks {
		l.keep[i] = math.Exp2(-float64(l.leads[i]) / float64(2*l.hour))
	}
	l.stride = min(4, max(1, l.hour/3))
	bins := float64(day) / float64(l.bin)
	l.fastGain = gainOf(bins / 48)
	l.slowGain = gainOf(bins / 4)
	l.memory = 1 - gainOf(3*bins)
	l.dayGain, l.weekGain = 0.15, 0.25
	l.lower, l.upper = max(c.Lower, -math.MaxFloat32), math.MaxFloat32
	if c.Upper > c.Lower {
		l.upper = min(c.Upper, math.MaxFloat32)
	}
	for lead := range max(1, c.Horizon) + 1 {
		l.fades = append(l.fades, l.fadeAt(lead))
	}
	for _, p := range c.Levels {
		l.levels = append(l.levels, newLevel(p))
	}
	l.median = newLevel(0.5)
	l.prepare()
	return l
}

// prepare computes what every observation takes.
func (l *layout) prepare() {
	l.perBin, l.perHour, l.perBlock = divisorOf(l.bin), divisorOf(l.hour), divisorOf(l.hour*l.bin)
	l.gramKeep = float32(1 - (1-l.memory)/3)
	for i := range l.blocks {
		step := 0.06 / math.Sqrt(1+float64(l.leads[i])/4)
		for z, p := range zoneLevels {
			l.rises[i][z] = float32(step * zoneSteps[z] * p)
			l.falls[i][z] = float32(step * zoneSteps[z] * (1 - p))
		}
	}
	if l.daySlots > 0 {
		l.perDay, l.dayBins = divisorOf(l.day), float64(l.day)/float64(l.bin)
		l.binsASlot = max(1, float64(l.day)/float64(l.bin)/float64(l.daySlots))
		l.nested = l.daySlots%l.parts == 0
		for slot := range l.daySlots {
			l.partOf[slot] = uint8(slot * l.parts / l.daySlots)
		}
	}
	if l.weekSlots > 0 {
		l.perWeek = divisorOf(l.week)
		l.weekStep = min(0.5, l.weekGain*1.5/max(1, float64(l.week)/float64(l.bin)/float64(l.weekSlots)))
	}
}

// setLeads picks at most five leads: one bin, then 1/24, 1/6, 1/2 and all but a
// slot of the first season, none beyond the horizon. The slot is left out so
// that what an error is measured with was known at its origin.
func (l *layout) setLeads(day int64, horizon int) {
	perDay := int(max(1, day/l.bin))
	full := perDay - perDay/max(1, l.daySlots)
	for _, lead := range [maxBlocks]int{1, perDay / 24, perDay / 6, perDay / 2, full} {
		lead = min(max(1, lead), max(1, horizon))
		if l.blocks == 0 || lead > l.leads[l.blocks-1] {
			l.leads[l.blocks] = lead
			l.blocks++
		}
	}
}

// gainOf returns the gain of an exponential average with a half-life in bins.
func gainOf(halfLife float64) float64 { return 1 - math.Exp2(-1/max(0.5, halfLife)) }
