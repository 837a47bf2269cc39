package stream

import (
	"encoding/json"
	"fmt"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// counting counts the metrics of each entity and emits the count, as a forecast.
type counting struct {
	stage.Positions
	Counts map[model.EntityID]int64
}

func newCounting(int32) stage.Task {
	return &counting{Positions: stage.Positions{}, Counts: map[model.EntityID]int64{}}
}

// Full implements stage.Task.
func (c *counting) Full(string) bool { return false }

// Handle implements stage.Task.
func (c *counting) Handle(rec stage.Record) ([]stage.Emission, error) {
	m, ok := rec.Event.(model.Metric)
	if !c.Fold(rec) || !ok {
		return nil, nil
	}
	c.Counts[m.Entity]++
	return []stage.Emission{{Topic: stream.Forecasts, Fleet: m.Fleet, Key: string(m.Entity), Partition: stage.ByKey,
		Event: model.Forecast{Fleet: m.Fleet, Entity: m.Entity, Samples: c.Counts[m.Entity], Origin: m.At}}}, nil
}

// AppendSnapshot implements stage.Task.
func (c *counting) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(c)
	return append(b, s...), err
}

// Restore implements stage.Task.
func (c *counting) Restore(b []byte) error { return json.Unmarshal(b, c) }

// checking emits an evaluation for every forecast, and says in it what is wrong
// with the sequence of counts.
type checking struct {
	stage.Positions
	Last map[string]int64
}

func newChecking(int32) stage.Task {
	return &checking{Positions: stage.Positions{}, Last: map[string]int64{}}
}

// Full implements stage.Task.
func (c *checking) Full(string) bool { return false }

// Handle implements stage.Task.
func (c *checking) Handle(rec stage.Record) ([]stage.Emission, error) {
	f, ok := rec.Event.(model.Forecast)
	if !c.Fold(rec) || !ok {
		return nil, nil
	}
	key := string(f.Fleet) + "|" + string(f.Entity)
	v := model.Evaluation{Fleet: f.Fleet, Tick: f.Origin, Decision: fmt.Sprint(f.Entity, "#", f.Samples)}
	if f.Samples != c.Last[key]+1 {
		v.Reason = fmt.Sprintf("%s: %d after %d", key, f.Samples, c.Last[key])
	}
	c.Last[key] = f.Samples
	return []stage.Emission{{Topic: stream.Scenarios, Fleet: f.Fleet, Key: key, Partition: stage.ByKey, Event: v}}, nil
}

// AppendSnapshot implements stage.Task.
func (c *checking) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(c)
	return append(b, s...), err
}

// Restore implements stage.Task.
func (c *checking) Restore(b []byte) error { return json.Unmarshal(b, c) }
