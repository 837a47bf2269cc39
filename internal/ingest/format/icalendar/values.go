package icalendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// leastLength is how long an event without a length is taken to be.
const leastLength = time.Hour

// moment is a date or a date with time in a zone. naive holds its fields as if
// they were UTC.
type moment struct {
	naive  time.Time
	allDay bool
	zone   zone
}

// time returns the instant that the moment is.
func (m moment) time() time.Time { return m.zone.place(m.naive) }

// at returns the same kind of moment with other fields.
func (m moment) at(naive time.Time) moment { return moment{naive, m.allDay, m.zone} }

// period is a length: days follow the calendar, exact does not.
type period struct {
	days  int
	exact time.Duration
}

// after returns the instant a period after m.
func (m moment) after(p period) time.Time {
	return m.at(m.naive.AddDate(0, 0, p.days)).time().Add(p.exact)
}

// The notations of dates and times.
const (
	layoutDate     = "20060102"
	layoutTime     = "20060102T150405"
	layoutNoSecond = "20060102T1504"
)

// moment reads a date or time in its own zone, else in fallback.
func (c *calendar) moment(t text, fallback zone) (moment, error) {
	value := strings.TrimSpace(t.value)
	if len(value) == len(layoutDate) {
		t, err := time.Parse(layoutDate, value)
		if err != nil {
			return moment{}, fmt.Errorf("%q: want a date such as 20260131", value)
		}
		return moment{inYears(t), true, fallback}, nil
	}
	z := fallback
	clock, utc := strings.CutSuffix(value, "Z")
	if utc {
		z = zone{}
	} else if strings.TrimSpace(t.zone) != "" {
		var err error
		if z, err = c.zoneOf(t.zone); err != nil {
			return moment{}, err
		}
	}
	for _, layout := range []string{layoutTime, layoutNoSecond} {
		if t, err := time.Parse(layout, leapSecond(clock)); err == nil {
			return moment{inYears(t), false, z}, nil
		}
	}
	return moment{}, fmt.Errorf("%q: want a time such as 20260131T090000 or 20260131T090000Z", value)
}

// leapSecond makes second 60 second 59, which Go can read.
func leapSecond(s string) string {
	if head, ok := strings.CutSuffix(s, "60"); ok && len(s) == len(layoutTime) {
		return head + "59"
	}
	return s
}

// inYears keeps dates where arithmetic on them is sound.
func inYears(t time.Time) time.Time {
	if t.Year() < 1 {
		return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// parsePeriod reads a DURATION: [+-]P[nW][nD][T[nH][nM][nS]].
func parsePeriod(s string) (p period, err error) {
	fault := fmt.Errorf("%q: want a duration such as P1D or PT1H30M", s)
	text := strings.ToUpper(strings.TrimSpace(s))
	sign := 1
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = -1, rest
	}
	text, ok := strings.CutPrefix(strings.TrimPrefix(text, "+"), "P")
	if !ok || text == "" {
		return p, fault
	}
	clock := false
	for text != "" {
		if text[0] == 'T' {
			clock, text = true, text[1:]
			continue
		}
		i := 0
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		if i == 0 || i > 6 || i == len(text) {
			return p, fault
		}
		n, err := strconv.Atoi(text[:i])
		if err != nil {
			return p, fault
		}
		n *= sign
		switch unit := text[i]; {
		case unit == 'W' && !clock:
			p.days += 7 * n
		case unit == 'D' && !clock:
			p.days += n
		case unit == 'H' && clock:
			p.exact += time.Duration(n) * time.Hour
		case unit == 'M' && clock:
			p.exact += time.Duration(n) * time.Minute
		case unit == 'S' && clock:
			p.exact += time.Duration(n) * time.Second
		default:
			return p, fault
		}
		text = text[i+1:]
	}
	return p, nil
}
