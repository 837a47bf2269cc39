package icalendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

// calendar is what a VCALENDAR says apart from its events.
type calendar struct {
	name string
	zone string // X-WR-TIMEZONE
	// method is what is asked for, as in invitations; empty: a calendar.
	method string
	zones  map[string]*zoneRules
	found  map[string]found // zones looked up before, by TZID
	// lookups is how many names may still be looked for in Go's tables.
	lookups *int
	// work is what the document's own zones may still cost, in days looked at.
	work *int
	// changes are the events that replace one occurrence of a series.
	changes []*event
	// fallback is the zone of times without one.
	fallback zone
	changed  map[changeKey]bool
	// onwards are the changes of each series that concern later occurrences too, by
	// time.
	onwards map[string][]onwards
}

// maxDepth bounds how deep components may stand in one another.
const maxDepth = 16

// Parse reads one or several calendars; each VEVENT is a record and a
// model.CalendarEvent for each occurrence within [opt.From, opt.Until). Other
// components are passed over.
//
// The text is read twice: zones and changed occurrences may stand behind the
// events that they concern.
func Parse(data []byte, opt format.Options, out *format.Out) {
	data = jsonscan.BOM(data)
	first := &reader{opt: opt, out: format.NewOut(nil), scan: scanner{data: data}, collect: true, zoneWork: maxZoneSpent, lookups: maxZones}
	fault := first.read()
	for _, c := range first.calendars {
		c.resolve(opt)
	}
	second := &reader{opt: opt, out: out, scan: scanner{data: data}, calendars: first.calendars}
	_ = second.read() // the same fault as before, at the same place
	if fault == nil && len(first.calendars) == 0 {
		fault = errors.New("no VCALENDAR: this is no calendar")
	}
	if fault != nil {
		out.Reject(fault)
	}
}

type reader struct {
	opt  format.Options
	out  *format.Out
	scan scanner
	// collect is true in the first pass.
	collect   bool
	calendars []*calendar
	at        int // calendars begun in this pass

	stack    []string
	calendar *calendar
	event    *event
	zone     *zoneRules
	spent    int // days looked at by rules, over the whole document
	zoneWork int
	lookups  int
}

// read reads the text up to its end or its first fault of structure.
func (r *reader) read() error {
	for !r.out.GaveUp() {
		row, ok := r.scan.scan()
		if !ok {
			break
		}
		p, ok := split(row)
		if !ok {
			// Text that is no content line: rubbish outside, a cut line inside.
			if len(r.stack) == 0 {
				return fmt.Errorf("line %d: text outside of a calendar", r.scan.line)
			}
			continue
		}
		if err := r.property(&p); err != nil {
			return fmt.Errorf("line %d: %w", r.scan.line, err)
		}
	}
	if len(r.stack) > 0 && !r.out.GaveUp() {
		return fmt.Errorf("the file ends within %s", r.stack[len(r.stack)-1])
	}
	return nil
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
		case "METHOD":
			r.calendar.method = value
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
		r.out.Reject(fmt.Errorf("line %d: BEGIN:VCALENDAR within a calendar", r.scan.line))
		r.unwind(0)
	}
	r.stack = append(r.stack, name)
	switch {
	case name == "VCALENDAR":
		if r.collect {
			r.calendars = append(r.calendars, &calendar{work: &r.zoneWork, lookups: &r.lookups})
		}
		r.calendar = r.calendars[r.at]
		r.at++
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
		// What was left open, or never opened, costs itself and not the calendar.
		r.out.Reject(fmt.Errorf("line %d: END:%s without its BEGIN", r.scan.line, name))
		i := slices.Index(r.stack, name)
		if i < 0 {
			return nil
		}
		r.unwind(i + 1)
	}
	r.stack = r.stack[:len(r.stack)-1]
	switch {
	case name == "VEVENT" && len(r.stack) == 1 && r.event != nil:
		r.endEvent()
	case name == "VTIMEZONE" && len(r.stack) == 1 && r.zone != nil:
		if r.collect && r.zone.id != "" {
			if r.calendar.zones == nil {
				r.calendar.zones = map[string]*zoneRules{}
			}
			r.calendar.zones[r.zone.id] = r.zone
		}
		r.zone = nil
	}
	return nil
}

// unwind leaves components that have no end, down to a depth.
func (r *reader) unwind(depth int) {
	r.stack = r.stack[:depth]
	if depth < 2 {
		r.event, r.zone = nil, nil
	}
}
