package forecaster

import (
	"slices"
	"strings"

	"drover/internal/model"
)

// calendars keeps each fleet's dated events and hands out those that concern
// an entity.
type calendars struct {
	events map[model.FleetID]map[string]model.CalendarEvent
	cache  map[scope][]model.CalendarEvent
}

type scope struct {
	fleet       model.FleetID
	application model.ApplicationID // empty: only events that concern everything
}

func newCalendars() calendars {
	return calendars{events: map[model.FleetID]map[string]model.CalendarEvent{}, cache: map[scope][]model.CalendarEvent{}}
}

// fold takes a new event or a new version of one.
func (c *calendars) fold(e model.CalendarEvent) {
	byID := c.events[e.Fleet]
	if byID == nil {
		byID = map[string]model.CalendarEvent{}
		c.events[e.Fleet] = byID
	}
	if e.Cancelled {
		delete(byID, e.ID)
	} else {
		byID[e.ID] = e
	}
	clear(c.cache)
}

// of returns the events that concern an entity, by start and identity.
func (c *calendars) of(fleet model.FleetID, entity model.EntityID) []model.CalendarEvent {
	if len(c.events[fleet]) == 0 {
		return nil
	}
	sc := scope{fleet: fleet}
	switch kind, name, _ := entity.Split(); kind {
	case model.KindApplication:
		sc.application = model.ApplicationID(name)
	case model.KindReplica:
		sc.application, _, _ = model.ReplicaID(name).Split()
	}
	out, ok := c.cache[sc]
	if !ok {
		out = c.selected(sc)
		c.cache[sc] = out
	}
	return out
}

func (c *calendars) selected(sc scope) []model.CalendarEvent {
	var out []model.CalendarEvent
	for _, e := range c.events[sc.fleet] {
		if len(e.Applications) == 0 || sc.application != "" && slices.Contains(e.Applications, sc.application) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, compareEvents)
	return out
}

func compareEvents(a, b model.CalendarEvent) int {
	if a.Start != b.Start {
		return int(min(max(a.Start-b.Start, -1), 1))
	}
	return strings.Compare(a.ID, b.ID)
}

// all returns every event of every fleet in a fixed order, for snapshots.
func (c *calendars) all() []model.CalendarEvent {
	var out []model.CalendarEvent
	for _, byID := range c.events {
		for _, e := range byID {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b model.CalendarEvent) int {
		if f := strings.Compare(string(a.Fleet), string(b.Fleet)); f != 0 {
			return f
		}
		return compareEvents(a, b)
	})
	return out
}
