package icalendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// parse returns "id start end" of each event and the counts.
func parse(text string, opt format.Options) (string, *format.Out) {
	var lines []string
	out := format.NewOut(func(e any) {
		c := e.(model.CalendarEvent)
		lines = append(lines, fmt.Sprintf("%s %v %v", c.ID, c.Start, c.End))
	})
	Parse([]byte(strings.ReplaceAll(text, "|", "\r\n")), opt, out)
	return strings.Join(lines, "|"), out
}

func TestBrokenCalendars(t *testing.T) {
	const one = "BEGIN:VEVENT|UID:a|DTSTART:20260101T000000Z|END:VEVENT|"
	const event = "a 2026-01-01T00:00:00Z 2026-01-01T01:00:00Z"
	for _, c := range []struct {
		name, text, want string
		read, rejected   int
	}{
		{"sound", "BEGIN:VCALENDAR|" + one + "END:VCALENDAR|", event, 1, 0},
		{"nothing", "", "", 0, 1},
		{"no calendar", "hello", "", 0, 1},
		{"event outside", one, "", 0, 1},
		{"no end", "BEGIN:VCALENDAR|" + one, event, 1, 1},
		{"cut within an event", "BEGIN:VCALENDAR|" + one + "BEGIN:VEVENT|UID:b", event, 1, 1},
		{"alarm without end", "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:x|DTSTART:20260101T000000Z|BEGIN:VALARM|END:VEVENT|" + one + "END:VCALENDAR|",
			"x 2026-01-01T00:00:00Z 2026-01-01T01:00:00Z|" + event, 2, 1},
		{"event without end", "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:x|END:VCALENDAR|BEGIN:VCALENDAR|" + one + "END:VCALENDAR|", event, 1, 1},
		{"calendar within", "BEGIN:VCALENDAR|BEGIN:VCALENDAR|" + one + "END:VCALENDAR|", event, 1, 1},
		{"end too many", "BEGIN:VCALENDAR|END:VEVENT|" + one + "END:VCALENDAR|", event, 1, 1},
		{"no start", "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:b|END:VEVENT|" + one + "END:VCALENDAR|", event, 1, 1},
		{"end before start", "BEGIN:VCALENDAR|BEGIN:VEVENT|DTSTART:20260101T000000Z|DTEND:20250101T000000Z|END:VEVENT|END:VCALENDAR|", "", 0, 1},
		{"bad rule", "BEGIN:VCALENDAR|BEGIN:VEVENT|DTSTART:20260101T000000Z|RRULE:FREQ=NEVER|END:VEVENT|END:VCALENDAR|", "", 0, 1},
		{"cut line", "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|DESCRIPTION:x|rubbish|DTSTART:20260101T000000Z|END:VEVENT|END:VCALENDAR|", event, 1, 0},
		{"blank zone", "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|DTSTART;TZID=\"\":20260101T000000|END:VEVENT|END:VCALENDAR|", event, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out := parse(c.text, format.Options{})
			if got != c.want || out.Records != c.read || out.Rejected != c.rejected {
				t.Errorf("got %q, %d read, %d rejected (%v); want %q, %d, %d", got, out.Records, out.Rejected, out.First, c.want, c.read, c.rejected)
			}
		})
	}
}

func TestOccurrences(t *testing.T) {
	wrap := func(s string) string { return "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|" + s + "END:VEVENT|END:VCALENDAR|" }
	day := func(s string) model.Instant {
		i, err := model.ParseInstant(s)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for _, c := range []struct {
		name, text string
		opt        format.Options
		want       string
	}{
		{"window", wrap("DTSTART:20260101T000000Z|RRULE:FREQ=DAILY|"), format.Options{From: day("2026-03-01"), Until: day("2026-03-03")},
			"a/20260301T000000 2026-03-01T00:00:00Z 2026-03-01T01:00:00Z|a/20260302T000000 2026-03-02T00:00:00Z 2026-03-02T01:00:00Z"},
		{"extra and excluded dates", wrap("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=DAILY;COUNT=2|RDATE;VALUE=DATE:20260110|EXDATE;VALUE=DATE:20260101|"), format.Options{},
			"a/20260102 2026-01-02T00:00:00Z 2026-01-03T00:00:00Z|a/20260110 2026-01-10T00:00:00Z 2026-01-11T00:00:00Z"},
		{"period", wrap("DTSTART:20260101T000000Z|DTEND:20260101T001000Z|RDATE;VALUE=PERIOD:20260102T000000Z/PT2H|"), format.Options{},
			"a/20260101T000000 2026-01-01T00:00:00Z 2026-01-01T00:10:00Z|a/20260102T000000 2026-01-02T00:00:00Z 2026-01-02T02:00:00Z"},
		{"days in a zone", wrap("DTSTART;VALUE=DATE:20260101|"), format.Options{Zone: time.FixedZone("x", 8*3600)},
			"a 2025-12-31T16:00:00Z 2026-01-01T16:00:00Z"},
		{"until in UTC", wrap("DTSTART;TZID=America/New_York:20260101T200000|RRULE:FREQ=DAILY;UNTIL=20260103T010000Z|"), format.Options{},
			"a/20260101T200000 2026-01-02T01:00:00Z 2026-01-02T02:00:00Z|a/20260102T200000 2026-01-03T01:00:00Z 2026-01-03T02:00:00Z"},
		{"a day over the change of clocks", wrap("DTSTART;TZID=Europe/Berlin:20260328T120000|DURATION:P1D|"), format.Options{},
			"a 2026-03-28T11:00:00Z 2026-03-29T10:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, out := parse(c.text, c.opt); got != c.want || !out.OK() {
				t.Errorf("got %s (%v)\nwant %s", got, out.First, c.want)
			}
		})
	}
}

func TestPeriods(t *testing.T) {
	for text, want := range map[string]period{"P1W": {days: 7}, "P1DT2H3M4S": {1, 2*time.Hour + 3*time.Minute + 4*time.Second}, "-PT15M": {0, -15 * time.Minute}, "+P2D": {days: 2}} {
		if got, err := parsePeriod(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "1D", "P1H", "PT1D", "PxD", "PT1", "P9999999D"} {
		if got, err := parsePeriod(text); err == nil {
			t.Errorf("%q passed as %+v", text, got)
		}
	}
}
