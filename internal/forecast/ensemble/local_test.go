package ensemble

import (
	"math"
	"testing"
	"time"
	_ "time/tzdata" // the zones are the same on every machine

	"drover/internal/forecast/effects"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

func zoneOf(t *testing.T, name string) *wallclock.Zone {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return wallclock.Of(location)
}

func instant(t *testing.T, text string) model.Instant {
	t.Helper()
	at, err := model.ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// people is a panel of loads that follow working hours by a wall clock, hour by
// hour up to an instant.
func people(zone *wallclock.Zone, end model.Instant, hours int) *panel.Panel {
	p := &panel.Panel{Step: time.Hour, Seasons: []int{24, 168}}
	for k := range 3 {
		s := panel.Series{ID: string(rune('a' + k)), Start: end.Add(-time.Duration(hours) * time.Hour)}
		for i := range hours {
			s.Values = append(s.Values, worked(zone, s.Start.Add(time.Duration(i)*time.Hour), k))
		}
		p.Series = append(p.Series, s)
	}
	return p
}

func worked(zone *wallclock.Zone, at model.Instant, k int) float64 {
	wall := zone.Wall(at).Time()
	load := 20 + float64((int64(at)/3_600_000*2654435761+int64(k))%7)/4
	if day := wall.Weekday(); day != time.Saturday && day != time.Sunday && wall.Hour() >= 8 && wall.Hour() < 18 {
		load += 60 + 10*float64(k)
	}
	return load
}

// TestFilesAreForecastByTheWallClock: the day after a change is forecast about as
// well as any other where the zone is given, and an hour off where it isn't.
func TestFilesAreForecastByTheWallClock(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for _, name := range []string{"holt-winters", Auto} {
		for _, midnight := range []string{"2024-03-28T23:00:00Z", "2024-10-24T22:00:00Z"} { // the Friday before
			end := instant(t, midnight)
			p := people(berlin, end, 6*168)
			o := options(name)
			o.Horizon = 5 * 24 // Friday to Tuesday
			errors := map[*wallclock.Zone][2]float64{}
			for _, zone := range []*wallclock.Zone{nil, berlin} {
				o.Zone = zone
				r := run(t, p, o)
				var sum [2]float64
				for k, f := range r.Series {
					if f.First != end {
						t.Fatalf("%s: begins at %v, want %v", f.ID, f.First, end)
					}
					for h := range f.Quantiles.Values {
						side := 0
						if h >= 3*24 {
							side = 1
						}
						sum[side] += math.Abs(f.Quantiles.At(h, 0.5)-worked(berlin, end.Add(time.Duration(h)*time.Hour), k)) / 24 / 3
					}
				}
				errors[zone] = [2]float64{sum[0] / 3, sum[1] / 2}
			}
			t.Logf("%s from %s: error %.2f before and %.2f after the change by local time, %.2f and %.2f in UTC",
				name, midnight, errors[berlin][0], errors[berlin][1], errors[nil][0], errors[nil][1])
			if local := errors[berlin]; local[1] > 1.5*local[0]+1 {
				t.Errorf("%s from %s: error %.2f after the change, %.2f before", name, midnight, local[1], local[0])
			}
			if errors[nil][1] < 2*errors[berlin][1] {
				t.Errorf("%s from %s: error %.2f in UTC: the test shows nothing", name, midnight, errors[nil][1])
			}
		}
	}
}

// TestOnTheWall: the hour that is left out is a gap, of the one that comes twice
// the mean counts, and steps that an hour doesn't divide go to the nearest.
func TestOnTheWall(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for name, c := range map[string]struct {
		start string
		step  time.Duration
		want  []float64
	}{
		"spring":    {"2024-03-31T00:00:00Z", time.Hour, []float64{0, math.NaN(), 1, 2, 3, 4, 5}},
		"autumn":    {"2024-10-26T23:00:00Z", time.Hour, []float64{0, 1.5, 3, 4, 5}},
		"six hours": {"2024-10-26T18:00:00Z", 6 * time.Hour, []float64{0, 1, 2, 3, 4, 5}},
		"half":      {"2024-03-31T00:30:00Z", 30 * time.Minute, []float64{0, math.NaN(), math.NaN(), 1, 2, 3, 4, 5}},
	} {
		s := panel.Series{ID: "a", Start: instant(t, c.start), Values: []float64{0, 1, 2, 3, 4, 5}}
		got := localised(s, &panel.Panel{Step: c.step}, berlin)
		same := len(got.Values) == len(c.want)
		for i := range c.want {
			same = same && (got.Values[i] == c.want[i] || math.IsNaN(c.want[i]) && math.IsNaN(got.Values[i]))
		}
		if !same || got.Start != berlin.Wall(s.Start) {
			t.Errorf("%s: %v from %v, want %v", name, got.Values, got.Start, c.want)
		}
	}
}

// TestEveryOriginAroundAChange: whatever hour a history ends at, steps are those
// asked for and quantiles sound.
func TestEveryOriginAroundAChange(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	o := options("seasonal-mean")
	o.Zone, o.Horizon = berlin, 30
	o.Events = []effects.Event{{Name: "sale", Start: instant(t, "2024-10-20T22:00:00Z"), End: instant(t, "2024-10-21T22:00:00Z")}}
	for _, change := range []string{"2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"} {
		for hour := -3; hour < 4; hour++ {
			end := instant(t, change).Add(time.Duration(hour) * time.Hour)
			r := run(t, people(berlin, end, 400), o)
			if r.Series[0].First != end {
				t.Errorf("from %v: begins at %v", end, r.Series[0].First)
			}
		}
	}
}
