// Package linker turns the spans of traces into calls between applications.
//
// Two rules are offered. Zipkin gives the links of Zipkin's own dependency
// linker, for spans in its format. Parents gives a call wherever a child span
// stands in another service than its parent, and completes it by what client
// spans say of peers that recorded nothing. Window gathers spans that arrive one
// by one until their traces are quiet, then applies a rule.
//
// What can't be used is counted (Counts), never guessed about in silence. The
// package is a core: time comes in as an argument.
package linker

import (
	"cmp"
	"slices"
	"strings"

	"drover/internal/model"
)

// Rule makes the calls of a set of spans, which may be of several traces, in the
// order of the traces' first spans, and counts what it could not use.
type Rule func(spans []model.Span) ([]model.Call, Counts)

// Counts says what was seen among spans.
type Counts struct {
	Spans  uint64
	Traces uint64
	// Calls were made of the spans, Inferred of them from one side only.
	Calls, Inferred uint64
	// Orphans name a parent that is not among the spans.
	Orphans uint64
	// Duplicates repeat a span; they were merged or dropped.
	Duplicates uint64
	// MissingKind have no kind, NoService no service.
	MissingKind, NoService uint64
	// ImpossibleClock have no start or an impossible duration, OutsideParent begin
	// or end outside of their parent's interval (clocks differ, or work went on).
	ImpossibleClock, OutsideParent uint64
	// UnnamedPeer are client spans without a server span that name their peer by
	// nothing, or by an IP address only: they make no call.
	UnnamedPeer uint64
	// Late arrived after their trace was closed (Window only).
	Late uint64
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Spans += other.Spans
	c.Traces += other.Traces
	c.Calls += other.Calls
	c.Inferred += other.Inferred
	c.Orphans += other.Orphans
	c.Duplicates += other.Duplicates
	c.MissingKind += other.MissingKind
	c.NoService += other.NoService
	c.ImpossibleClock += other.ImpossibleClock
	c.OutsideParent += other.OutsideParent
	c.UnnamedPeer += other.UnnamedPeer
	c.Late += other.Late
}

// note counts what can be seen of a span alone.
func (c *Counts) note(s *model.Span) {
	c.Spans++
	if s.Kind == model.SpanUnspecified {
		c.MissingKind++
	}
	if s.Service == "" {
		c.NoService++
	}
	if s.StartMicros <= 0 || s.DurationMicros < 0 {
		c.ImpossibleClock++
	}
}

// noteParent counts a child that leaves its parent's interval, where both are
// known.
func (c *Counts) noteParent(s, parent *model.Span) {
	if s.StartMicros <= 0 || parent.StartMicros <= 0 || s.DurationMicros < 0 || parent.DurationMicros < 0 {
		return
	}
	if s.StartMicros < parent.StartMicros || s.StartMicros+s.DurationMicros > parent.StartMicros+parent.DurationMicros {
		c.OutsideParent++
	}
}

// byTrace groups spans by fleet and trace, in the order of their first spans.
func byTrace(spans []model.Span) [][]*model.Span {
	type traceKey struct {
		fleet model.FleetID
		trace string
	}
	index := map[traceKey]int{}
	var traces [][]*model.Span
	for i := range spans {
		s := &spans[i]
		key := traceKey{s.Fleet, trimID(s.TraceID)}
		at, ok := index[key]
		if !ok {
			at = len(traces)
			index[key] = at
			traces = append(traces, nil)
		}
		traces[at] = append(traces[at], s)
	}
	return traces
}

// trimID makes identities comparable that one producer pads with zeros and
// another does not. An identity of zeros only is none.
func trimID(id string) string { return strings.TrimLeft(id, "0") }

// compareID orders trimmed hexadecimal identities by their value.
func compareID(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// newCall returns the call that a span stands for. Its SpanID is unique within
// the fleet, so that a repeat of the span is dropped by the graph.
func newCall(s *model.Span, caller, callee model.ApplicationID, failed bool, origin model.EdgeOrigin) model.Call {
	c := model.Call{Fleet: s.Fleet, Caller: caller, Callee: callee, At: s.At(), Producer: s.Producer, Origin: origin,
		Calls: 1, RequestBytes: s.RequestBytes, ResponseBytes: s.ResponseBytes, SpanID: s.TraceID + "/" + s.ID}
	if failed {
		c.Errors = 1
	}
	if s.DurationMicros >= 0 {
		c.DurationMicros = []uint64{uint64(s.DurationMicros)}
	}
	return c
}

// sortSpans sorts stably.
func sortSpans(spans []*model.Span, compare func(a, b *model.Span) int) {
	slices.SortStableFunc(spans, compare)
}
