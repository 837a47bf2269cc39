package icalendar

import (
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

// TestExpand has a case for each part of a rule; starts are local.
func TestExpand(t *testing.T) {
	for _, c := range []struct{ rule, start, want string }{
		{"FREQ=DAILY;COUNT=3", "20260227T090000", "20260227T090000 20260228T090000 20260301T090000"},
		{"FREQ=DAILY;INTERVAL=2;UNTIL=20260303T090000", "20260227T090000", "20260227T090000 20260301T090000 20260303T090000"},
		{"FREQ=WEEKLY;BYDAY=MO,FR;COUNT=4", "20260306T090000", "20260306T090000 20260309T090000 20260313T090000 20260316T090000"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4", "19970805T090000", "19970805T090000 19970817T090000 19970819T090000 19970831T090000"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=4", "19970805T090000", "19970805T090000 19970810T090000 19970819T090000 19970824T090000"},
		{"FREQ=MONTHLY;COUNT=3", "20260131T090000", "20260131T090000 20260331T090000 20260531T090000"},
		{"FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "20260131T090000", "20260131T090000 20260228T090000 20260331T090000"},
		{"FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "20260130T090000", "20260130T090000 20260227T090000"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3", "19970929T090000", "19970929T090000 19971030T090000 19971127T090000"},
		{"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", "20260213T090000", "20260213T090000 20260313T090000"},
		{"FREQ=YEARLY;COUNT=2", "20240229T090000", "20240229T090000 20280229T090000"},
		{"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2", "20251127T090000", "20251127T090000 20261126T090000"},
		{"FREQ=YEARLY;BYDAY=20MO;COUNT=3", "19970519T090000", "19970519T090000 19980518T090000 19990517T090000"},
		{"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "19970512T090000", "19970512T090000 19980511T090000 19990517T090000"},
		{"FREQ=YEARLY;BYYEARDAY=1,-1;COUNT=3", "20260101T090000", "20260101T090000 20261231T090000 20270101T090000"},
		{"FREQ=YEARLY;BYMONTH=1;BYDAY=MO;BYSETPOS=1,-1;COUNT=2", "20260105T090000", "20260105T090000 20260126T090000"},
		{"FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0,30;BYSETPOS=-1;COUNT=2", "20260101T173000", "20260101T173000 20260102T173000"},
		{"FREQ=HOURLY;INTERVAL=5;COUNT=3", "20260101T203000", "20260101T203000 20260102T013000 20260102T063000"},
		{"FREQ=MINUTELY;INTERVAL=90;COUNT=3", "20260101T230000", "20260101T230000 20260102T003000 20260102T020000"},
		{"FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2;COUNT=2", "20260101T090000", ""},
	} {
		r, err := parseRule(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		start, _ := time.Parse(layoutTime, c.start)
		var got []string
		budget := 1_000_000
		r.expand(start, start.AddDate(50, 0, 0), &budget, func(u time.Time) bool {
			got = append(got, u.Format(layoutTime))
			return true
		})
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s from %s:\n got %s\nwant %s", c.rule, c.start, strings.Join(got, " "), c.want)
		}
	}
}

// TestExpandAgrees compares rules without time zones or BYSETPOS, of which its
// handling is known to be faulty, with an independent implementation.
func TestExpandAgrees(t *testing.T) {
	starts := []string{"20260131T093000", "20240229T000000", "20251230T235959"}
	parts := [][]string{
		{"FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY", "FREQ=DAILY"},
		{"", ";INTERVAL=2", ";INTERVAL=3"},
		{"", ";BYMONTH=2,6", ";BYMONTHDAY=1,-1,31", ";BYDAY=MO,WE", ";BYMONTH=1,3;BYDAY=TU", ";BYMONTHDAY=13;BYDAY=FR", ";BYHOUR=8,20;BYMINUTE=15"},
	}
	for _, s := range starts {
		start, _ := time.Parse(layoutTime, s)
		for _, freq := range parts[0] {
			for _, interval := range parts[1] {
				for _, by := range parts[2] {
					text := freq + interval + by + ";COUNT=30"
					other, err := rrule.StrToRRule(text)
					if err != nil {
						t.Fatal(err)
					}
					other.DTStart(start)
					var want, got []string
					for _, u := range other.Between(start, start.AddDate(8, 0, 0).Add(-time.Second), true) {
						want = append(want, u.Format(layoutTime))
					}
					r, err := parseRule(text)
					if err != nil {
						t.Fatal(err)
					}
					budget := 1_000_000
					r.expand(start, start.AddDate(8, 0, 0), &budget, func(u time.Time) bool {
						got = append(got, u.Format(layoutTime))
						return true
					})
					if strings.Join(got, " ") != strings.Join(want, " ") {
						t.Errorf("%s from %s:\n got %v\nwant %v", text, s, got, want)
					}
				}
			}
		}
	}
}

func TestRuleFaults(t *testing.T) {
	for _, text := range []string{"", "COUNT=3", "FREQ=OFTEN", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=x", "FREQ=DAILY;UNTIL=soon",
		"FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYDAY=0MO", "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTHDAY=0", "FREQ=DAILY;WKST=X"} {
		if _, err := parseRule(text); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

func TestPlaceInZone(t *testing.T) {
	berlin := zone{location: locate("Europe/Berlin")}
	for local, want := range map[string]string{
		"20260329T013000": "20260329T003000", // before the gap
		"20260329T023000": "20260329T013000", // in the gap: by the offset before it
		"20260329T033000": "20260329T013000", // after it
		"20261025T013000": "20261024T233000",
		"20261025T023000": "20261025T003000", // twice: the first
		"20261025T033000": "20261025T023000",
	} {
		naive, _ := time.Parse(layoutTime, local)
		if got := berlin.place(naive).UTC().Format(layoutTime); got != want {
			t.Errorf("%s: got %s, want %s", local, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	for name, want := range map[string]string{"Europe/Berlin": "Europe/Berlin", "W. Europe Standard Time": "Europe/Berlin",
		"/mozilla.org/20050126_1/America/New_York": "America/New_York", "UTC": "UTC", "GMT": "UTC", "America/Argentina/Buenos_Aires": "America/Argentina/Buenos_Aires"} {
		if l := locate(name); l == nil || l.String() != want {
			t.Errorf("%q: %v, want %s", name, l, want)
		}
	}
	for _, name := range []string{"", "Nowhere", "../etc/passwd", "(UTC+01:00) Berlin"} {
		if l := locate(name); l != nil {
			t.Errorf("%q: %v, want none", name, l)
		}
	}
	for name := range windowsZones {
		if locate(name) == nil {
			t.Errorf("%q: its zone is not known", name)
		}
	}
}
