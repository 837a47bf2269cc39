package forecaster

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on every machine

	"drover/internal/forecast"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// Zones says by which wall clock the seasons of an entity go. The zero value
// stands for UTC everywhere.
type Zones struct {
	rules []zoneRule // by scope, which is unique
}

// zoneRule is the zone of everything, of a fleet or of an entity in it.
type zoneRule struct {
	scope string // "", FLEET or FLEET/ENTITY
	name  string
	zone  *wallclock.Zone
}

// ParseZones reads rules ZONE, FLEET=ZONE and FLEET/ENTITY=ZONE, where ENTITY is
// app:NAME or server:NAME and ZONE a name such as Europe/Berlin or UTC. The
// narrowest rule decides; a replica goes by its application's.
func ParseZones(rules []string) (Zones, error) {
	var z Zones
	known := map[string]*wallclock.Zone{}
	for _, text := range rules {
		scope, name, scoped := strings.Cut(strings.TrimSpace(text), "=")
		if !scoped {
			scope, name = "", scope
		}
		if fleet, entity, of := strings.Cut(scope, "/"); scoped && fleet == "" || of && !zoned(model.EntityID(entity)) {
			return Zones{}, fmt.Errorf("%q: want ZONE, FLEET=ZONE, FLEET/app:NAME=ZONE or FLEET/server:NAME=ZONE", text)
		}
		zone, ok := known[name]
		if !ok {
			location, err := time.LoadLocation(name)
			if err != nil || name == "" || name == "Local" {
				return Zones{}, fmt.Errorf("%q: no time zone is called %q: want a name such as Europe/Berlin, America/New_York or UTC", text, name)
			}
			zone = wallclock.Of(location)
			known[name] = zone
		}
		if slices.ContainsFunc(z.rules, func(r zoneRule) bool { return r.scope == scope }) {
			return Zones{}, fmt.Errorf("%q: a second time zone for %q", text, scope)
		}
		z.rules = append(z.rules, zoneRule{scope, name, zone})
	}
	slices.SortFunc(z.rules, func(a, b zoneRule) int { return strings.Compare(a.scope, b.scope) })
	return z, nil
}

func zoned(e model.EntityID) bool {
	kind, _, ok := e.Split()
	return ok && kind != model.KindReplica
}

// Strings are the rules as ParseZones reads them, sorted.
func (z Zones) Strings() []string {
	var out []string
	for _, r := range z.rules {
		if r.scope == "" {
			out = append(out, r.name)
		} else {
			out = append(out, r.scope+"="+r.name)
		}
	}
	return out
}

// Of returns the zone of an entity.
func (z Zones) Of(fleet model.FleetID, entity model.EntityID) *wallclock.Zone {
	if len(z.rules) == 0 {
		return nil
	}
	if kind, name, _ := entity.Split(); kind == model.KindReplica {
		application, _, _ := model.ReplicaID(name).Split()
		entity = model.ApplicationEntity(application)
	}
	for _, scope := range []string{string(fleet) + "/" + string(entity), string(fleet), ""} {
		if i, ok := slices.BinarySearchFunc(z.rules, scope, func(r zoneRule, s string) int { return strings.Compare(r.scope, s) }); ok {
			return z.rules[i].zone
		}
	}
	return nil
}

// likeOf returns what new series of an entity are made after.
func (l *loads) likeOf(fleet model.FleetID, entity model.EntityID) *forecast.Series {
	zone := l.config.Zones.Of(fleet, entity)
	like := l.likes[zone]
	if like == nil {
		config := l.config.Forecast
		config.Zone = zone
		like = forecast.NewSeries(&config)
		l.likes[zone] = like
	}
	return like
}

// turn brings series that went by other zones when their state was kept to those
// that are configured now.
func (l *loads) turn(kept []string) error {
	before, err := ParseZones(kept)
	if err != nil {
		return fmt.Errorf("time zones: %w", err)
	}
	if slices.Equal(before.Strings(), l.config.Zones.Strings()) {
		return nil
	}
	for _, one := range l.entities.all() {
		for _, s := range one.series {
			if s != nil {
				s.model.Turn(before.Of(one.fleet, one.entity))
			}
		}
	}
	return nil
}
