// Package engine runs stages on logs in memory, in one goroutine: the way of
// backtests and of tests. It runs the same tasks as the loop on Kafka
// (internal/stream) and gives them the same promises, so that what is decided
// here is what would be decided there.
package engine

import (
	"errors"
	"fmt"
	"slices"

	"drover/internal/model"
	"drover/internal/stage"
)

// Topic is one topic's shape.
type Topic struct {
	Name       string
	Partitions int32
}

// Stage is one stage of the pipeline.
type Stage struct {
	Name    string
	Topics  []string // co-partitioned inputs
	NewTask func(partition int32) stage.Task
}

// Partitioner returns the partition of a key.
type Partitioner func(topic string, fleet model.FleetID, key string, partitions int32) int32

// Engine holds the logs and the tasks. Make it with New.
type Engine struct {
	partition Partitioner
	logs      map[string][]*log
	runs      []*run
	observe   func(stage.Record)
	rejected  int
}

// log is one partition; entries before base have been dropped.
type log struct {
	base    int64
	records []stage.Record
}

// run is one task and how far it has read.
type run struct {
	name      string
	newTask   func(partition int32) stage.Task
	task      stage.Task
	topics    []string
	partition int32
	next      map[string]int64
}

// New returns an engine without records. observe, where not nil, sees every
// record once, when it is appended.
func New(topics []Topic, stages []Stage, partition Partitioner, observe func(stage.Record)) (*Engine, error) {
	e := &Engine{partition: partition, logs: map[string][]*log{}, observe: observe}
	for _, t := range topics {
		for range t.Partitions {
			e.logs[t.Name] = append(e.logs[t.Name], &log{})
		}
	}
	for _, s := range stages {
		if err := e.addStage(s); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *Engine) addStage(s Stage) error {
	if len(s.Topics) == 0 {
		return fmt.Errorf("stage %s: it reads no topic", s.Name)
	}
	width := len(e.logs[s.Topics[0]])
	for _, t := range s.Topics {
		if len(e.logs[t]) != width || width == 0 {
			return fmt.Errorf("stage %s: topics %s and %s have %d and %d partitions", s.Name, s.Topics[0], t, width, len(e.logs[t]))
		}
	}
	for p := range int32(width) {
		e.runs = append(e.runs, &run{name: s.Name, newTask: s.NewTask, task: s.NewTask(p), topics: s.Topics, partition: p, next: map[string]int64{}})
	}
	return nil
}

// Publish appends an emission to the logs it goes to.
func (e *Engine) Publish(out stage.Emission) error { return e.publish("", out) }

func (e *Engine) publish(source string, out stage.Emission) error {
	out.Content()
	logs := e.logs[out.Topic]
	if len(logs) == 0 {
		return fmt.Errorf("publish: no topic %q", out.Topic)
	}
	switch {
	case out.Partition == stage.EveryPartition:
		for p := range logs {
			e.append(source, out.Topic, int32(p), out.Event)
		}
	case out.Partition == stage.ByKey:
		e.append(source, out.Topic, e.partition(out.Topic, out.Fleet, out.Key, int32(len(logs))), out.Event)
	case out.Partition >= 0 && int(out.Partition) < len(logs):
		e.append(source, out.Topic, out.Partition, out.Event)
	default:
		return fmt.Errorf("publish: topic %s has no partition %d", out.Topic, out.Partition)
	}
	return nil
}

func (e *Engine) append(source, topic string, partition int32, event any) {
	l := e.logs[topic][partition]
	rec := stage.Record{Topic: topic, Partition: partition, Offset: l.base + int64(len(l.records)), Source: source, Event: event}
	l.records = append(l.records, rec)
	if e.observe != nil {
		e.observe(rec)
	}
}

// Rejected returns how many records the tasks would not accept.
func (e *Engine) Rejected() int { return e.rejected }

// Run lets the tasks work until none has anything left to read.
func (e *Engine) Run() error {
	for {
		moved := false
		for _, r := range e.runs {
			for _, topic := range r.topics {
				n, err := e.drain(r, topic)
				if err != nil {
					return err
				}
				moved = moved || n > 0
			}
		}
		if !moved {
			return nil
		}
		e.trim()
	}
}

// drain hands a task what its partition of a topic holds.
func (e *Engine) drain(r *run, topic string) (int, error) {
	l, n := e.logs[topic][r.partition], 0
	for !r.task.Full(topic) && r.next[topic] < l.base+int64(len(l.records)) {
		rec := l.records[r.next[topic]-l.base]
		r.next[topic]++
		n++
		out, err := r.task.Handle(rec)
		var rejection *stage.Rejection
		switch {
		case errors.As(err, &rejection):
			e.rejected++
		case err != nil:
			return n, fmt.Errorf("topic %s, partition %d, offset %d: %w", topic, rec.Partition, rec.Offset, err)
		}
		if err := e.publishAll(fmt.Sprintf("%s/%s/%d", r.name, topic, r.partition), out); err != nil {
			return n, fmt.Errorf("topic %s, partition %d, offset %d: %w", topic, rec.Partition, rec.Offset, err)
		}
	}
	return n, nil
}

func (e *Engine) publishAll(source string, emissions []stage.Emission) error {
	return stage.Each(emissions, func(_ int, piece []stage.Emission) error {
		for _, emission := range piece {
			if err := e.publish(source, emission); err != nil {
				return err
			}
		}
		return nil
	})
}

// Restart replaces every task by a new one that is restored from a snapshot of
// the old one's state and reads again from there, as after a crash.
func (e *Engine) Restart() error {
	for _, r := range e.runs {
		snapshot, err := r.task.AppendSnapshot(nil)
		if err != nil {
			return fmt.Errorf("restart partition %d: %w", r.partition, err)
		}
		task := r.newTask(r.partition)
		if err := task.Restore(snapshot); err != nil {
			return fmt.Errorf("restart partition %d: %w", r.partition, err)
		}
		r.task = task
		for _, topic := range r.topics {
			r.next[topic] = r.position(topic)
		}
	}
	return nil
}

// position returns where a restart would read a topic from.
func (r *run) position(topic string) int64 {
	at, ok := r.task.Position(topic)
	if !ok {
		return 0
	}
	return at
}

// trim drops what no reader needs any more, not even after a restart.
func (e *Engine) trim() {
	for topic, logs := range e.logs {
		for p, l := range logs {
			least := l.base + int64(len(l.records))
			for _, r := range e.runs {
				if int(r.partition) == p && slices.Contains(r.topics, topic) {
					least = min(least, r.position(topic))
				}
			}
			l.records = append(l.records[:0:0], l.records[least-l.base:]...)
			l.base = least
		}
	}
}
