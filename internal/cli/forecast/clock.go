package forecast

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones are known on every machine

	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// parseZone returns the wall clock of --time-zone and its location; nil stands for
// UTC.
func parseZone(name string) (*wallclock.Zone, *time.Location, error) {
	if name == "" {
		return nil, nil, nil
	}
	location, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, nil, fmt.Errorf("--time-zone %q: no time zone is called that: want a name such as Europe/Berlin, America/New_York or UTC", name)
	}
	return wallclock.Of(location), location, nil
}

// byTheWall moves the rows to what the wall clock shows where their steps are
// whole days that begin by it: at midnights of local time, which are 23 or 25
// hours apart twice a year, or off the grid of UTC. It tells whether it did.
func (t *table) byTheWall(zone *wallclock.Zone, step time.Duration) bool {
	if zone == nil || step%(24*time.Hour) != 0 {
		return false
	}
	local := true
	for _, rows := range t.rows {
		row, _ := offGrid(rows, model.Instant(step.Milliseconds()))
		if row != nil {
			local = true
			break
		}
		first := zone.Wall(rows[0].at)
		local = local && first == first.Floor(24*time.Hour)
	}
	if !local {
		return false
	}
	for _, rows := range t.rows {
		for i := range rows {
			rows[i].at = zone.Wall(rows[i].at)
		}
	}
	return true
}

// span is the time from the first to the last row.
func (t *table) span() (from, to model.Instant) {
	for i, name := range t.names {
		rows := t.rows[name]
		if first := rows[0].at; i == 0 || first < from {
			from = first
		}
		if last := rows[len(rows)-1].at; i == 0 || last > to {
			to = last
		}
	}
	return from, to
}
