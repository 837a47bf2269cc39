package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/model"
)

// TestBandsAreWideWhereTheSeasonIsNoisy: noise by day and none to speak of by
// night is forecast as such, and both are covered.
func TestBandsAreWideWhereTheSeasonIsNoisy(t *testing.T) {
	cfg := DefaultConfig()
	s, rng := NewSeries(cfg), rand.New(rand.NewPCG(4, 4))
	at, value := model.Instant(1_700_006_400_000), func(bin int) float64 {
		if h := bin / 12 % 24; h >= 8 && h < 20 {
			return 100 + 20*rng.NormFloat64()
		}
		return 100 + 2*rng.NormFloat64()
	}
	inside, judged := [2]float64{}, 0.0
	for day := range 28 {
		var q model.Quantiles
		if day >= 14 {
			q, _ = s.Forecast(at, 288, nil)
			if night, noon := q.Values[2*12][10]-q.Values[2*12][1], q.Values[14*12][10]-q.Values[14*12][1]; noon < 3*night {
				t.Errorf("day %d: %.1f wide at two, %.1f at fourteen", day, night, noon)
			}
			judged++
		}
		for bin := range 288 {
			v := value(bin)
			if h := bin / 12; day >= 14 && h != 7 && h != 8 && h != 19 && h != 20 && v >= q.Values[bin][1] && v <= q.Values[bin][8] {
				part := 0
				if h > 8 && h < 19 {
					part = 1
				}
				inside[part]++
			}
			s.Observe(at, v, nil)
			at = at.Add(cfg.Bin)
		}
	}
	night, day := inside[0]/judged/(10*12), inside[1]/judged/(10*12)
	for name, covered := range map[string]float64{"night": night, "day": day} {
		if math.Abs(covered-0.7) > 0.16 { // between .1 and .8
			t.Errorf("%s: %.2f of the values between the first and the eighth decile", name, covered)
		}
	}
}

// TestProfileLearnsOnceASlotIsLeft: what a slot saw last is not in the base that
// its own values are judged by.
func TestProfileLearnsOnceASlotIsLeft(t *testing.T) {
	profile := []float32{10, 10, 10, 10}
	var p pending
	p.move(profile, 1)
	p.add(1, 2)
	p.move(profile, 1)
	p.add(1, 2)
	if profile[1] != 10 || profile[2] != 10 {
		t.Fatalf("learned while there: %v", profile)
	}
	p.move(profile, 2)
	if profile[1] != 12 || profile[2] != 10 {
		t.Fatalf("after slot 1: %v", profile)
	}
	p.move(profile, 0) // a gap
	if profile[2] != 14 || profile[3] != 10 || p.sum != [2]float32{} {
		t.Fatalf("after a gap: %v, %+v", profile, p)
	}
}

func TestPartsOfTheSeason(t *testing.T) {
	for _, c := range []struct {
		seasons []time.Duration
		parts   int
	}{{nil, 0}, {[]time.Duration{time.Hour}, 12}, {[]time.Duration{24 * time.Hour}, 24}} {
		cfg := DefaultConfig()
		cfg.Seasons = c.seasons
		s := NewSeries(cfg)
		if s.lay.parts != c.parts {
			t.Errorf("seasons %v: %d parts", c.seasons, s.lay.parts)
		}
		for at := model.Instant(-90_000_000); at < 90_000_000; at += 300_000 {
			if u := s.shapeOf(s.lay.placeOf(at).part); u != 1 {
				t.Fatalf("nothing seen: %v at %v", u, at)
			}
		}
	}
}
