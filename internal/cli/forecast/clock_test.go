package forecast

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"drover/internal/cli"
	"drover/internal/model"
)

// working is a load by a clock on the wall, hour by hour, up to a time.
func working(t *testing.T, zone string, end time.Time, hours int) (input string, value func(at time.Time) float64) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	value = func(at time.Time) float64 {
		if h := at.In(location).Hour(); h >= 8 && h < 18 {
			return 100
		}
		return 20
	}
	from := end.Add(-time.Duration(hours) * time.Hour)
	return dense(from, time.Hour, hours, func(i int) float64 { return value(from.Add(time.Duration(i) * time.Hour)) }), value
}

// TestTimeZone: with --time-zone the day after the clocks change is forecast at the
// hours that people keep; the rows are hours of UTC all the same.
func TestTimeZone(t *testing.T) {
	end := time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC)
	input, value := working(t, "Europe/Berlin", end, 5*168)
	wrong := func(args ...string) (off float64) {
		rows, _ := rowsOf(t, input, append(args, "--horizon", "36", "--model", "holt-winters")...)
		for h, row := range rows {
			at := end.Add(time.Duration(h) * time.Hour)
			if row[1] != at.Format(time.RFC3339) {
				t.Fatalf("step %d is %s, want %v", h, row[1], at)
			}
			v, err := strconv.ParseFloat(row[7], 64)
			if err != nil {
				t.Fatal(err)
			}
			off += math.Abs(v-value(at)) / 36
		}
		return off
	}
	local, plain := wrong("--time-zone", "Europe/Berlin"), wrong()
	t.Logf("error %.2f by local time, %.2f in UTC", local, plain)
	if local > 3 || plain < 2*local {
		t.Errorf("error %.2f by local time, %.2f in UTC", local, plain)
	}
}

// TestDaysOfLocalTime: rows at local midnights, 23 and 25 hours apart twice a year,
// are days, and so is what is forecast.
func TestDaysOfLocalTime(t *testing.T) {
	location, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("unique_id,ds,y\n")
	for i := range 250 {
		at := time.Date(2024, 2, 25+i, 0, 0, 0, 0, location)
		b.WriteString("a," + at.Format(time.RFC3339) + "," + strconv.Itoa(10+i%7) + "\n")
	}
	events := file(t, t.TempDir(), "events.csv", "name,start,end\nsale,2024-08-12,2024-08-12\nsale,2024-11-04,2024-11-04\n")
	rows, said := rowsOf(t, b.String(), "--time-zone", "America/New_York", "--horizon", "5", "--events", events)
	for i, row := range rows {
		if want := time.Date(2024, 11, 1+i, 0, 0, 0, 0, location).UTC().Format(time.RFC3339); row[1] != want {
			t.Errorf("day %d is %s, want %s", i, row[1], want)
		}
	}
	if strings.Contains(said, "means") {
		t.Errorf("said %q", said)
	}
	if _, err := execute("--input", file(t, t.TempDir(), "in.csv", b.String()), "--horizon", "5", "--out", t.TempDir()+"/out.csv"); err == nil {
		rows, _ := rowsOf(t, b.String(), "--horizon", "5")
		t.Errorf("without a zone the rows lie on no grid, but %v", rows)
	}
	if _, err := execute("--input", "in.csv", "--horizon", "5", "--out", "out.csv", "--time-zone", "Europe/Atlantis"); cli.ExitCode(err) != 2 {
		t.Errorf("an unknown zone: %v", err)
	}
}

// TestICalendarRecurrencesAndZones: rules are unfolded and zones are known, within
// the time that the series and the horizon span.
func TestICalendarRecurrencesAndZones(t *testing.T) {
	const text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Sale\r\nDTSTART;TZID=Europe/Berlin:20240101T200000\r\nDURATION:PT2H\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Day off\r\nDTSTART;VALUE=DATE:20240501\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	zone, location, err := parseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from, to := at(t, "2024-03-20"), at(t, "2024-05-03")
	events, err := (&calendar{path: "c.ics", zone: zone, location: location, from: from, to: to}).parseICalendar([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var starts []string
	for _, e := range events {
		starts = append(starts, e.Name+" "+e.Start.String()+" "+e.End.Sub(e.Start).String())
	}
	want := "Sale 2024-03-25T19:00:00Z 2h0m0s, Sale 2024-04-01T18:00:00Z 2h0m0s, Sale 2024-04-08T18:00:00Z 2h0m0s, Sale 2024-04-15T18:00:00Z 2h0m0s, " +
		"Sale 2024-04-22T18:00:00Z 2h0m0s, Sale 2024-04-29T18:00:00Z 2h0m0s, Day off 2024-04-30T22:00:00Z 24h0m0s"
	if got := strings.Join(starts, ", "); got != want {
		t.Errorf("events\n%s, want\n%s", got, want)
	}
	// Dates of a CSV are days of the zone, too.
	days, err := (&calendar{path: "e.csv", zone: zone}).parseCSV(strings.NewReader("name,start,end\nsale,2024-03-31,2024-03-31\n"))
	if err != nil || days[0].Start != at(t, "2024-03-30T23:00:00Z") || days[0].End.Sub(days[0].Start) != 23*time.Hour {
		t.Errorf("the day of the change: %+v, %v", days, err)
	}
}

func at(t *testing.T, text string) model.Instant {
	t.Helper()
	i, err := model.ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
