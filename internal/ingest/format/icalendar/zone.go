package icalendar

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // zones must be the same on every machine
)

// zone places local times: by Go's tables, or by a calendar's own rules. The
// zero zone is UTC.
type zone struct {
	location *time.Location
	rules    *zoneRules
}

// offset returns the offset from UTC in force at an instant.
func (z zone) offset(t time.Time) time.Duration {
	switch {
	case z.rules != nil:
		return z.rules.offset(t)
	case z.location != nil:
		_, seconds := t.In(z.location).Zone()
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// place returns the instant of a local time: the first if there are two, by the
// offset before the gap if there is none.
func (z zone) place(naive time.Time) time.Time {
	if z == (zone{}) {
		return naive
	}
	const wide = 26 * time.Hour
	before, after := z.offset(naive.Add(-wide)), z.offset(naive.Add(wide))
	first := naive.Add(-before)
	if before == after || z.offset(first) == before {
		return first
	}
	if second := naive.Add(-after); z.offset(second) == after {
		return second
	}
	return first
}

// zoneOf finds the zone that a TZID names: Go's tables by IANA or Windows name,
// else the calendar's own VTIMEZONE.
func (c *calendar) zoneOf(id string) (zone, error) {
	if f, ok := c.found[id]; ok {
		return f.zone, f.err
	}
	if c.found == nil {
		c.found = map[string]found{}
	}
	z, err := c.findZone(id)
	c.found[id] = found{z, err} // Go reads its tables anew for every look-up
	return z, err
}

// found is what a look-up of a zone came to.
type found struct {
	zone zone
	err  error
}

func (c *calendar) findZone(id string) (zone, error) {
	name := strings.TrimSpace(strings.Trim(id, `"`))
	if *c.lookups--; *c.lookups >= 0 {
		if location := locate(name); location != nil {
			return zone{location: location}, nil
		}
	}
	if rules := c.zones[name]; rules != nil {
		if err := rules.prepare(c.work); err != nil {
			return zone{}, fmt.Errorf("VTIMEZONE %q: %w", name, err)
		}
		return zone{rules: rules}, nil
	}
	return zone{}, fmt.Errorf("time zone %q is not known and the calendar doesn't define it", id)
}

// locate looks a name up in Go's tables.
func locate(name string) *time.Location {
	if iana, ok := windowsZones[name]; ok {
		name = iana
	}
	switch strings.ToUpper(name) {
	case "", "LOCAL":
		return nil
	case "UTC", "GMT", "Z", "ETC/UTC", "ETC/GMT":
		return time.UTC
	}
	// Some producers put a path before the name: /mozilla.org/20050126_1/Europe/Berlin.
	for {
		if location, err := time.LoadLocation(name); err == nil && strings.Contains(name, "/") || err == nil && len(name) <= 7 {
			return location
		}
		i := strings.IndexByte(name, '/')
		if i < 0 || strings.Count(name, "/") < 2 && i > 0 {
			return nil
		}
		name = name[i+1:]
	}
}

// zoneRules is a VTIMEZONE.
type zoneRules struct {
	id          string
	observances []*observance
	onsets      []onset
	last        int // onsets begun at the time asked for last
	prepared    bool
}

// observance is a STANDARD or DAYLIGHT part.
type observance struct {
	start    string
	from, to time.Duration
	faulty   bool
	rules    []string
	dates    []string
}

// onset is a change to an offset, at a time in the offset before.
type onset struct {
	utc    time.Time
	offset time.Duration
}

func (z *zoneRules) begin(name string) {
	if (name == "STANDARD" || name == "DAYLIGHT") && len(z.observances) < 1000 {
		z.observances = append(z.observances, &observance{})
	}
}

func (z *zoneRules) property(within string, p *property) {
	if within == "VTIMEZONE" {
		if p.name == "TZID" {
			z.id = strings.TrimSpace(strings.Trim(p.value, `"`))
		}
		return
	}
	if len(z.observances) == 0 {
		return
	}
	o := z.observances[len(z.observances)-1]
	var err error
	switch p.name {
	case "DTSTART":
		o.start = strings.TrimSuffix(strings.TrimSpace(p.value), "Z")
	case "TZOFFSETFROM":
		o.from, err = parseOffset(p.value)
	case "TZOFFSETTO":
		o.to, err = parseOffset(p.value)
	case "RRULE":
		o.rules = append(o.rules, p.value)
	case "RDATE":
		o.dates = append(o.dates, strings.Split(p.value, ",")...)
	}
	o.faulty = o.faulty || err != nil
}

// parseOffset reads +hhmm or +hhmmss.
func parseOffset(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	var h, m, sec int
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, fmt.Errorf("offset %q: want +hhmm", s)
	}
	if n, _ := fmt.Sscanf(s[1:]+"00", "%2d%2d%2d", &h, &m, &sec); n != 3 || h > 23 || m > 59 || sec > 59 {
		return 0, fmt.Errorf("offset %q: want +hhmm", s)
	}
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	if s[0] == '-' {
		d = -d
	}
	return d, nil
}

// lastZoneYear is how far a calendar's own zones are worked out.
const lastZoneYear = 2100

// prepare works the onsets out.
func (z *zoneRules) prepare(work *int) error {
	if z.prepared {
		return nil
	}
	z.prepared = true
	until := time.Date(lastZoneYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, o := range z.observances {
		start, err := time.Parse(layoutTime, o.start)
		if len(o.start) == len(layoutDate) {
			start, err = time.Parse(layoutDate, o.start) // midnight is meant
		}
		if err != nil || o.faulty {
			return fmt.Errorf("an observance from %q can't be read", o.start)
		}
		add := func(local time.Time) { z.onsets = append(z.onsets, onset{local.Add(-o.from), o.to}) }
		add(start)
		for _, text := range o.rules {
			r, err := parseRule(text)
			if err != nil {
				return err
			}
			// A rule's UNTIL is in UTC: shift it to the local time before the change.
			r.shiftUntil(o.from)
			if *work <= 0 {
				return errors.New("the document's own zones cost too much to work out")
			}
			r.expand(start, until, work, func(t time.Time) bool {
				if t.After(start) {
					add(t)
				}
				return true
			})
		}
		for _, d := range o.dates {
			if t, err := time.Parse(layoutTime, strings.TrimSpace(d)); err == nil {
				add(t)
			}
		}
	}
	if len(z.onsets) == 0 {
		return errors.New("no STANDARD or DAYLIGHT part")
	}
	sort.SliceStable(z.onsets, func(i, j int) bool { return z.onsets[i].utc.Before(z.onsets[j].utc) })
	return nil
}

// offset returns the offset in force at t. Times mostly come in order, so that
// the onset of the last question is looked at first.
func (z *zoneRules) offset(t time.Time) time.Duration {
	i := z.last
	if !(i > 0 && !z.onsets[i-1].utc.After(t) && (i == len(z.onsets) || z.onsets[i].utc.After(t))) {
		i = sort.Search(len(z.onsets), func(i int) bool { return z.onsets[i].utc.After(t) })
		z.last = i
	}
	if i == 0 {
		return z.observances[0].from
	}
	return z.onsets[i-1].offset
}
