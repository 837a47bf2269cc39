package forecaster

import (
	"slices"
	"strings"

	"drover/internal/model"
)

// entityKey names what is measured.
type entityKey struct {
	fleet  model.FleetID
	entity model.EntityID
}

func compareEntities(a, b entityKey) int {
	if c := strings.Compare(string(a.fleet), string(b.fleet)); c != 0 {
		return c
	}
	return strings.Compare(string(a.entity), string(b.entity))
}

// entity is one server, application or replica with its series: a record brings
// samples of several resources, and is looked up once.
type entity struct {
	entityKey
	series [model.ResourceCount]*series
	// instances tells that its producers are instances, which add up.
	instances bool
}

// lacks returns how many series a record's samples need that are not there.
func (e *entity) lacks(samples []model.Sample) int {
	var need [model.ResourceCount]bool
	n := 0
	for i := range samples {
		r := samples[i].Resource
		if !need[r] && (e == nil || e.series[r] == nil) {
			need[r] = true
			n++
		}
	}
	return n
}

// entities are those of one partition.
type entities struct {
	fleets map[model.FleetID]map[model.EntityID]*entity
	// The fleet of the last record: most come from the same.
	last   model.FleetID
	lastOf map[model.EntityID]*entity
	count  int // series
	// sorted holds all in order; it is rebuilt when one came or went.
	sorted   []*entity
	unsorted bool
}

func newEntities() entities {
	return entities{fleets: map[model.FleetID]map[model.EntityID]*entity{}}
}

// find returns an entity, nil where it is not known.
func (e *entities) find(fleet model.FleetID, id model.EntityID) *entity {
	if e.last != fleet || e.lastOf == nil {
		e.last, e.lastOf = fleet, e.fleets[fleet]
	}
	return e.lastOf[id]
}

// add makes an entity known.
func (e *entities) add(fleet model.FleetID, id model.EntityID) *entity {
	kind, _, _ := id.Split()
	one := &entity{entityKey: entityKey{fleet, id}, instances: kind == model.KindApplication}
	if e.fleets[fleet] == nil {
		e.fleets[fleet] = map[model.EntityID]*entity{}
		e.lastOf = nil
	}
	e.fleets[fleet][id] = one
	e.unsorted = true
	return one
}

// remove forgets an entity.
func (e *entities) remove(one *entity) {
	delete(e.fleets[one.fleet], one.entity)
	if len(e.fleets[one.fleet]) == 0 {
		delete(e.fleets, one.fleet)
		e.lastOf = nil
	}
	e.unsorted = true
}

// all returns every entity by fleet and name.
func (e *entities) all() []*entity {
	if !e.unsorted {
		return e.sorted
	}
	e.sorted = e.sorted[:0]
	for _, byID := range e.fleets {
		for _, one := range byID {
			e.sorted = append(e.sorted, one)
		}
	}
	slices.SortFunc(e.sorted, func(a, b *entity) int { return compareEntities(a.entityKey, b.entityKey) })
	e.unsorted = false
	return e.sorted
}

// seriesKey names a series.
type seriesKey struct {
	entityKey
	resource model.Resource
}

func compareKeys(a, b seriesKey) int {
	if c := compareEntities(a.entityKey, b.entityKey); c != 0 {
		return c
	}
	return int(a.resource) - int(b.resource)
}

// keys names every series in order.
func (l *loads) keys() []seriesKey {
	out := make([]seriesKey, 0, l.entities.count)
	for _, one := range l.entities.all() {
		for r, s := range one.series {
			if s != nil {
				out = append(out, seriesKey{one.entityKey, model.Resource(r)})
			}
		}
	}
	return out
}

// at returns a series that is there.
func (l *loads) at(key seriesKey) *series {
	return l.entities.find(key.fleet, key.entity).series[key.resource]
}
