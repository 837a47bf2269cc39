// Package wallclock tells what clocks on the wall show: loads follow people, and
// people go by local time, which jumps twice a year in many places.
//
// A wall instant is what the clock shows, counted as if it were UTC: seasons of a
// day and a week have their phases in it. It knows the zone's rules only and
// reads no clock.
package wallclock

import (
	"sort"
	"time"

	"drover/internal/model"
)

// The years whose changes are looked up; before and after, the nearest rule holds.
const firstYear, lastYear = 1970, 2100

// Zone is how wall clocks of a place stand to UTC. Nil is UTC itself. It never
// changes and may be shared.
type Zone struct {
	name string
	// changes are the instants from which on offsets hold, rising; both in
	// milliseconds.
	changes []model.Instant
	offsets []int64
	// first is the rule at the beginning of each 2^bucketBits milliseconds since
	// 1970, about 199 days, so that no search is needed.
	first []int
}

const bucketBits = 34

// Of returns a location's zone; nil for a location that stays at UTC.
func Of(location *time.Location) *Zone {
	if location == nil {
		return nil
	}
	z := &Zone{name: location.String()}
	at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(location)
	for at.Year() <= lastYear {
		_, seconds := at.Zone()
		start, end := at.ZoneBounds()
		if n := len(z.offsets); n == 0 || z.offsets[n-1] != int64(seconds)*1000 {
			z.changes = append(z.changes, model.InstantOf(start))
			z.offsets = append(z.offsets, int64(seconds)*1000)
		}
		if end.IsZero() {
			break
		}
		// At the turn of a year, where a rule of the zone's file begins anew, the end
		// may be the moment itself.
		if !end.After(at) {
			end = at.Add(time.Hour)
		}
		at = end
	}
	if len(z.offsets) == 1 && z.offsets[0] == 0 {
		return nil
	}
	rule := 0
	for from := model.Instant(0); from <= z.changes[len(z.changes)-1]; from += 1 << bucketBits {
		for rule+1 < len(z.changes) && z.changes[rule+1] <= from {
			rule++
		}
		z.first = append(z.first, rule)
	}
	return z
}

// String is the zone's name, as in Europe/Berlin.
func (z *Zone) String() string {
	if z == nil {
		return "UTC"
	}
	return z.name
}

// Wall returns what the clock shows at an instant.
func (z *Zone) Wall(at model.Instant) model.Instant {
	if z == nil {
		return at
	}
	return at + model.Instant(z.offset(at))
}

func (z *Zone) offset(at model.Instant) int64 {
	rule := 0
	if bucket := at >> bucketBits; at >= 0 && len(z.first) > 0 {
		rule = z.first[min(int(bucket), len(z.first)-1)]
	}
	for rule+1 < len(z.changes) && z.changes[rule+1] <= at {
		rule++
	}
	return z.offsets[rule]
}

// Instant returns when the clock shows a wall instant: the first time where it
// does so twice, and the moment of the change where it never does.
func (z *Zone) Instant(wall model.Instant) model.Instant {
	if z == nil {
		return wall
	}
	// The last rule that begins, by the clock before it, no later than wall.
	n := sort.Search(len(z.changes)-1, func(i int) bool {
		return z.changes[i+1]+model.Instant(max(z.offsets[i], z.offsets[i+1])) > wall
	})
	at := wall - model.Instant(z.offsets[n])
	if n+1 < len(z.changes) {
		at = min(at, z.changes[n+1])
	}
	return at
}
