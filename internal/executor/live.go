package executor

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"drover/internal/model"
	"drover/internal/saga"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Live is the task of an executor with real drivers. It folds one log, reports,
// in which the partition's owner writes what the outside world says, and its
// clock: a beat brings time forward and says how far plans and orders have been
// read, and these are taken in up to there. What is decided is thereby a function
// of the logs, though nothing here waits for event time.
type Live struct {
	config    *Config
	partition int32
	fleets    map[model.FleetID]*fleet
	epoch     int64 // of the owner whose beat was seen last
	now       model.Instant
	// clock is event time, by the heartbeats among the orders; told is how far
	// outcomes have been marked complete.
	clock   stage.Watermark
	told    model.Instant
	inputs  [2]heldLog // orders, then plans
	reports heldLog
	// wake is told that there is something new to take in at the next beat.
	wake func()
}

// heldLog is one input: what has been read and not taken in yet.
type heldLog struct {
	topic string
	held  []stage.Record
	next  int64 // first offset not taken in
	seen  bool
	// end is the offset after the last record read; others look at it.
	end atomic.Int64
}

// hold keeps a record, and tells whether it is new.
func (l *heldLog) hold(rec stage.Record) bool {
	if !l.seen {
		l.seen, l.next = true, rec.Offset
	}
	if rec.Offset < l.end.Load() || rec.Offset < l.next {
		return false
	}
	l.held = append(l.held, rec)
	l.end.Store(rec.Offset + 1)
	return true
}

// take returns the held records before an offset.
func (l *heldLog) take(upTo int64) []stage.Record {
	n := 0
	for n < len(l.held) && l.held[n].Offset < upTo {
		n++
	}
	out := l.held[:n:n]
	l.held = l.held[n:]
	if n > 0 {
		l.next = out[n-1].Offset + 1
	}
	return out
}

// NewLive returns the task for one partition number. wake may be nil.
func NewLive(config *Config, partition int32, wake func()) *Live {
	l := &Live{config: config, partition: partition, fleets: map[model.FleetID]*fleet{}, wake: wake}
	l.clock.SilentAfter = config.SilentAfter
	// Orders first: one to stop holds for the plan that comes with it.
	l.inputs[0].topic, l.inputs[1].topic, l.reports.topic = stream.Control, stream.Plans, stream.Reports
	return l
}

// log returns the input of a topic.
func (l *Live) log(topic string) *heldLog {
	for _, log := range []*heldLog{&l.inputs[0], &l.inputs[1], &l.reports} {
		if log.topic == topic {
			return log
		}
	}
	return nil
}

// Handle implements stage.Task.
func (l *Live) Handle(rec stage.Record) ([]stage.Emission, error) {
	log := l.log(rec.Topic)
	if log == nil {
		return nil, fmt.Errorf("executor: topic %q is none of its inputs", rec.Topic)
	}
	if !log.hold(rec) {
		return nil, nil // read again after a restart
	}
	if _, beat := rec.Event.(model.Heartbeat); !beat && log != &l.reports && l.wake != nil {
		l.wake()
	}
	return l.fold(), nil
}

// fold takes reports in, up to a beat that asks for more than has been read.
func (l *Live) fold() []stage.Emission {
	var out []stage.Emission
	for len(l.reports.held) > 0 {
		rec := l.reports.held[0]
		switch e := rec.Event.(type) {
		case model.Beat:
			if e.Epoch >= l.epoch && !l.ready(&e) {
				return out
			}
			out = l.beat(&e, out)
		case model.Report:
			out = l.report(&e, out)
		}
		l.reports.take(rec.Offset + 1)
	}
	return out
}

// ready tells whether everything that a beat takes in has been read.
func (l *Live) ready(b *model.Beat) bool {
	for _, r := range b.Reads {
		if log := l.log(r.Topic); log != nil && log.end.Load() < r.Offset {
			return false
		}
	}
	return true
}

// beat brings time forward. One of a former owner changes nothing.
func (l *Live) beat(b *model.Beat, out []stage.Emission) []stage.Emission {
	if b.Epoch < l.epoch {
		return out
	}
	l.now = max(l.now, b.At)
	takeOver := b.Epoch > l.epoch
	l.epoch = b.Epoch
	if takeOver {
		for _, id := range slices.Sorted(maps.Keys(l.fleets)) {
			f := l.fleets[id]
			f.epoch = l.epoch
			out = f.take(f.saga.TakeOver(l.now), out)
		}
	}
	for i := range l.inputs {
		for _, r := range b.Reads {
			if r.Topic != l.inputs[i].topic {
				continue
			}
			for _, rec := range l.inputs[i].take(r.Offset) {
				out = l.input(rec, out)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.fleets)) {
		out = l.fleets[id].advance(l.now, out)
	}
	return l.mark(out)
}

// input takes a plan or an order in, at the time of the beat: what people's
// clocks say about their orders moves nothing.
func (l *Live) input(rec stage.Record, out []stage.Emission) []stage.Emission {
	switch e := rec.Event.(type) {
	case model.Heartbeat:
		l.clock.Fold(e)
	case model.Plan:
		if l.config.Reverse {
			e.Moves = slices.Clone(e.Moves) // the record is others' too
			for i := range e.Moves {
				e.Moves[i].ReverseAfterPivot = true
			}
		}
		f := l.fleet(e.Fleet)
		f.follow(&e, rec.Trace)
		return f.submit(e, l.now, out)
	case model.Control:
		e.At = l.now
		return l.fleet(e.Fleet).control(e, out)
	}
	return out
}

// mark says that the outcomes up to a beat of event time are complete, so that
// the planner can go on.
func (l *Live) mark(out []stage.Emission) []stage.Emission {
	at, ok := l.clock.At()
	if at = at.Floor(l.config.Beat); !ok || at <= l.told {
		return out
	}
	l.told = at
	return append(out, outcomesMarker(l.partition, at))
}

// report takes in what was said about a command of the present owner.
func (l *Live) report(r *model.Report, out []stage.Emission) []stage.Emission {
	f := l.fleets[r.Fleet]
	if f == nil || r.Epoch != l.epoch {
		return out
	}
	l.now = max(l.now, r.At)
	return f.report(r, l.now, out)
}

func (l *Live) fleet(id model.FleetID) *fleet {
	f := l.fleets[id]
	if f == nil {
		f = newFleet(id, l.config)
		f.epoch, f.health = l.epoch, map[model.StepID]*health{}
		l.fleets[id] = f
	}
	return f
}

// Epoch returns that of the last owner known.
func (l *Live) Epoch() int64 { return l.epoch }

// Reads returns how far plans and orders have been read. It may be called beside
// Handle.
func (l *Live) Reads() []model.InputOffset {
	out := make([]model.InputOffset, 0, len(l.inputs))
	for i := range l.inputs {
		out = append(out, model.InputOffset{Topic: l.inputs[i].topic, Partition: l.partition, Offset: l.inputs[i].end.Load()})
	}
	return out
}

// Command returns what a step's command is about; see saga.Fleet.Command.
func (l *Live) Command(step model.Step) (plan model.Plan, move model.Move, ok bool) {
	f := l.fleets[step.Fleet]
	if f == nil {
		return model.Plan{}, model.Move{}, false
	}
	return f.saga.Command(step)
}

// Plans returns a view of a fleet's plans under way.
func (l *Live) Plans(id model.FleetID) []saga.PlanView {
	if f := l.fleets[id]; f != nil {
		return f.saga.Plans()
	}
	return nil
}

// Position implements stage.Task: held records are read again after a restart.
func (l *Live) Position(topic string) (int64, bool) {
	log := l.log(topic)
	if log == nil || !log.seen {
		return 0, false
	}
	return log.next, true
}

// Full implements stage.Task.
func (l *Live) Full(topic string) bool {
	log := l.log(topic)
	return log != nil && len(log.held) >= l.config.MaxAhead
}
