package linker

import (
	"time"

	"drover/internal/model"
)

// WindowConfig says how long a Window waits. Zero fields take the defaults.
type WindowConfig struct {
	// Rule makes the calls. Default Parents.
	Rule Rule
	// Quiet is how long no span of a trace has come until it is linked. Default
	// 10 seconds.
	Quiet time.Duration
	// Longest is how long a trace is kept open at most. Default two minutes.
	Longest time.Duration
	// MaxSpans bounds the spans that are held; beyond it the oldest traces are
	// linked early. Default 200,000 (about 100 MB).
	MaxSpans int
	// Behind and Ahead are how far a span's time may be from its arrival to be
	// believed; else its calls get the time of arrival. Defaults one hour, one
	// minute.
	Behind, Ahead time.Duration
}

func (c WindowConfig) withDefaults() WindowConfig {
	set := func(d *time.Duration, value time.Duration) {
		if *d < time.Millisecond {
			*d = value
		}
	}
	if c.Rule == nil {
		c.Rule = Parents
	}
	set(&c.Quiet, 10*time.Second)
	set(&c.Longest, 2*time.Minute)
	set(&c.Behind, time.Hour)
	set(&c.Ahead, time.Minute)
	if c.MaxSpans <= 0 {
		c.MaxSpans = 200_000
	}
	return c
}

// openTrace is a trace that spans still come for.
type openTrace struct {
	key     windowKey
	spans   []model.Span
	arrived []model.Instant
	first   model.Instant
	last    model.Instant
}

// windowKey identifies a trace in a Window.
type windowKey struct {
	fleet model.FleetID
	trace string
}

// closedLimit is how many closed traces are remembered to tell late spans.
const closedLimit = 1 << 14

// Window gathers the spans of traces as they arrive. It belongs to the ingest
// that received them: it is no part of any decision, and is lost with it.
type Window struct {
	cfg    WindowConfig
	open   map[windowKey]*openTrace
	order  []*openTrace // by first arrival; closed ones have no spans
	held   int
	closed map[windowKey]struct{}
	recent []windowKey // the closed ones, oldest first
	counts Counts
}

// NewWindow returns an empty window.
func NewWindow(cfg WindowConfig) *Window {
	return &Window{cfg: cfg.withDefaults(), open: map[windowKey]*openTrace{}, closed: map[windowKey]struct{}{}}
}

// Add takes a span that arrived at now; now must not go backwards. It returns
// the calls of traces that had to be closed to stay within MaxSpans. A span of a
// trace that was closed already is counted as late and opens it again: it makes
// the calls that it can make without the others.
func (w *Window) Add(now model.Instant, s model.Span) []model.Call {
	key := windowKey{s.Fleet, trimID(s.TraceID)}
	t := w.open[key]
	if t == nil {
		if _, late := w.closed[key]; late {
			w.counts.Late++
		}
		t = &openTrace{key: key, first: now}
		w.open[key] = t
		w.order = append(w.order, t)
	}
	t.spans, t.arrived, t.last = append(t.spans, s), append(t.arrived, now), now
	w.held++
	var calls []model.Call
	for w.held > w.cfg.MaxSpans && len(w.order) > 0 {
		calls = append(calls, w.close(w.order[0])...)
		w.order = w.order[1:]
	}
	return calls
}

// Due returns the calls of the traces that are quiet by now, in the order of
// their first spans.
func (w *Window) Due(now model.Instant) []model.Call {
	return w.sweep(func(t *openTrace) bool {
		return now-t.last >= model.Instant(w.cfg.Quiet.Milliseconds()) || now-t.first >= model.Instant(w.cfg.Longest.Milliseconds())
	})
}

// Drain returns the calls of all open traces.
func (w *Window) Drain() []model.Call { return w.sweep(func(*openTrace) bool { return true }) }

// sweep closes the traces that are due.
func (w *Window) sweep(due func(*openTrace) bool) []model.Call {
	var calls []model.Call
	kept := w.order[:0]
	for _, t := range w.order {
		switch {
		case t.spans == nil:
		case due(t):
			calls = append(calls, w.close(t)...)
		default:
			kept = append(kept, t)
		}
	}
	clear(w.order[len(kept):])
	w.order = kept
	return calls
}

// Counts returns what was seen among the spans of closed traces.
func (w *Window) Counts() Counts { return w.counts }

// Held returns how many spans wait for their trace to end.
func (w *Window) Held() int { return w.held }

// close links a trace and forgets its spans.
func (w *Window) close(t *openTrace) []model.Call {
	if t.spans == nil {
		return nil
	}
	for i := range t.spans {
		w.believe(&t.spans[i], t.arrived[i])
	}
	calls, counts := w.cfg.Rule(t.spans)
	for i := range calls {
		if calls[i].At <= 0 {
			calls[i].At = t.last
		}
	}
	w.counts.Add(counts)
	w.held -= len(t.spans)
	t.spans = nil
	delete(w.open, t.key)
	if _, known := w.closed[t.key]; !known {
		w.remember(t.key)
	}
	return calls
}

// believe takes the time off a span that lies too far from its arrival; the
// rule then counts it as impossible.
func (w *Window) believe(s *model.Span, arrived model.Instant) {
	if at := s.At(); at < arrived.Add(-w.cfg.Behind) || at > arrived.Add(w.cfg.Ahead) {
		s.StartMicros = -max(s.DurationMicros, 0)
	}
}

// remember keeps the newest closed traces.
func (w *Window) remember(key windowKey) {
	if len(w.recent) == closedLimit {
		delete(w.closed, w.recent[0])
		w.recent = w.recent[1:]
	}
	w.recent = append(w.recent, key)
	w.closed[key] = struct{}{}
}
