package forecast

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

const start = model.Instant(1_700_006_400_000) // a midnight

// daily is a made-up load: a daily and a weekly season, noise, never negative.
func daily(rng *rand.Rand, at model.Instant, noise float64) float64 {
	day := float64(at%86_400_000) / 86_400_000
	week := float64((at/86_400_000)%7) / 7
	return max(0, 100+40*math.Sin(2*math.Pi*day)+10*math.Cos(2*math.Pi*week)+noise*rng.NormFloat64())
}

// fed returns a series that has seen that many bins, and the next bin.
func fed(cfg *Config, bins int, noise float64) (*Series, model.Instant) {
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(1, 2)), start
	for range bins {
		s.Observe(at, daily(rng, at, noise), nil)
		at = at.Add(cfg.Bin)
	}
	return s, at
}

func TestForecastLearnsTheSeason(t *testing.T) {
	cfg := DefaultConfig()
	s, at := fed(cfg, 288*14, 3)
	q, info := s.Forecast(at, 288, nil)
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	if !info.Trusted || !(info.MASE < 1) {
		t.Errorf("info %+v: want a trusted forecast better than naive", info)
	}
	if info.Coverage80 < 0.72 || info.Coverage80 > 0.88 {
		t.Errorf("coverage of the 80 %% interval %.3f", info.Coverage80)
	}
	worst := 0.0
	rng := rand.New(rand.NewPCG(9, 9))
	for h := range 288 {
		worst = max(worst, math.Abs(q.At(h, 0.5)-daily(rng, at.Add(time.Duration(h)*cfg.Bin), 0)))
	}
	if worst > 15 {
		t.Errorf("the median is off by up to %.1f of 100", worst)
	}
}

func TestForecastFromTheFirstBins(t *testing.T) {
	cfg := DefaultConfig()
	for bins := range 40 {
		s, at := fed(cfg, bins, 3)
		q, info := s.Forecast(at, 24, nil)
		if err := q.Validate(); err != nil {
			t.Fatalf("%d bins: %v", bins, err)
		}
		if info.Trusted || info.Note == "" {
			t.Errorf("%d bins: trusted, or no note: %+v", bins, info)
		}
		if bins > 1 && (q.At(0, 0.5) < 80 || q.At(0, 0.5) > 155) {
			t.Errorf("%d bins: median %.1f", bins, q.At(0, 0.5))
		}
	}
}

func TestRoundTripIsExact(t *testing.T) {
	cfg := DefaultConfig()
	events := []model.CalendarEvent{{ID: "a", Kind: "campaign", Start: start.Add(48 * time.Hour), End: start.Add(54 * time.Hour)}}
	for _, bins := range []int{0, 1, 7, 300, 2500} {
		s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(5, 5)), start
		for range bins {
			s.Observe(at, daily(rng, at, 5), events)
			at = at.Add(cfg.Bin)
		}
		state := s.AppendBinary(nil)
		if len(state) > 2048 {
			t.Errorf("%d bins: state of %d bytes", bins, len(state))
		}
		back := NewSeries(cfg)
		if err := back.UnmarshalBinary(state); err != nil {
			t.Fatal(err)
		}
		for i := range 700 {
			if i%5 == 0 {
				at = at.Add(3 * cfg.Bin)
			}
			v := daily(rng, at, 5)
			s.Observe(at, v, events)
			back.Observe(at, v, events)
			at = at.Add(cfg.Bin)
		}
		if !bytes.Equal(s.AppendBinary(nil), back.AppendBinary(nil)) {
			t.Errorf("%d bins: states differ after a round trip", bins)
		}
		q, _ := s.Forecast(at, 50, events)
		r, _ := back.Forecast(at, 50, events)
		for h := range q.Values {
			for l := range q.Values[h] {
				if q.Values[h][l] != r.Values[h][l] {
					t.Fatalf("%d bins: step %d level %d differs", bins, h, l)
				}
			}
		}
	}
}

func BenchmarkObserve(b *testing.B) { benchmarkObserve(b, DefaultConfig()) }

// BenchmarkObserveLocal goes by a wall clock that is set twice a year.
func BenchmarkObserveLocal(b *testing.B) {
	cfg := DefaultConfig()
	location, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	cfg.Zone = wallclock.Of(location)
	benchmarkObserve(b, cfg)
}

func benchmarkObserve(b *testing.B, cfg *Config) {
	s, at := fed(cfg, 288*15, 3)
	values := make([]float64, 1024)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range values {
		values[i] = 100 + 10*rng.NormFloat64()
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Observe(at, values[i&1023], nil)
		at = at.Add(cfg.Bin)
	}
}

func BenchmarkForecastDay(b *testing.B) {
	cfg := DefaultConfig()
	s, at := fed(cfg, 288*15, 3)
	b.ReportAllocs()
	for b.Loop() {
		s.Forecast(at, 288, nil)
	}
}
