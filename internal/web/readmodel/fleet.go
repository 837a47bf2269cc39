package readmodel

import (
	"slices"
	"strconv"

	"drover/internal/model"
)

// Fleet is one fleet's part. Maps and slices belong to the model.
type Fleet struct {
	ID           model.FleetID
	Now          model.Instant // event time up to which something is known
	Servers      map[model.ServerID]model.Server
	Applications map[model.ApplicationID]model.Application
	Placement    model.Placement
	Edges        map[EdgeKey]Edge
	Links        map[LinkKey]model.Link
	Calendar     map[string]model.CalendarEvent
	Maintenance  map[string]model.Maintenance
	Plans        []*Run             // oldest first
	Evaluations  []model.Evaluation // without their demands
	// Demands are the service demands that the newest decision was taken with.
	Demands map[model.ApplicationID]model.ServiceDemand
	Letters []Letter
	Audits  []model.Audit
	Orders  []model.Control
	Lines   []Line
	// Paused and Killed are the fleet's own orders as they stand; Drained lists
	// the servers that a person asked to empty.
	Paused, Killed bool
	Drained        map[model.ServerID]model.Instant

	limits    *Limits
	series    map[SeriesKey]*series
	byPlan    map[model.PlanID]*Run
	early     []*Run // of plans not read yet, by their first news
	places    []change
	placedAt  map[model.ReplicaID]model.Instant
	versions  map[Section]uint64
	lineSeq   uint64
	floats    int // of all histories
	pastKept  int // values of all earlier forecasts
	evaluated map[model.Instant]bool
}

// EdgeKey names an edge, LinkKey a link.
type (
	EdgeKey struct{ Caller, Callee model.ApplicationID }
	LinkKey struct{ From, To model.ServerID }
)

// Edge is an edge with the time it went, where it has gone.
type Edge struct {
	model.Edge
	GoneAt model.Instant
}

// Letter is a dead letter as it is shown: its value cut to Limits.LetterBytes.
type Letter struct {
	model.DeadLetter
	Cut   bool
	Bytes int // of the whole value
}

// ID is the place of the record that was refused: "topic/partition/offset".
func (l *Letter) ID() string {
	return l.Topic + "/" + strconv.Itoa(int(l.Partition)) + "/" + strconv.FormatInt(l.Offset, 10)
}

// LetterDone says that a dead letter has been replayed or dropped.
type LetterDone struct{ ID string }

// change is one replica's change of place.
type change struct {
	at       model.Instant
	replica  model.ReplicaID
	from, to model.ServerID
}

func newFleet(id model.FleetID, limits *Limits) *Fleet {
	return &Fleet{
		ID: id, limits: limits, Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{},
		Placement: model.Placement{}, Edges: map[EdgeKey]Edge{}, Links: map[LinkKey]model.Link{},
		Calendar: map[string]model.CalendarEvent{}, Maintenance: map[string]model.Maintenance{},
		Drained: map[model.ServerID]model.Instant{}, series: map[SeriesKey]*series{}, byPlan: map[model.PlanID]*Run{},
		placedAt: map[model.ReplicaID]model.Instant{}, versions: map[Section]uint64{}, evaluated: map[model.Instant]bool{},
	}
}

// Version returns a number that rises whenever one of the sections changes.
func (f *Fleet) Version(of ...Section) uint64 {
	var sum uint64
	for _, s := range of {
		sum += f.versions[s]
	}
	return sum
}

func (f *Fleet) touch(s Section) { f.versions[s]++ }

// LineSeq is the number of the newest line.
func (f *Fleet) LineSeq() uint64 { return f.lineSeq }

// fold takes an event in and says which section it changed.
func (f *Fleet) fold(event any) Section {
	switch e := event.(type) {
	case model.Metric:
		f.measure(&e)
		return Series
	case model.Forecast:
		f.forecast(&e)
		return Forecasts
	case model.Edge:
		f.edge(e)
		return Graph
	case model.Link:
		f.Links[LinkKey{e.From, e.To}] = e
		return Network
	case model.Server:
		keep(f.Servers, e.ID, e, e.Removed)
		return Servers
	case model.Application:
		f.application(e)
		return Applications
	case model.CalendarEvent:
		keep(f.Calendar, e.ID, e, e.Cancelled)
		return Calendar
	case model.Maintenance:
		keep(f.Maintenance, e.ID, e, e.Cancelled)
		return Calendar
	case model.Evaluation:
		f.evaluation(e)
		return Evaluations
	case model.Control:
		f.order(e)
		return Orders
	case model.Audit:
		f.Audits = appendBounded(f.Audits, e, f.limits.Audits)
		return Audits
	case model.DeadLetter:
		f.letter(e)
		return Letters
	case LetterDone:
		f.Letters = slices.DeleteFunc(f.Letters, func(l Letter) bool { return l.ID() == e.ID })
		return Letters
	}
	return f.foldPlan(event)
}

func (f *Fleet) evaluation(e model.Evaluation) {
	f.Now = max(f.Now, e.Tick)
	if f.evaluated[e.Tick] {
		return // told again after a crash
	}
	f.evaluated[e.Tick] = true
	f.Demands = make(map[model.ApplicationID]model.ServiceDemand, len(e.Demands))
	for _, d := range e.Demands {
		f.Demands[d.Application] = d
	}
	e.Demands = nil
	for i := range e.Balances {
		r := f.runOf(e.Balances[i].Plan)
		r.Balance, r.BalancedAt = &e.Balances[i], e.Tick
		f.touch(Plans)
	}
	before := len(f.Evaluations)
	f.Evaluations = appendBounded(f.Evaluations, e, f.limits.Evaluations)
	if len(f.Evaluations) <= before {
		f.evaluated = map[model.Instant]bool{}
		for i := range f.Evaluations {
			f.evaluated[f.Evaluations[i].Tick] = true
		}
	}
}

func (f *Fleet) edge(e model.Edge) {
	key, gone := EdgeKey{e.Caller, e.Callee}, model.NoInstant
	if e.Gone {
		before, known := f.Edges[key]
		if !known {
			return
		}
		gone = max(f.Now, before.LastSeen)
		before.Gone = true
		e = before.Edge
	}
	f.Edges[key] = Edge{e, gone}
	const keptGone = 100_000 // edges in all, beyond which those that went are forgotten
	if gone != 0 && len(f.Edges) > keptGone {
		for k, old := range f.Edges {
			if old.GoneAt != 0 {
				delete(f.Edges, k)
			}
		}
	}
}

// application takes metadata: what is said of places holds where nothing newer
// is known.
func (f *Fleet) application(a model.Application) {
	keep(f.Applications, a.ID, a, a.Removed)
	for i, on := range a.Placement {
		if id := model.NewReplicaID(a.ID, i); on != "" && !a.Removed && a.At >= f.placedAt[id] {
			f.place(id, on, a.At)
		}
	}
	if !a.Removed {
		return
	}
	for id := range f.Placement {
		if app, _, err := id.Split(); err == nil && app == a.ID {
			delete(f.Placement, id)
			delete(f.placedAt, id)
		}
	}
}

func (f *Fleet) place(id model.ReplicaID, on model.ServerID, at model.Instant) {
	if before := f.Placement[id]; before != on {
		f.places = appendBounded(f.places, change{at, id, before, on}, f.limits.Places)
		f.Placement[id] = on
	}
	f.placedAt[id] = at
}

// PlacementAt returns where everything ran at a past time, as far back as
// changes are remembered.
func (f *Fleet) PlacementAt(at model.Instant) model.Placement {
	past := f.Placement.Clone()
	for _, c := range slices.Backward(f.places) {
		if c.at <= at {
			break
		}
		if c.from == "" {
			continue // where it ran before is not known
		}
		past[c.replica] = c.from
	}
	return past
}

func (f *Fleet) letter(d model.DeadLetter) {
	size := len(d.Value)
	cut := size > f.limits.LetterBytes
	if cut {
		d.Value = slices.Clone(d.Value[:f.limits.LetterBytes])
	}
	letter := Letter{d, cut, size}
	id := letter.ID()
	f.Letters = slices.DeleteFunc(f.Letters, func(l Letter) bool { return l.ID() == id }) // told again after a crash
	f.Letters = appendBounded(f.Letters, letter, f.limits.DeadLetters)
}

func keep[K comparable, V any](m map[K]V, key K, value V, gone bool) {
	if gone {
		delete(m, key)
		return
	}
	m[key] = value
}
