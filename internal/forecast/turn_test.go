package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones are the same on every machine

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

// TestAStateOfAnotherZoneIsTurned: a series that learned in UTC and goes on by
// local time forecasts the next day as before.
func TestAStateOfAnotherZoneIsTurned(t *testing.T) {
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"} {
		plain := DefaultConfig()
		plain.Blocks = 28 * 24
		local := *plain
		local.Zone = zoneOf(t, name)
		s, at := fed(plain, 288*20, 2)
		s.SetGuide(Guide{Start: s.last.Floor(time.Hour).Add(time.Hour), Blocks: []float32{100, 110, 120, 130}})
		want, _ := s.Forecast(at, 288, nil)
		other := NewSeries(&local)
		if err := other.UnmarshalBinary(s.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		if err := other.UnmarshalMemory(s.AppendMemory(nil)); err != nil {
			t.Fatal(err)
		}
		other.Turn(nil)
		got, _ := other.Forecast(at, 288, nil)
		worst := 0.0
		for h := range want.Values {
			worst = max(worst, math.Abs(got.At(h, 0.5)-want.At(h, 0.5)))
		}
		if worst > 7 {
			t.Errorf("%s: the median moved by up to %.1f of 100", name, worst)
		}
		if begin, ok := other.Guided(); !ok || begin.Sub(s.last.Floor(time.Hour)).Abs() > 2*time.Hour {
			t.Errorf("%s: the guide begins %v, was set at %v", name, begin, s.last)
		}
		a, _ := s.History().Blocks()
		b, start := other.History().Blocks()
		if !slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }) {
			t.Errorf("%s: the history's values changed", name)
		}
		if shows := local.Zone.Wall(s.first); start.Sub(shows).Abs() > time.Hour {
			t.Errorf("%s: the history begins at %v, the clock showed %v", name, start, shows)
		}
	}
}

func TestTurnedThereAndBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	slots := make([]float32, 72)
	for i := range slots {
		slots[i] = rng.Float32()
	}
	slots[4] = float32(math.NaN())
	before := slices.Clone(slots)
	const hour, day = 3_600_000, 86_400_000
	turned(slots, 5*hour, day)
	if slots[15] != before[0] || slots[0] != before[57] || !math.IsNaN(float64(slots[19])) {
		t.Errorf("turned by five hours: %v", slots)
	}
	turned(slots, -5*hour, day)
	for i := range slots {
		if slots[i] != before[i] && i != 4 {
			t.Errorf("slot %d is %v after turning back, was %v", i, slots[i], before[i])
		}
	}
	fine := []float32{0, 6, 12, 18}
	turned(fine, 2*hour, day)
	if want := []float32{6, 4, 10, 16}; !slices.EqualFunc(fine, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 }) {
		t.Errorf("a third of a slot: %v, want %v", fine, want)
	}
}

// TestTheHourThatComesTwice is kept once in the history, and the one that never
// comes is a gap.
func TestTheHourThatComesTwice(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for change, want := range map[string][]float64{
		"2024-10-27T01:00:00Z": {-2, -0.5, 1, 2},        // wall 01, 02 from both hours, 03, 04
		"2024-03-31T01:00:00Z": {-2, -1, math.NaN(), 0}, // wall 00, 01, 02, 03
	} {
		at, err := model.ParseInstant(change)
		if err != nil {
			t.Fatal(err)
		}
		h := newHistory(3_600_000, 48)
		for k := -2; k < 4; k++ {
			for q := range 4 {
				h.add(floorDiv(int64(berlin.Wall(at+model.Instant(k)*3_600_000+model.Instant(q)*900_000)), h.block), float64(k))
			}
		}
		got, start := h.Blocks()
		if wall := berlin.Wall(at.Add(-2 * time.Hour)); start != wall {
			t.Errorf("%s: begins at %v, want %v", change, start, wall)
		}
		for i := range want {
			if i >= len(got) || got[i] != want[i] && got[i] == got[i] {
				t.Errorf("%s: blocks %v, want %v", change, got, want)
				break
			}
		}
	}
}
