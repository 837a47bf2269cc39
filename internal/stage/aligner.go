package stage

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
)

// TickHandler is the inside of an aligned task.
type TickHandler interface {
	// Tick folds the records that belong to a tick, topic by topic in the
	// aligner's order and by offset within a topic, and decides.
	Tick(at model.Instant, records []Record, inputs []model.InputOffset) ([]Emission, error)
	// AppendSnapshot and Restore are as in Task.
	AppendSnapshot([]byte) ([]byte, error)
	Restore([]byte) error
}

// Input is one topic of an aligned task.
type Input struct {
	Topic string
	// Lag is how many intervals behind the tick this topic may be: a topic that
	// answers the task's own emissions can't be complete for the tick that makes
	// them.
	Lag int
	// AfterFirst leaves this input out of the first tick and asks for it in all
	// later ones: what answers the task's own emissions has nothing to say before.
	AfterFirst bool
	// BySource is for a topic that several sources write and mark: which of their
	// records come first in the log is chance. Each source's records belong to the
	// tick of its own next marker, and are handed over source by source.
	BySource bool
}

// AlignerConfig says what is aligned.
type AlignerConfig struct {
	Partition   int32
	Interval    time.Duration
	Inputs      []Input
	SilentAfter time.Duration
	// MaxAhead is how many records of one topic are held before Full says so.
	MaxAhead int
}

// Aligner is a Task that runs a TickHandler: it holds records until the
// watermark of every input has passed the next tick, then hands over from each
// log the prefix that ends with the record that brought the watermark there.
// What a tick sees is thereby a function of the logs alone.
type Aligner struct {
	config  AlignerConfig
	handler TickHandler
	ticker  Ticker
	logs    map[string]*alignedLog
}

// alignedLog is one input: what stands behind it and what is held.
type alignedLog struct {
	input    Input
	held     []Record
	ahead    Watermark     // after the last held record
	released Watermark     // after the last released record
	first    model.Instant // the first watermark, for where ticks begin
	next     int64         // first offset not released
	seen     bool
	// passes lists the held records that moved the watermark: index within held
	// and the watermark after it.
	passes []pass
	// done is, by source, the first offset not released (BySource only).
	done map[string]int64
}

type pass struct {
	index int
	at    model.Instant
}

// NewAligner returns an aligned task. The order of the inputs is the order in
// which a tick's records are handed over.
func NewAligner(config AlignerConfig, handler TickHandler) *Aligner {
	if config.MaxAhead <= 0 {
		config.MaxAhead = 100_000
	}
	a := &Aligner{config: config, handler: handler, logs: map[string]*alignedLog{}}
	a.ticker.Interval = config.Interval
	for _, in := range config.Inputs {
		log := &alignedLog{input: in, done: map[string]int64{}}
		log.ahead.SilentAfter, log.released.SilentAfter = config.SilentAfter, config.SilentAfter
		a.logs[in.Topic] = log
	}
	return a
}

// Handle implements Task.
func (a *Aligner) Handle(rec Record) ([]Emission, error) {
	log := a.logs[rec.Topic]
	if log == nil {
		return nil, fmt.Errorf("aligned task: topic %q is none of its inputs", rec.Topic)
	}
	if log.seen && (rec.Offset < log.end() || rec.Offset < log.done[rec.Source]) {
		return nil, nil // read again after a restore
	}
	if !log.seen {
		log.seen, log.next = true, rec.Offset
	}
	log.held = append(log.held, rec)
	if m, ok := rec.Event.(model.Marker); ok && !log.ahead.Known {
		log.begin(m)
	}
	if !log.ahead.Fold(rec.Event) {
		return nil, nil
	}
	at, _ := log.ahead.At()
	if log.first == 0 {
		log.first = at
	}
	log.passes = append(log.passes, pass{len(log.held) - 1, at})
	return a.run()
}

// begin notes a source's first marker: ticks begin where the last source does.
func (l *alignedLog) begin(m model.Marker) {
	if _, known := l.ahead.Sources[m.Source]; !known {
		l.first = max(l.first, m.At)
	}
}

// end returns the offset after the last held or released record.
func (l *alignedLog) end() int64 {
	if len(l.held) > 0 {
		return l.held[len(l.held)-1].Offset + 1
	}
	return l.next
}

// run hands over every tick that has become complete.
func (a *Aligner) run() ([]Emission, error) {
	var out []Emission
	for {
		tick, ok := a.next()
		if !ok {
			return out, nil
		}
		first := !a.ticker.Started
		a.ticker.Started, a.ticker.Last = true, tick
		emissions, err := a.handler.Tick(tick, a.release(tick, first), a.Inputs())
		if err != nil {
			return out, fmt.Errorf("tick %v: %w", tick, err)
		}
		out = append(out, emissions...)
	}
}

// next returns the next tick where every input is complete for it. The first
// tick is the latest of the inputs' first watermarks: a value of the logs, not
// of the moment at which they were read.
func (a *Aligner) next() (model.Instant, bool) {
	if a.ticker.Started {
		tick := a.ticker.Last.Add(a.config.Interval)
		return tick, a.complete(tick)
	}
	var start model.Instant
	for _, in := range a.config.Inputs {
		log := a.logs[in.Topic]
		if in.AfterFirst {
			continue
		}
		if _, ok := log.ahead.At(); !ok {
			return 0, false
		}
		start = max(start, log.first.Add(a.lag(in)))
	}
	tick := start.Floor(a.config.Interval)
	if tick < start {
		tick = tick.Add(a.config.Interval)
	}
	return tick, a.complete(tick)
}

func (a *Aligner) lag(in Input) time.Duration { return time.Duration(in.Lag) * a.config.Interval }

// complete tells whether every input that the tick asks for has reached it.
func (a *Aligner) complete(tick model.Instant) bool {
	for _, in := range a.config.Inputs {
		if in.AfterFirst && !a.ticker.Started {
			continue
		}
		at, ok := a.logs[in.Topic].ahead.At()
		if !ok || at < tick.Add(-a.lag(in)) {
			return false
		}
	}
	return true
}

// release takes each log's prefix for a tick.
func (a *Aligner) release(tick model.Instant, first bool) []Record {
	var out []Record
	for _, in := range a.config.Inputs {
		if in.AfterFirst && first {
			continue
		}
		if log := a.logs[in.Topic]; in.BySource {
			out = append(out, log.releaseBySource(tick.Add(-a.lag(in)))...)
		} else {
			out = append(out, log.release(tick.Add(-a.lag(in)))...)
		}
	}
	return out
}

func (l *alignedLog) release(upTo model.Instant) []Record {
	if at, ok := l.released.At(); ok && at >= upTo {
		return nil // an earlier tick's prefix reaches this far
	}
	count := 0
	for i, p := range l.passes {
		if p.at >= upTo {
			count = p.index + 1
			l.passes = l.passes[i+1:]
			break
		}
	}
	if count == 0 {
		return nil
	}
	for i := range l.passes {
		l.passes[i].index -= count
	}
	out := l.held[:count:count]
	l.held = append([]Record(nil), l.held[count:]...)
	for _, rec := range out {
		l.released.Fold(rec.Event)
	}
	l.next = out[count-1].Offset + 1
	return out
}

// releaseBySource takes from each source's records those up to its first marker
// that reaches the tick, and orders them by source.
func (l *alignedLog) releaseBySource(upTo model.Instant) []Record {
	closed := map[string]bool{}
	for source, at := range l.released.Sources {
		closed[source] = at >= upTo // an earlier tick's marker reached this far
	}
	var out, rest []Record
	for _, rec := range l.held {
		if closed[rec.Source] {
			rest = append(rest, rec)
			continue
		}
		out = append(out, rec)
		l.done[rec.Source] = rec.Offset + 1
		l.released.Fold(rec.Event)
		if m, ok := rec.Event.(model.Marker); ok && m.At >= upTo {
			closed[rec.Source] = true
		}
	}
	l.next = l.end()
	if len(rest) > 0 {
		l.next = rest[0].Offset
	}
	l.held, l.passes = rest, nil
	slices.SortStableFunc(out, func(a, b Record) int { return strings.Compare(a.Source, b.Source) })
	return out
}

// Inputs returns how far every input has been handed over; 0 where nothing was.
func (a *Aligner) Inputs() []model.InputOffset {
	out := make([]model.InputOffset, 0, len(a.config.Inputs))
	for _, in := range a.config.Inputs {
		offset := model.InputOffset{Topic: in.Topic, Partition: a.config.Partition}
		if log := a.logs[in.Topic]; log.released.Known {
			offset.Offset = log.next
		}
		out = append(out, offset)
	}
	return out
}

// Report implements Reporter: the last tick is how far the handler has come.
func (a *Aligner) Report() Report {
	var out Report
	if inner, ok := a.handler.(Reporter); ok {
		out = inner.Report()
	}
	if a.ticker.Started {
		out.Watermark = a.ticker.Last
	}
	return out
}

// Position implements Task: held records are read again after a restart.
func (a *Aligner) Position(topic string) (int64, bool) {
	log := a.logs[topic]
	if log == nil || !log.seen {
		return 0, false
	}
	return log.next, true
}

// Full implements Task.
func (a *Aligner) Full(topic string) bool {
	log := a.logs[topic]
	return log != nil && len(log.held) >= a.config.MaxAhead
}

// alignerSnapshot is the serialised form; JSON writes maps in key order.
type alignerSnapshot struct {
	Ticker  Ticker
	Logs    map[string]logSnapshot
	Handler []byte
}

type logSnapshot struct {
	Next      int64
	Seen      bool
	Watermark Watermark
	Done      map[string]int64 `json:",omitempty"`
}

// AppendSnapshot implements Task.
func (a *Aligner) AppendSnapshot(buf []byte) ([]byte, error) {
	inner, err := a.handler.AppendSnapshot(nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot of an aligned task: %w", err)
	}
	snap := alignerSnapshot{Ticker: a.ticker, Logs: map[string]logSnapshot{}, Handler: inner}
	for topic, log := range a.logs {
		snap.Logs[topic] = logSnapshot{Next: log.next, Seen: log.seen, Watermark: log.released, Done: log.done}
	}
	b, err := json.Marshal(snap)
	if err != nil {
		return nil, fmt.Errorf("snapshot of an aligned task: %w", err)
	}
	return append(buf, b...), nil
}

// Restore implements Task.
func (a *Aligner) Restore(b []byte) error {
	var snap alignerSnapshot
	if err := json.Unmarshal(b, &snap); err != nil {
		return fmt.Errorf("restore an aligned task: %w", err)
	}
	interval := a.ticker.Interval
	a.ticker = snap.Ticker
	a.ticker.Interval = interval
	for topic, log := range a.logs {
		s := snap.Logs[topic]
		s.Watermark.SilentAfter = a.config.SilentAfter
		if s.Done == nil {
			s.Done = map[string]int64{}
		}
		*log = alignedLog{input: log.input, next: s.Next, seen: s.Seen, released: s.Watermark, ahead: s.Watermark.Clone(), done: s.Done}
	}
	if err := a.handler.Restore(snap.Handler); err != nil {
		return fmt.Errorf("restore an aligned task: %w", err)
	}
	return nil
}
