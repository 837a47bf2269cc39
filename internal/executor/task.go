package executor

import (
	"fmt"
	"maps"
	"slices"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Topics lists what a task reads, co-partitioned.
func (c *Config) Topics() []string {
	if c.Live {
		return []string{stream.Reports, stream.Control, stream.Plans}
	}
	return []string{stream.Plans, stream.Control}
}

// NewTask returns the executor's task for one partition number. That of
// simulated commands runs in event time; plans may lag one planning interval
// behind it: the plan for a tick is made after it.
func NewTask(config *Config, partition int32) stage.Task {
	if config.Live {
		return NewLive(config, partition, nil)
	}
	return stage.NewAligner(stage.AlignerConfig{
		Partition: partition, Interval: config.Beat, SilentAfter: config.SilentAfter, MaxAhead: config.MaxAhead,
		Inputs: []stage.Input{
			{Topic: stream.Control}, // first: an order to stop holds for the plan that comes with it
			{Topic: stream.Plans, Lag: int(config.Interval / config.Beat)},
		},
	}, &handler{config: config, partition: partition, fleets: map[model.FleetID]*fleet{}})
}

// handler is the inside of the aligned task.
type handler struct {
	config    *Config
	partition int32
	fleets    map[model.FleetID]*fleet
}

// Tick implements stage.TickHandler.
func (h *handler) Tick(at model.Instant, records []stage.Record, _ []model.InputOffset) ([]stage.Emission, error) {
	var out []stage.Emission
	for _, rec := range records {
		switch e := rec.Event.(type) {
		case model.Plan:
			h.fleet(e.Fleet).follow(&e, rec.Trace)
			out = h.fleet(e.Fleet).submit(e, e.Tick, out)
		case model.Control:
			out = h.fleet(e.Fleet).control(e, out)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.fleets)) {
		var err error
		if out, err = h.fleets[id].play(at, out); err != nil {
			return nil, fmt.Errorf("fleet %s: %w", id, err)
		}
	}
	return append(out, outcomesMarker(h.partition, at)), nil
}

// outcomesMarker says that the outcomes up to an instant are complete.
func outcomesMarker(partition int32, at model.Instant) stage.Emission {
	marker := model.Marker{Source: fmt.Sprintf("executor/%d", partition), Sources: 1, At: at}
	return stage.Emission{Topic: stream.Outcomes, Partition: partition, Event: marker}
}

func (h *handler) fleet(id model.FleetID) *fleet {
	f := h.fleets[id]
	if f == nil {
		f = newFleet(id, h.config)
		h.fleets[id] = f
	}
	return f
}
