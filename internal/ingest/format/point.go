package format

import (
	"slices"
	"strings"

	"drover/internal/model"
)

// PointType is how a producer declared a series.
type PointType uint8

// The types of series. Summaries and histograms are read as their parts:
// totals and counts are counters, quantiles gauges.
const (
	TypeUnknown PointType = iota
	TypeGauge
	TypeCounter
	// TypeDelta is a sum since the point before it (OpenTelemetry's delta
	// temporality), over Point.Interval.
	TypeDelta
)

// String returns the type's name.
func (t PointType) String() string {
	switch t {
	case TypeGauge:
		return "gauge"
	case TypeCounter:
		return "counter"
	case TypeDelta:
		return "delta"
	}
	return "unknown"
}

// Label is one name and value of a series.
type Label struct{ Name, Value string }

// Labels are a series' labels, sorted by name.
type Labels []Label

// Get returns a label's value, empty where there is none.
func (l Labels) Get(name string) string {
	for i := range l {
		if l[i].Name == name {
			return l[i].Value
		}
	}
	return ""
}

// Sort orders the labels by name.
func (l Labels) Sort() {
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
}

// Size is how many bytes names and values have together.
func (l Labels) Size() int {
	size := 0
	for i := range l {
		size += len(l[i].Name) + len(l[i].Value)
	}
	return size
}

// Series is a series that a parser has met before. Name, Labels and Hash never
// change.
type Series struct {
	Name   string
	Labels Labels
	Hash   uint64 // of what Point.AppendIdentity gives
	Bytes  int    // Labels.Size
	// Mapped is what a mapper keeps of the series; nobody else looks at it.
	Mapped any
}

// Point is one sample of a series under its producer's own name, before a
// mapping has said what it measures.
type Point struct {
	// Name is the metric's name, labels excluded.
	Name string
	// Labels hold everything else that identifies the series.
	Labels Labels
	Type   PointType
	// Unit is what the producer declared; empty: nothing.
	Unit  string
	Value float64
	// At is the sample's own time; 0: it has none.
	At model.Instant
	// IntervalMillis is the time a TypeDelta covers.
	IntervalMillis int64
	// Series is set where the parser knows the series; Name and Labels are then its.
	Series *Series
}

// AppendIdentity appends what tells the point's series from all others.
func (p *Point) AppendIdentity(b []byte) []byte {
	b = append(b, p.Name...)
	for _, l := range p.Labels {
		b = append(append(append(append(b, 0xff), l.Name...), 0xff), l.Value...)
	}
	return b
}
