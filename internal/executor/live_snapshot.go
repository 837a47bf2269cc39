package executor

import (
	"encoding/json"
	"errors"
	"fmt"

	"drover/internal/model"
	"drover/internal/stage"
)

// liveSnapshot is a live task's state; JSON writes maps in key order. What is
// held isn't part of it: it is read again.
type liveSnapshot struct {
	Live   bool // a simulating executor's state is another
	Epoch  int64
	Now    model.Instant
	Clock  stage.Watermark
	Told   model.Instant
	Next   map[string]int64 // of the inputs that have been seen
	Fleets map[model.FleetID]liveFleet
}

type liveFleet struct {
	Saga   []byte
	Health map[model.StepID]*health
	Traces map[model.PlanID]string `json:",omitempty"`
}

// AppendSnapshot implements stage.Task.
func (l *Live) AppendSnapshot(b []byte) ([]byte, error) {
	snap := liveSnapshot{Live: true, Epoch: l.epoch, Now: l.now, Clock: l.clock, Told: l.told, Next: map[string]int64{}, Fleets: map[model.FleetID]liveFleet{}}
	for _, log := range []*heldLog{&l.inputs[0], &l.inputs[1], &l.reports} {
		if log.seen {
			snap.Next[log.topic] = log.next
		}
	}
	for id, f := range l.fleets {
		s, err := f.saga.AppendBinary(nil)
		if err != nil {
			return nil, fmt.Errorf("executor snapshot: fleet %s: %w", id, err)
		}
		snap.Fleets[id] = liveFleet{Saga: s, Health: f.health, Traces: f.traces}
	}
	j, err := json.Marshal(snap)
	if err != nil {
		return nil, fmt.Errorf("executor snapshot: %w", err)
	}
	return append(b, j...), nil
}

// Restore implements stage.Task.
func (l *Live) Restore(b []byte) error {
	var snap liveSnapshot
	if err := json.Unmarshal(b, &snap); err != nil {
		return fmt.Errorf("executor snapshot: %w", err)
	}
	if !snap.Live {
		return errors.New("executor snapshot: it is of simulated commands: run real drivers under another prefix")
	}
	l.epoch, l.now, l.told = snap.Epoch, snap.Now, snap.Told
	silent := l.clock.SilentAfter
	l.clock = snap.Clock
	l.clock.SilentAfter = silent
	for _, log := range []*heldLog{&l.inputs[0], &l.inputs[1], &l.reports} {
		log.held = nil
		log.next, log.seen = snap.Next[log.topic]
		log.end.Store(log.next)
	}
	l.fleets = map[model.FleetID]*fleet{}
	for id, s := range snap.Fleets {
		f := l.fleet(id)
		if err := f.saga.UnmarshalBinary(s.Saga); err != nil {
			return fmt.Errorf("executor snapshot: fleet %s: %w", id, err)
		}
		if s.Health != nil {
			f.health = s.Health
		}
		if s.Traces != nil {
			f.traces = s.Traces
		}
		f.restoreJudges()
	}
	return nil
}
