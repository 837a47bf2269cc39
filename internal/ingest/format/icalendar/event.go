package icalendar

import (
	"errors"
	"fmt"
	"strings"
)

// event is a VEVENT as it was written.
type event struct {
	line int

	uid, summary, status string
	categories           []string
	special              string // X-APPLE-SPECIAL-DAY
	start, end           text
	duration             string
	recurrenceID, stamp  text
	onwards              bool // the change concerns all later occurrences too
	rules, exceptRules   []string
	dates, exceptDates   []text
}

// text is a time as it was written, with its TZID; empty: not there.
type text struct{ zone, value string }

// maxDates bounds the lines of RDATE, EXDATE and rules of one event.
const maxDates = 20_000

func (e *event) property(p *property) {
	value := strings.TrimSpace(p.value)
	if value == "" {
		return // some producers write RRULE: and the like for "none"
	}
	kept := func() text { return text{p.param("TZID"), value} }
	switch p.name {
	case "UID":
		e.uid = value
	case "SUMMARY":
		e.summary = unescape(p.value)
	case "STATUS":
		e.status = strings.ToUpper(value)
	case "CATEGORIES":
		for _, c := range strings.Split(p.value, ",") {
			e.categories = append(e.categories, unescape(c))
		}
	case "X-APPLE-SPECIAL-DAY":
		e.special = strings.ToUpper(value)
	case "DTSTART":
		e.start = kept()
	case "DTEND":
		e.end = kept()
	case "DURATION":
		e.duration = p.value
	case "RECURRENCE-ID":
		e.recurrenceID = kept()
		e.onwards = strings.EqualFold(p.param("RANGE"), "THISANDFUTURE")
	case "DTSTAMP", "LAST-MODIFIED":
		e.stamp = kept()
	case "RRULE":
		e.rules = append(e.rules, value)
	case "EXRULE":
		e.exceptRules = append(e.exceptRules, value)
	case "RDATE":
		if len(e.dates) < maxDates {
			e.dates = append(e.dates, kept())
		}
	case "EXDATE":
		if len(e.exceptDates) < maxDates {
			e.exceptDates = append(e.exceptDates, kept())
		}
	}
}

// span is when an event takes place, and how long.
type span struct {
	start  moment
	length period
}

// when reads the start and the length.
func (e *event) when(c *calendar) (span, error) {
	if e.start.value == "" {
		return span{}, errors.New("DTSTART is missing")
	}
	start, err := c.moment(e.start, c.fallback)
	if err != nil {
		return span{}, fmt.Errorf("DTSTART: %w", err)
	}
	s := span{start: start}
	switch {
	case e.end.value != "":
		end, err := c.moment(e.end, c.fallback)
		if err != nil {
			return s, fmt.Errorf("DTEND: %w", err)
		}
		if start.allDay && end.allDay {
			s.length.days = int(end.naive.Sub(start.naive).Hours() / 24)
		} else {
			s.length.exact = end.time().Sub(start.time())
		}
		if s.length.days < 0 || s.length.exact < 0 {
			return s, fmt.Errorf("DTEND %s is before DTSTART %s", e.end.value, e.start.value)
		}
	case e.duration != "":
		if s.length, err = parsePeriod(e.duration); err != nil {
			return s, fmt.Errorf("DURATION: %w", err)
		}
		if s.length.days < 0 || s.length.exact < 0 {
			return s, fmt.Errorf("DURATION %s is negative", e.duration)
		}
	}
	if s.length == (period{}) {
		// Nothing said, or nothing long: a day, or an hour so that it counts at all.
		if start.allDay {
			s.length.days = 1
		} else {
			s.length.exact = leastLength
		}
	}
	return s, nil
}
