package forecaster

import (
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
}

// NewTask returns an empty task; config must not change afterwards.
func NewTask(config *Config, partition int32) *Task {
	t := &Task{Positions: stage.Positions{}, config: config, partition: partition}
	t.loads = newLoads(config)
	t.calls = edges{clock: newClock(config), graph: graph.New(config.Graph)}
	t.paths = links{clock: newClock(config), network: netmap.New(config.Network)}
	return t
}

// Handle implements stage.Task: which state a record goes to is told by its
// topic, what is made of it by its type.
func (t *Task) Handle(rec stage.Record) ([]stage.Emission, error) {
	if !t.Fold(rec) {
		return nil, nil
	}
	switch rec.Topic {
	case stream.Metrics:
		before, _ := t.loads.clock.watermark.At()
		out, err := t.loads.handle(rec.Event, t.marker(rec.Topic, stream.Forecasts, t.config.MetricPartitions))
		if after, ok := t.loads.clock.watermark.At(); ok && t.config.Meters != nil && before.Floor(time.Hour) != after.Floor(time.Hour) {
			t.config.Meters.publish(t.partition, t.Explain("", 0), t.loads.counts.Refitted)
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

// heartbeat folds h and calls tick for every tick that is complete by it.
func (c *clock) heartbeat(h model.Heartbeat, tick func(model.Instant)) {
	c.newest = max(c.newest, h.At)
	if !c.watermark.Fold(h) {
		return
	}
	at, _ := c.watermark.At()
	for {
		next, ok := c.ticker.Passed(at)
		if !ok {
			return
		}
		tick(next)
	}
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
