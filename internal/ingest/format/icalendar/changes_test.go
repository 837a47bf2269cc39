package icalendar

import (
	"slices"
	"strings"
	"testing"

	"drover/internal/ingest/format"
)

func TestChangesOfAllLaterOccurrences(t *testing.T) {
	const series = "BEGIN:VEVENT|UID:a|DTSTART:20260101T000000Z|DTEND:20260101T010000Z|RRULE:FREQ=DAILY;COUNT=5|END:VEVENT|"
	const later = "BEGIN:VEVENT|UID:a|RECURRENCE-ID;RANGE=THISANDFUTURE:20260103T000000Z|DTSTART:20260103T100000Z|DTEND:20260103T120000Z|END:VEVENT|"
	const again = "BEGIN:VEVENT|UID:a|RECURRENCE-ID;RANGE=THISANDFUTURE:20260105T000000Z|DTSTART:20260105T020000Z|DTEND:20260105T030000Z|END:VEVENT|"
	const one = "BEGIN:VEVENT|UID:a|RECURRENCE-ID:20260104T000000Z|DTSTART:20260104T200000Z|DTEND:20260104T210000Z|END:VEVENT|"
	for name, c := range map[string]struct{ text, want string }{
		"this and later": {series + later, "1 00-01 2 00-01 3 10-12 4 10-12 5 10-12"},
		"twice":          {again + series + later, "1 00-01 2 00-01 3 10-12 4 10-12 5 02-03"},
		"and one alone":  {series + one + later, "1 00-01 2 00-01 3 10-12 4 20-21 5 10-12"},
		"one alone":      {series + one, "1 00-01 2 00-01 3 00-01 4 20-21 5 00-01"},
		"another series": {series + strings.ReplaceAll(later, "UID:a", "UID:b"), "1 00-01 2 00-01 3 00-01 3 10-12 4 00-01 5 00-01"},
	} {
		got, out := parse("BEGIN:VCALENDAR|"+c.text+"END:VCALENDAR|", format.Options{})
		if short := clocks(got); short != c.want || !out.OK() {
			t.Errorf("%s: %s, want %s (%v)", name, short, c.want, out.First)
		}
	}
}

// clocks shortens what parse returns to "day hour-hour", by day.
func clocks(events string) string {
	var list []string
	for _, e := range strings.Split(events, "|") {
		f := strings.Fields(e)
		list = append(list, f[1][9:10]+" "+f[1][11:13]+"-"+f[2][11:13])
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestWhatAMethodLeavesOut(t *testing.T) {
	const bare = "BEGIN:VEVENT|UID:a|DTSTAMP:20260101T000000Z|END:VEVENT|END:VCALENDAR|"
	for _, method := range []string{"CANCEL", "REPLY", "REFRESH"} {
		got, out := parse("BEGIN:VCALENDAR|METHOD:"+method+"|"+bare, format.Options{})
		if got != "" || !out.OK() || out.Records != 1 {
			t.Errorf("%s: %q, %d read, %v: want one read that tells no time", method, got, out.Records, out.First)
		}
	}
	if _, out := parse("BEGIN:VCALENDAR|"+bare, format.Options{}); out.OK() {
		t.Error("without a method the start is needed")
	}
}

func TestOtherCalendarsRulesAreRefused(t *testing.T) {
	for rule, ok := range map[string]bool{"RSCALE=CHINESE;FREQ=YEARLY": false, "RSCALE=GREGORIAN;FREQ=YEARLY;COUNT=2": true} {
		_, out := parse("BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|DTSTART;VALUE=DATE:20130210|RRULE:"+rule+"|END:VEVENT|END:VCALENDAR|", format.Options{})
		if out.OK() != ok {
			t.Errorf("%s: %v", rule, out.First)
		}
	}
}
