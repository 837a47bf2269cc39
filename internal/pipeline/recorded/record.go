package recorded

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"drover/internal/forecast"
	"drover/internal/model"
)

// Record is what was recorded of the fleets of a deployment. Add takes events in
// the order of their logs; the logs may come one after the other.
type Record struct {
	fleets map[model.FleetID]*fleet
	// begun and ended are the least and the greatest heartbeat: between them
	// decisions were taken. What was sent before the first is history.
	begun, ended model.Instant
	events       int64
}

// fleet is what was recorded of one fleet.
type fleet struct {
	loads       map[loadKey]*series
	counters    map[loadKey]*forecast.Rates
	edges       map[edge]*calls
	seen        map[uint64]struct{}             // ids of spans
	entries     map[model.ApplicationID]float64 // requests from outside
	called      window                          // when calls were recorded
	servers     map[model.ServerID][]model.Server
	apps        map[model.ApplicationID][]model.Application
	calendar    map[string]model.CalendarEvent
	maintenance map[string]model.Maintenance
	done        []any              // plans, steps and outcomes
	decided     model.Instant      // the last tick of which a decision was recorded
	days        map[int64]*dayLoad // measurements by the day, to tell clocks that are years off
}

// dayLoad says how many measurements there are of a day, and of which time.
type dayLoad struct {
	window
	count int64
}

// window is the time from the first to the last of some records.
type window struct{ first, last model.Instant }

func (w *window) include(at model.Instant) {
	if w.first == 0 || at < w.first {
		w.first = at
	}
	w.last = max(w.last, at)
}

// loadKey names a series. Producers of an application are its instances, which
// are told apart; those of a replica or a server report the same.
type loadKey struct {
	entity   model.EntityID
	resource model.Resource
	producer string
}

type edge struct{ caller, callee model.ApplicationID }

// calls are the calls of an edge, and the bytes of their requests and responses.
type calls struct{ total, requested, responded float64 }

// NewRecord returns a record of nothing.
func NewRecord() *Record { return &Record{fleets: map[model.FleetID]*fleet{}} }

// Events returns how many events were taken.
func (r *Record) Events() int64 { return r.events }

// loaded lists the fleets of which load was recorded.
func (r *Record) loaded() []model.FleetID {
	var out []model.FleetID
	for id, f := range r.fleets {
		if len(f.loads) > 0 {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// choose returns a fleet by name; "" is the only one.
func (r *Record) choose(id model.FleetID) (model.FleetID, *fleet, error) {
	all := r.loaded()
	if id == "" && len(all) == 1 {
		id = all[0]
	}
	if f := r.fleets[id]; f != nil && len(f.loads) > 0 {
		return id, f, nil
	}
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = string(f)
	}
	switch {
	case len(all) == 0:
		return "", nil, fmt.Errorf("no load was recorded: there are no metrics of any fleet among %d events", r.events)
	case id == "":
		return "", nil, fmt.Errorf("there are %d fleets in the record: name one of %s", len(all), strings.Join(names, ", "))
	}
	return "", nil, fmt.Errorf("fleet %q: there is no load of it in the record; want %s", id, strings.Join(names, ", "))
}

func (r *Record) of(id model.FleetID) *fleet {
	f := r.fleets[id]
	if f == nil {
		f = &fleet{loads: map[loadKey]*series{}, counters: map[loadKey]*forecast.Rates{}, edges: map[edge]*calls{},
			seen: map[uint64]struct{}{}, entries: map[model.ApplicationID]float64{},
			servers: map[model.ServerID][]model.Server{}, apps: map[model.ApplicationID][]model.Application{},
			days: map[int64]*dayLoad{}, calendar: map[string]model.CalendarEvent{}, maintenance: map[string]model.Maintenance{}}
		r.fleets[id] = f
	}
	return f
}

// Add takes one event; those that say nothing of loads, servers, applications or
// what was done are passed over.
func (r *Record) Add(event any) {
	r.events++
	switch e := event.(type) {
	case model.Heartbeat:
		if r.begun == 0 || e.At < r.begun {
			r.begun = e.At
		}
		r.ended = max(r.ended, e.At)
	case model.Metric:
		r.of(e.Fleet).metric(e)
	case model.Call:
		r.of(e.Fleet).call(e)
	case model.Server:
		f := r.of(e.Fleet)
		f.servers[e.ID] = append(f.servers[e.ID], e)
	case model.Application:
		f := r.of(e.Fleet)
		f.apps[e.ID] = append(f.apps[e.ID], e)
	case model.CalendarEvent: // the newest word counts
		kept := r.of(e.Fleet).calendar
		if old, ok := kept[e.ID]; !ok || old.At <= e.At {
			kept[e.ID] = e
		}
	case model.Maintenance:
		kept := r.of(e.Fleet).maintenance
		if old, ok := kept[e.ID]; !ok || old.At <= e.At {
			kept[e.ID] = e
		}
	case model.Evaluation:
		f := r.of(e.Fleet)
		f.decided = max(f.decided, e.Tick)
	case model.Plan:
		f := r.of(e.Fleet)
		f.done = append(f.done, e)
	case model.Step:
		f := r.of(e.Fleet)
		f.done = append(f.done, e)
	case model.Outcome:
		f := r.of(e.Fleet)
		f.done = append(f.done, e)
	default:
		r.events--
	}
}

// AddRequests notes that an application served requests from outside in the
// minute that ends at a time: what no call of another tells.
func (r *Record) AddRequests(id model.FleetID, app model.ApplicationID, at model.Instant, requests float64) {
	f := r.of(id)
	f.entries[app] += requests
	f.called.include(at)
}

func (f *fleet) metric(m model.Metric) {
	kind, _, ok := m.Entity.Split()
	if !ok || kind == model.KindServer {
		return // what servers show follows from where replicas run
	}
	number := int64(m.At.Floor(day))
	if f.days[number] == nil {
		f.days[number] = &dayLoad{}
	}
	f.days[number].include(m.At)
	f.days[number].count++
	for _, s := range m.Samples {
		if s.Resource != model.CPU && s.Resource != model.Memory {
			continue
		}
		key := loadKey{entity: m.Entity, resource: s.Resource}
		if kind == model.KindApplication {
			key.producer = m.Producer
		}
		value := s.Value
		if s.Kind == model.Counter {
			if f.counters[key] == nil {
				f.counters[key] = &forecast.Rates{}
			}
			rate, _, what := f.counters[key].Observe(m.Producer, m.At, s.Value)
			if what != forecast.ReadingRate && what != forecast.ReadingReset {
				continue
			}
			value = rate
		}
		if f.loads[key] == nil {
			f.loads[key] = &series{}
		}
		f.loads[key].add(m.At, value)
	}
}

func (f *fleet) call(c model.Call) {
	if c.SpanID != "" {
		id := xxhash.Sum64String(c.SpanID + "\x00" + string(c.Caller) + "\x00" + string(c.Callee))
		if _, again := f.seen[id]; again {
			return
		}
		f.seen[id] = struct{}{}
	}
	key := edge{c.Caller, c.Callee}
	e := f.edges[key]
	if e == nil {
		e = &calls{}
		f.edges[key] = e
	}
	f.called.include(c.At)
	e.total += float64(c.Calls)
	e.requested += float64(c.RequestBytes)
	e.responded += float64(c.ResponseBytes)
}

// latest returns the word that held at a time: the last one up to then, else the
// first after.
func latest[V any](words []V, at model.Instant, when func(V) model.Instant) V {
	best := words[0]
	for _, w := range words[1:] {
		newer := when(w) >= when(best)
		if when(w) <= at && (newer || when(best) > at) || when(best) > at && !newer {
			best = w
		}
	}
	return best
}

// sortedApps lists the applications of which something is stated.
func (f *fleet) sortedApps() []model.ApplicationID { return slices.Sorted(maps.Keys(f.apps)) }

// with returns the fleet with another inventory; none is its own.
func (f *fleet) with(inventory []any) *fleet {
	if len(inventory) == 0 {
		return f
	}
	other := *f
	other.servers, other.apps = map[model.ServerID][]model.Server{}, map[model.ApplicationID][]model.Application{}
	other.maintenance = map[string]model.Maintenance{}
	for _, event := range inventory {
		switch e := event.(type) {
		case model.Server:
			other.servers[e.ID] = append(other.servers[e.ID], e)
		case model.Application:
			other.apps[e.ID] = append(other.apps[e.ID], e)
		case model.Maintenance:
			other.maintenance[e.ID] = e
		}
	}
	return &other
}
