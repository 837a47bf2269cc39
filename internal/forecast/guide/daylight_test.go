package guide

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the zones are the same on every machine

	"drover/internal/forecast"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// office is a load that follows people: working hours by the wall clock, a peak
// at noon, little at weekends.
func office(rng *rand.Rand, wall model.Instant) float64 {
	t := wall.Time()
	hour := float64(t.Hour()) + float64(t.Minute())/60
	load := 20.0
	if day := t.Weekday(); day != time.Saturday && day != time.Sunday {
		load += 80/(1+math.Exp(-4*(hour-8))) - 80/(1+math.Exp(-4*(hour-18))) + 30*math.Exp(-(hour-12)*(hour-12)/2)
	}
	return load + 2*rng.NormFloat64()
}

// dayErrors forecasts each of a number of days from its midnight, at most so many
// days before and after the clocks change, and returns the mean absolute errors.
// Fitted models guide the series each day where fitted is set.
func dayErrors(t *testing.T, zone, people *wallclock.Zone, change string, fitted bool) (before, after float64) {
	t.Helper()
	at, err := model.ParseInstant(change)
	if err != nil {
		t.Fatal(err)
	}
	cfg := forecast.DefaultConfig()
	cfg.Zone, cfg.Blocks = zone, 28*24
	s, rng := forecast.NewSeries(cfg), rand.New(rand.NewPCG(3, 4))
	const learn, judge = 35, 5 // days before the first that is judged, days on either side
	var sum [2]float64
	for day := -learn - judge; day < judge; day++ {
		midnight := people.Instant(people.Wall(at).Floor(24*time.Hour) + model.Instant(day)*86_400_000)
		next := people.Instant(people.Wall(at).Floor(24*time.Hour) + model.Instant(day+1)*86_400_000)
		if fitted && day >= -judge {
			if _, err := Fit([]*forecast.Series{s}, cfg, 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		q, _ := s.Forecast(midnight, 300, nil)
		for bin := midnight; bin < next; bin = bin.Add(cfg.Bin) {
			v := office(rng, people.Wall(bin))
			if day >= -judge {
				side := 0
				if bin >= at {
					side = 1
				}
				sum[side] += math.Abs(v-q.At(int(bin.Sub(midnight)/cfg.Bin), 0.5)) / 288 / judge
			}
			s.Observe(bin, v, nil)
		}
	}
	return sum[0], sum[1]
}

// TestSeasonsFollowTheWallClock: where the zone is known, the days after a change
// of the clocks are forecast about as well as those before it; in UTC they are not.
func TestSeasonsFollowTheWallClock(t *testing.T) {
	location, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	berlin := wallclock.Of(location)
	for _, c := range []struct {
		change string
		fitted bool
	}{{"2024-03-31T01:00:00Z", false}, {"2024-10-27T01:00:00Z", false}, {"2024-10-27T01:00:00Z", true}} {
		before, after := dayErrors(t, berlin, berlin, c.change, c.fitted)
		plain, shifted := dayErrors(t, nil, berlin, c.change, c.fitted)
		t.Logf("%s, fitted %v: error %.2f before and %.2f after by local time, %.2f and %.2f in UTC", c.change, c.fitted, before, after, plain, shifted)
		if after > 1.25*before+0.2 {
			t.Errorf("%s, fitted %v: error %.2f after the change, %.2f before", c.change, c.fitted, after, before)
		}
		if shifted < 1.25*after {
			t.Errorf("%s, fitted %v: error %.2f in UTC, %.2f by local time: the test shows nothing", c.change, c.fitted, shifted, after)
		}
	}
}
