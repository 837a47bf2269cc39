package forecast

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"drover/internal/forecast/effects"
	"drover/internal/forecast/wallclock"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/icalendar"
	"drover/internal/model"
)

// calendar is a file of events and what is needed to read it.
type calendar struct {
	path string
	// zone is where days without a zone begin and end; nil: in UTC, or for an
	// iCalendar where it says itself.
	zone     *wallclock.Zone
	location *time.Location
	// from and to bound the occurrences that matter.
	from, to model.Instant
}

// read reads the calendar: CSV, or iCalendar by its ending.
func (c *calendar) read() ([]effects.Event, error) {
	data, err := os.ReadFile(c.path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.ToLower(c.path), ".ics") {
		return c.parseICalendar(data)
	}
	return c.parseCSV(bytes.NewReader(data))
}

// parseCSV reads name,start,end[,unique_id]. A date-only end includes that
// day, an empty one stands for the start.
func (cal *calendar) parseCSV(r io.Reader) ([]effects.Event, error) {
	name, c := cal.path, csv.NewReader(r)
	head, err := c.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("%s: line 1: %w; want the header name,start,end", name, err)
	}
	place, err := columns(head, "name", "start", "end")
	if err != nil {
		return nil, fmt.Errorf("%s: line 1: %w", name, err)
	}
	series := -1
	if at, err := columns(head, "unique_id"); err == nil {
		series = at[0]
	}
	var events []effects.Event
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := c.FieldPos(0)
		e := effects.Event{Name: strings.TrimSpace(record[place[0]])}
		if e.Name == "" {
			return nil, fmt.Errorf("%s: line %d: name is empty: effects are learned by name", name, line)
		}
		if series >= 0 {
			e.Series = record[series]
		}
		if e.Start, e.End, err = span(record[place[1]], record[place[2]], cal.zone); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		events = append(events, e)
	}
}

// span reads a start and an end; the end returned is exclusive. Dates are days of
// the zone.
func span(from, to string, zone *wallclock.Zone) (start, end model.Instant, err error) {
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if start, err = moment(from, zone); err != nil {
		return 0, 0, fmt.Errorf("start: %w", err)
	}
	if to == "" {
		to = from
	}
	if end, err = moment(to, zone); err != nil {
		return 0, 0, fmt.Errorf("end: %w", err)
	}
	whole := dated(to)
	if whole {
		if end, err = model.ParseInstant(to); err == nil {
			end = zone.Instant(end.Add(24 * time.Hour))
		}
	}
	if end < start || whole && end == start {
		return 0, 0, fmt.Errorf("end: %s is before the start %s", to, from)
	}
	if end == start {
		end++
	}
	return start, end, nil
}

func dated(text string) bool { return len(text) == len("2006-01-02") }

// moment reads a time; a date is the beginning of the zone's day.
func moment(text string, zone *wallclock.Zone) (model.Instant, error) {
	at, err := model.ParseInstant(text)
	if err == nil && dated(text) {
		at = zone.Instant(at)
	}
	return at, err
}

// parseICalendar reads every VEVENT of an iCalendar file (RFC 5545) as ingest
// does: recurrences are unfolded, time zones known.
func (c *calendar) parseICalendar(data []byte) ([]effects.Event, error) {
	var events []effects.Event
	out := format.NewOut(func(event any) {
		if e, ok := event.(model.CalendarEvent); ok && !e.Cancelled {
			events = append(events, effects.Event{Name: e.Name, Start: e.Start, End: max(e.End, e.Start+1)})
		}
	})
	icalendar.Parse(data, format.Options{From: c.from, Until: c.to, Zone: c.location}, out)
	if out.First != nil {
		return nil, fmt.Errorf("%s: %w", c.path, out.First)
	}
	for i := range events {
		if events[i].Name == "" {
			events[i].Name = "event"
		}
	}
	return events, nil
}
