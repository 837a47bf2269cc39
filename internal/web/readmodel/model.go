package readmodel

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"drover/internal/model"
)

// Limits bound what is kept of each fleet; what is oldest goes first.
type Limits struct {
	Plans, Evaluations, Lines, DeadLetters, Audits, Orders int
	// Steps and Outcomes are kept of each plan.
	Steps, Outcomes int
	// HistoryBins is the longest history of a series, in bins of HistoryStep;
	// HistoryFloats and ForecastFloats bound the values of all series together.
	HistoryBins                   int
	HistoryFloats, ForecastFloats int
	// Pasts is how many earlier forecasts of a series are kept at most.
	Pasts int
	// Places is how many changes of place are remembered for time travel.
	Places int
	// LetterBytes is how much of a dead letter's value is kept for display.
	LetterBytes int
}

// DefaultLimits keeps two weeks of small fleets and a day of large ones.
func DefaultLimits() Limits {
	return Limits{Plans: 500, Evaluations: 600, Lines: 1000, DeadLetters: 1000, Audits: 2000, Orders: 1000,
		Steps: 20_000, Outcomes: 10_000, HistoryBins: 4032, HistoryFloats: 16 << 20, ForecastFloats: 12 << 20, Pasts: 288,
		Places: 20_000, LetterBytes: 4096}
}

// HistoryStep is the width of a bin of measured history.
const HistoryStep = 5 * time.Minute

// Section is a part of a fleet that changes by itself; each has a version.
type Section string

// The sections.
const (
	Servers      Section = "servers"
	Applications Section = "applications"
	Graph        Section = "graph"
	Network      Section = "network"
	Series       Section = "series"
	Forecasts    Section = "forecasts"
	Calendar     Section = "calendar"
	Evaluations  Section = "evaluations"
	Plans        Section = "plans"
	Letters      Section = "deadletters"
	Audits       Section = "audit"
	Orders       Section = "orders"
)

// Sections lists all sections.
func Sections() []Section {
	return []Section{Servers, Applications, Graph, Network, Series, Forecasts, Calendar, Evaluations, Plans, Letters, Audits, Orders}
}

// Model is what has been seen in the topics, by fleet.
type Model struct {
	limits Limits
	mu     sync.RWMutex
	fleets map[model.FleetID]*Fleet
	// clock is the newest heartbeat of any producer.
	clock model.Instant
	// changes counts everything that was folded, for readers who wait.
	changes atomic.Uint64
}

// New returns an empty model.
func New(limits Limits) *Model {
	return &Model{limits: limits, fleets: map[model.FleetID]*Fleet{}}
}

// Changes returns a number that rises with every change.
func (m *Model) Changes() uint64 { return m.changes.Load() }

// Fleets returns the identities of all fleets seen, in order.
func (m *Model) Fleets() []model.FleetID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.fleets))
}

// View lends a fleet to read; it must not be kept or changed. ok is false for
// a fleet that has not been seen.
func (m *Model) View(id model.FleetID, read func(*Fleet)) (ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := m.fleets[id]
	if f == nil {
		return false
	}
	read(f)
	return true
}

// Fold takes one event in and returns the line that tells people of it, if it
// is worth one. fleet is the record's own, for events that name none.
func (m *Model) Fold(fleet model.FleetID, event any) (Line, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if beat, ok := event.(model.Heartbeat); ok {
		m.clock = max(m.clock, beat.At)
		for _, f := range m.fleets {
			f.Now = max(f.Now, m.clock)
		}
		return Line{}, false
	}
	id, ok := fleetOf(fleet, event)
	if !ok || id == "" {
		return Line{}, false
	}
	f := m.fleets[id]
	if f == nil {
		f = newFleet(id, &m.limits)
		f.Now = m.clock
		m.fleets[id] = f
	}
	section := f.fold(event)
	f.touch(section)
	m.changes.Add(1)
	line, told := describe(event, f)
	if told {
		f.lineSeq++
		line.Seq = f.lineSeq
		f.Lines = appendBounded(f.Lines, line, m.limits.Lines)
	}
	return line, told
}

func appendBounded[T any](list []T, v T, limit int) []T {
	if len(list) >= limit {
		// A quarter goes at once, so that appending stays cheap.
		list = slices.Delete(list, 0, len(list)-limit+1+limit/4)
	}
	return append(list, v)
}

// fleetOf returns the fleet of an event that is kept.
func fleetOf(record model.FleetID, event any) (model.FleetID, bool) {
	switch e := event.(type) {
	case model.Server:
		return e.Fleet, true
	case model.Application:
		return e.Fleet, true
	case model.Metric:
		return e.Fleet, true
	case model.Forecast:
		return e.Fleet, true
	case model.Edge:
		return e.Fleet, true
	case model.Link:
		return e.Fleet, true
	case model.CalendarEvent:
		return e.Fleet, true
	case model.Maintenance:
		return e.Fleet, true
	case model.Evaluation:
		return e.Fleet, true
	case model.Plan:
		return e.Fleet, true
	case model.Step:
		return e.Fleet, true
	case model.Outcome:
		return e.Fleet, true
	case model.Control:
		return e.Fleet, true
	case model.Audit:
		return e.Fleet, true
	case model.DeadLetter, LetterDone:
		return record, true
	}
	return "", false
}
