package forecast

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"drover/internal/forecast/effects"
	"drover/internal/model"
)

// readEvents reads a calendar: CSV, or iCalendar by its ending.
func readEvents(path string) ([]effects.Event, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if strings.HasSuffix(strings.ToLower(path), ".ics") {
		return parseCalendar(path, file)
	}
	return parseEvents(path, file)
}

// parseEvents reads name,start,end[,unique_id]. A date-only end includes that
// day, an empty one stands for the start.
func parseEvents(name string, r io.Reader) ([]effects.Event, error) {
	c := csv.NewReader(r)
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
		if e.Start, e.End, err = span(record[place[1]], record[place[2]]); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		events = append(events, e)
	}
}

// span reads a start and an end; the end returned is exclusive.
func span(from, to string) (start, end model.Instant, err error) {
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if start, err = model.ParseInstant(from); err != nil {
		return 0, 0, fmt.Errorf("start: %w", err)
	}
	if to == "" {
		to = from
	}
	if end, err = model.ParseInstant(to); err != nil {
		return 0, 0, fmt.Errorf("end: %w", err)
	}
	whole := len(to) == len("2006-01-02")
	if whole {
		end = end.Add(24 * time.Hour)
	}
	if end < start || whole && end == start {
		return 0, 0, fmt.Errorf("end: %s is before the start %s", to, from)
	}
	if end == start {
		end++
	}
	return start, end, nil
}

// longest is how far an event may reach; beyond it, the dates are wrong.
const longest = 10 * 366 * 24 * time.Hour

// parseCalendar reads the events of an iCalendar file (RFC 5545): SUMMARY,
// DTSTART, DTEND. A date is that day in UTC, a local time is taken as UTC;
// recurrences are not unfolded: `drover ingest decode` does that.
func parseCalendar(name string, r io.Reader) ([]effects.Event, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text := strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(string(data))
	var events []effects.Event
	var summary, start, end string
	inside := false
	for number, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r"), ":")
		key, _, _ = strings.Cut(strings.ToUpper(key), ";")
		switch {
		case key == "BEGIN" && value == "VEVENT":
			inside, summary, start, end = true, "", "", ""
		case key == "END" && value == "VEVENT" && inside:
			inside = false
			e, err := calendarEvent(summary, start, end)
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: %w", name, number+1, err)
			}
			events = append(events, e)
		case inside && key == "SUMMARY":
			summary = strings.TrimSpace(value)
		case inside && key == "DTSTART":
			start = value
		case inside && key == "DTEND":
			end = value
		}
	}
	return events, nil
}

func calendarEvent(summary, start, end string) (effects.Event, error) {
	e := effects.Event{Name: summary}
	if e.Name == "" {
		e.Name = "event"
	}
	from, whole, err := calendarTime(start)
	if err != nil {
		return e, fmt.Errorf("DTSTART: %w", err)
	}
	to := from
	if whole {
		to = from.Add(24 * time.Hour)
	}
	if end != "" {
		if to, _, err = calendarTime(end); err != nil {
			return e, fmt.Errorf("DTEND: %w", err)
		}
	}
	if to < from || to.Sub(from) > longest {
		return e, fmt.Errorf("DTEND: %q does not follow %q", end, start)
	}
	e.Start, e.End = from, max(to, from+1)
	return e, nil
}

func calendarTime(text string) (at model.Instant, whole bool, err error) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"20060102", "20060102T150405Z", "20060102T150405"} {
		if t, err := time.Parse(layout, text); err == nil {
			return model.InstantOf(t), len(text) == 8, nil
		}
	}
	return 0, false, fmt.Errorf("%q is no iCalendar time", text)
}
