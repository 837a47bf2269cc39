package stage

import (
	"fmt"

	"drover/internal/model"
)

// Record is one decoded record of an input topic.
type Record struct {
	Topic     string // logical name, without the deployment's prefix
	Partition int32
	Offset    int64
	// Source is the stage, topic and partition of the record that caused this one
	// ("forecaster/metrics/3"); empty where no stage did.
	Source string
	// Trace is the traceparent that the record came with; empty where traces are
	// not recorded. Nothing that is decided may depend on it.
	Trace string
	Event any // one of the model's event types, by value
}

// Where an emission goes when its partition isn't a number.
const (
	// ByKey lets the topic's partitioner decide.
	ByKey int32 = -1
	// EveryPartition sends a copy to each partition of the topic (markers, heartbeats).
	EveryPartition int32 = -2
)

// Emission is one record that a task wants published.
type Emission struct {
	Topic string
	// Fleet and Key make the record's key "fleet|key"; Key may be empty.
	Fleet     model.FleetID
	Key       string
	Partition int32 // a number, ByKey or EveryPartition
	Event     any
	// Make, where set, makes the event. Whoever publishes calls it once, before
	// the task gets another record: a task with much to say needs not hold it all.
	Make func() any
	// More, where set, stands for further emissions, and no record is made of this
	// one: it is the last of its list. Each calls it once what stands before it has
	// been published; a task with very much to say need not even hold a list of it.
	More func() ([]Emission, error)
	// Trace, where set, is the traceparent of what the record really follows from.
	// Empty: it follows from the record that is being handled.
	Trace string
}

// Content returns the event.
func (e *Emission) Content() any {
	if e.Make != nil {
		e.Event, e.Make = e.Make(), nil
	}
	return e.Event
}

// Each hands what a task said of one record to publish, in order and piece by
// piece; first is the place of a piece's first emission among all. It must be
// called before the task gets another record, also by those who publish nothing:
// a later piece may be what carries the state on. A piece is good until publish
// returns. Each returns publish's first error or the task's own.
func Each(emissions []Emission, publish func(first int, piece []Emission) error) error {
	for first := 0; len(emissions) > 0; {
		more := emissions[len(emissions)-1].More
		if more != nil {
			emissions = emissions[:len(emissions)-1]
		}
		if err := publish(first, emissions); err != nil || more == nil {
			return err
		}
		first += len(emissions)
		var err error
		if emissions, err = more(); err != nil {
			return err
		}
	}
	return nil
}

// Then returns emissions with what next makes after all of them.
func Then(emissions []Emission, next func() ([]Emission, error)) []Emission {
	n := len(emissions)
	if n == 0 || emissions[n-1].More == nil {
		return append(emissions, Emission{More: next})
	}
	more := emissions[n-1].More
	emissions[n-1].More = func() ([]Emission, error) {
		out, err := more()
		if err != nil {
			return nil, err
		}
		return Then(out, next), nil
	}
	return emissions
}

// Task folds the records of one partition number. The loop calls it from one
// goroutine at a time.
type Task interface {
	// Handle folds one record and returns what to publish, in order; Each takes it.
	// An error that is a *Rejection sends the record to the dead letters and the
	// stream goes on; any other error stops the task.
	Handle(Record) ([]Emission, error)
	// Position returns the first offset of a topic that the state doesn't stand
	// for: where a restart from a snapshot taken now has to read from. ok is
	// false while nothing of the topic has been folded.
	Position(topic string) (offset int64, ok bool)
	// Full tells that the task has read far enough ahead in a topic and wants it
	// paused until other topics have caught up.
	Full(topic string) bool
	// AppendSnapshot appends the whole state; equal states give equal bytes.
	AppendSnapshot([]byte) ([]byte, error)
	// Restore replaces the state by a snapshot's.
	Restore([]byte) error
}

// Report is what a task tells of itself, for figures.
type Report struct {
	// Watermark is how far event time has come; 0: not known yet.
	Watermark model.Instant
	// Series is how many series it keeps.
	Series int
}

// Recycler is a task that makes its next event in the memory of an earlier one.
// Recycle takes an event of the task's that nobody holds any more. Calling it is
// up to who publishes.
type Recycler interface{ Recycle(event any) }

// Reporter is a task that tells how far it is. The loop asks between records.
type Reporter interface{ Report() Report }

// Rejection is the error for a record that can be decoded but not accepted.
type Rejection struct {
	Class   string // see model.DeadLetter
	Message string
}

// Error implements error.
func (r *Rejection) Error() string { return r.Class + ": " + r.Message }

// Reject returns a Rejection with a formatted message.
func Reject(class, format string, args ...any) error {
	return &Rejection{Class: class, Message: fmt.Sprintf(format, args...)}
}
