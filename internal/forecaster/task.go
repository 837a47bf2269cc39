package forecaster

import (
	"errors"
	"fmt"
	"time"

	"drover/internal/graph"
	"drover/internal/model"
	"drover/internal/netmap"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Topics lists what a task reads, co-partitioned.
func Topics() []string { return []string{stream.Metrics, stream.Calls, stream.Paths} }

// Task is the forecaster's task for one partition number.
type Task struct {
	stage.Positions
	config    *Config
	partition int32
	loads     loads
	calls     edges
	paths     links
	// snapshotBytes is how large the last snapshot was: the next is much the same.
	snapshotBytes int
	// unsaid is true until the last of a record's emissions has been asked for.
	unsaid bool
}

// NewTask returns an empty task; config must not change afterwards.
func NewTask(config *Config, partition int32) *Task {
	t := &Task{Positions: stage.Positions{}, config: config, partition: partition}
	t.loads = newLoads(config)
	t.calls = edges{clock: newClock(config), graph: graph.New(config.Graph)}
	t.paths = links{clock: newClock(config), network: netmap.New(config.Network)}
	return t
}

// errUnsaid is what comes of handing on, or saving, in the middle of a record.
var errUnsaid = errors.New("forecaster: what the last record made due has not all been taken (see stage.Each)")

// Handle implements stage.Task: which state a record goes to is told by its
// topic, what is made of it by its type.
func (t *Task) Handle(rec stage.Record) ([]stage.Emission, error) {
	if t.unsaid {
		return nil, errUnsaid
	}
	if !t.Fold(rec) {
		return nil, nil
	}
	out, err := t.handle(rec)
	if n := len(out); n > 0 && out[n-1].More != nil {
		t.unsaid = true
		out = stage.Then(out, func() ([]stage.Emission, error) {
			t.unsaid = false
			return nil, nil
		})
	}
	return out, err
}

func (t *Task) handle(rec stage.Record) ([]stage.Emission, error) {
	switch rec.Topic {
	case stream.Metrics:
		before, _ := t.loads.clock.watermark.At()
		out, err := t.loads.handle(rec.Event, t.marker(rec.Topic, stream.Forecasts, t.config.MetricPartitions))
		if after, ok := t.loads.clock.watermark.At(); ok && t.config.Meters != nil && before.Floor(time.Hour) != after.Floor(time.Hour) {
			t.config.Meters.publish(t.partition, t.explained("", 0), t.loads.counts.Refitted)
		}
		return out, err
	case stream.Calls:
		return t.calls.handle(rec.Event, t.marker(rec.Topic, stream.Graph, t.config.CallPartitions+t.config.PathPartitions))
	case stream.Paths:
		return t.paths.handle(rec.Event, t.marker(rec.Topic, stream.Graph, t.config.CallPartitions+t.config.PathPartitions))
	}
	return nil, fmt.Errorf("forecaster: topic %q is none of its inputs", rec.Topic)
}

// Full implements stage.Task: a direct task never reads ahead.
func (t *Task) Full(string) bool { return false }

// Recycle implements stage.Recycler.
func (t *Task) Recycle(event any) {
	if f, ok := event.(model.Forecast); ok {
		t.loads.spare = f.Quantiles
	}
}

// Report implements stage.Reporter; metrics are what everything waits for.
func (t *Task) Report() stage.Report {
	at, _ := t.loads.clock.watermark.At()
	return stage.Report{Watermark: at, Series: t.loads.entities.count}
}

// marker returns a function that makes the marker that closes a tick.
func (t *Task) marker(from, to string, sources int) func(model.Instant) stage.Emission {
	return func(tick model.Instant) stage.Emission {
		return stage.Emission{Topic: to, Partition: stage.EveryPartition, Event: model.Marker{
			Source: fmt.Sprintf("forecaster/%s/%d", from, t.partition), Sources: sources, At: tick}}
	}
}

// clock follows event time in one log.
type clock struct {
	watermark stage.Watermark
	ticker    stage.Ticker
	newest    model.Instant // the newest heartbeat of any producer
}

func newClock(c *Config) clock {
	return clock{watermark: stage.Watermark{SilentAfter: c.SilentAfter}, ticker: stage.Ticker{Interval: c.Interval}}
}

// heartbeat folds h and returns what the ticks that are complete by it say. Each
// is taken once what the one before said has been: after a night of silence they
// are many, and what they say together would fill the memory.
func (c *clock) heartbeat(h model.Heartbeat, say func(model.Instant) ([]stage.Emission, error)) ([]stage.Emission, error) {
	c.newest = max(c.newest, h.At)
	if !c.watermark.Fold(h) {
		return nil, nil
	}
	return c.tick(say)
}

func (c *clock) tick(say func(model.Instant) ([]stage.Emission, error)) ([]stage.Emission, error) {
	at, _ := c.watermark.At()
	tick, ok := c.ticker.Passed(at)
	if !ok {
		return nil, nil
	}
	out, err := say(tick)
	ahead := c.ticker
	if _, another := ahead.Passed(at); another && err == nil {
		out = stage.Then(out, func() ([]stage.Emission, error) { return c.tick(say) })
	}
	return out, err
}

// checkTime refuses what lies in the future of every producer's heartbeat.
func (c *clock) checkTime(at model.Instant, config *Config) error {
	if at <= 0 {
		return stage.Reject("value", "event time %d: want milliseconds since 1970", int64(at))
	}
	if c.newest != 0 && at.Sub(c.newest) > config.AllowedSkew {
		return stage.Reject("future", "event time %v lies %v beyond the newest heartbeat %v; allowed are %v",
			at, at.Sub(c.newest), c.newest, config.AllowedSkew)
	}
	return nil
}

// Counts says what became of samples and series so far.
func (t *Task) Counts() Counts { return t.loads.counts }
