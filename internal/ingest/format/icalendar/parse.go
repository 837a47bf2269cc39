package icalendar

import (
	"errors"
	"fmt"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

// calendar is what a VCALENDAR says of itself.
type calendar struct {
	name  string
	zone  string // X-WR-TIMEZONE
	zones map[string]*zoneRules
	found map[string]zone // zones looked up before, by TZID
	// events are kept until the calendar ends: zones and changed occurrences may
	// stand behind what refers to them.
	events []*event
}

// maxDepth bounds how deep components may stand in one another.
const maxDepth = 16

// Parse reads one or several calendars; each VEVENT is a record and a
// model.CalendarEvent for each occurrence within [opt.From, opt.Until). Other
// components are passed over.
func Parse(data []byte, opt format.Options, out *format.Out) {
	r := &reader{opt: opt, out: out, scan: scanner{data: jsonscan.BOM(data)}}
	for {
		row, ok := r.scan.scan()
		if !ok {
			break
		}
		p, ok := split(row)
		if !ok {
			// Text that is no content line: rubbish outside, a cut line inside.
			if len(r.stack) == 0 {
				out.Reject(fmt.Errorf("line %d: text outside of a calendar", r.scan.line))
				return
			}
			continue
		}
		if err := r.property(&p); err != nil {
			out.Reject(fmt.Errorf("line %d: %w", r.scan.line, err))
			return
		}
	}
	switch {
	case len(r.stack) > 0:
		out.Reject(fmt.Errorf("the file ends within %s", r.stack[len(r.stack)-1]))
		r.finish()
	case r.calendars == 0:
		out.Reject(errors.New("no VCALENDAR: this is no calendar"))
	}
}

type reader struct {
	opt       format.Options
	out       *format.Out
	scan      scanner
	stack     []string
	calendars int
	calendar  *calendar
	event     *event
	zone      *zoneRules
	spent     int // days looked at by rules, over the whole document
}

// property reads one content line in its place.
func (r *reader) property(p *property) error {
	value := strings.ToUpper(strings.TrimSpace(p.value))
	switch p.name {
	case "BEGIN":
		return r.begin(value)
	case "END":
		return r.end(value)
	}
	if len(r.stack) == 0 {
		return fmt.Errorf("%s outside of a calendar", p.name)
	}
	switch top := r.stack[len(r.stack)-1]; {
	case r.event != nil && top == "VEVENT":
		r.event.property(p)
	case r.zone != nil:
		r.zone.property(top, p)
	case top == "VCALENDAR":
		switch p.name {
		case "X-WR-CALNAME", "NAME":
			r.calendar.name = unescape(p.value)
		case "X-WR-TIMEZONE":
			r.calendar.zone = strings.TrimSpace(p.value)
		}
	}
	return nil
}

func (r *reader) begin(name string) error {
	if len(r.stack) == 0 && name != "VCALENDAR" {
		return fmt.Errorf("BEGIN:%s outside of a calendar", name)
	}
	if len(r.stack) >= maxDepth {
		return errors.New("components stand too deep in one another")
	}
	if name == "VCALENDAR" && len(r.stack) > 0 {
		return errors.New("BEGIN:VCALENDAR within a calendar")
	}
	r.stack = append(r.stack, name)
	switch {
	case name == "VCALENDAR":
		r.calendars++
		r.calendar = &calendar{zones: map[string]*zoneRules{}, found: map[string]zone{}}
	case name == "VEVENT" && len(r.stack) == 2:
		r.event = &event{line: r.scan.line}
	case name == "VTIMEZONE" && len(r.stack) == 2:
		r.zone = &zoneRules{}
	case r.zone != nil:
		r.zone.begin(name)
	}
	return nil
}

func (r *reader) end(name string) error {
	if len(r.stack) == 0 || r.stack[len(r.stack)-1] != name {
		return fmt.Errorf("END:%s without its BEGIN", name)
	}
	r.stack = r.stack[:len(r.stack)-1]
	switch {
	case len(r.stack) == 0:
		r.finish()
	case name == "VEVENT" && len(r.stack) == 1:
		r.calendar.events = append(r.calendar.events, r.event)
		r.event = nil
	case name == "VTIMEZONE" && len(r.stack) == 1:
		if r.zone.id != "" {
			r.calendar.zones[r.zone.id] = r.zone
		}
		r.zone = nil
	}
	return nil
}
