package forecast

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

// observe feeds values bin by bin from the start.
func observe(cfg *Config, values []float64) (*Series, model.Instant) {
	s, at := NewSeries(cfg), start
	for _, v := range values {
		s.Observe(at, v, nil)
		at = at.Add(cfg.Bin)
	}
	return s, at
}

func TestHardSeriesGiveSoundForecasts(t *testing.T) {
	cfg := DefaultConfig()
	rng := rand.New(rand.NewPCG(7, 7))
	make1000 := func(f func(i int) float64) []float64 {
		out := make([]float64, 1000)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	cases := map[string][]float64{
		"constant":           make1000(func(int) float64 { return 42 }),
		"zero":               make1000(func(int) float64 { return 0 }),
		"almost always zero": make1000(func(i int) float64 { return float64(i % 97 / 96 * 50) }),
		"huge":               make1000(func(i int) float64 { return 1e16 * float64(i%5) }),
		"tiny":               make1000(func(i int) float64 { return 1e-12 * float64(i%7) }),
		"not numbers":        make1000(func(i int) float64 { return []float64{1, math.NaN(), math.Inf(1), 2}[i%4] }),
		"wild":               make1000(func(int) float64 { return math.Exp(20 * rng.NormFloat64()) }),
		"negative":           make1000(func(i int) float64 { return -float64(i) }),
	}
	for name, values := range cases {
		s, at := observe(cfg, values)
		q, _ := s.Forecast(at, 300, nil)
		if err := q.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for h := range q.Values {
			if q.Values[h][0] < 0 {
				t.Fatalf("%s: step %d is below the bound", name, h)
			}
		}
	}
}

func TestConstantIsForecastExactly(t *testing.T) {
	values := make([]float64, 288*3)
	for i := range values {
		values[i] = 42
	}
	s, at := observe(DefaultConfig(), values)
	q, info := s.Forecast(at, 24, nil)
	if !info.Trusted {
		t.Errorf("a constant is not trusted: %s", info.Note)
	}
	for h := range q.Values {
		if math.Abs(q.At(h, 0.99)-42) > 1e-3 || math.Abs(q.At(h, 0.05)-42) > 1e-3 {
			t.Fatalf("step %d: %v", h, q.Values[h])
		}
	}
}

// TestScaleEquivariance: in other units (a power of two, so that rounding is
// the same) the forecast is the same.
func TestScaleEquivariance(t *testing.T) {
	cfg := DefaultConfig()
	rng := rand.New(rand.NewPCG(3, 3))
	values, scaled := make([]float64, 2000), make([]float64, 2000)
	for i := range values {
		values[i] = daily(rng, start.Add(time.Duration(i)*cfg.Bin), 8)
		scaled[i] = values[i] * 1024
	}
	a, at := observe(cfg, values)
	b, _ := observe(cfg, scaled)
	p, _ := a.Forecast(at, 100, nil)
	q, _ := b.Forecast(at, 100, nil)
	for h := range p.Values {
		for l, v := range p.Values[h] {
			if math.Abs(q.Values[h][l]-1024*v) > 1e-3*1024*math.Abs(v) {
				t.Fatalf("step %d level %d: %v and %v", h, l, v, q.Values[h][l])
			}
		}
	}
}

// TestNoLookAhead: what is forecast after a prefix does not depend on how the
// series goes on, nor on having been asked before.
func TestNoLookAhead(t *testing.T) {
	cfg := DefaultConfig()
	a, at := fed(cfg, 900, 5)
	b, _ := fed(cfg, 900, 5)
	before, _ := a.Forecast(at, 48, nil)
	for i := range 50 {
		a.Observe(at.Add(time.Duration(i)*cfg.Bin), 1e6, nil)
		b.Forecast(at, 48, nil)
	}
	again, _ := b.Forecast(at, 48, nil)
	for h := range before.Values {
		for l := range before.Values[h] {
			if before.Values[h][l] != again.Values[h][l] {
				t.Fatalf("step %d changed", h)
			}
		}
	}
}

func TestLevelShiftIsLearnedWithinADay(t *testing.T) {
	cfg := DefaultConfig()
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(1, 2)), start
	for i := range 288 * 9 {
		v := daily(rng, at, 3)
		if i >= 288*8 {
			v += 200
		}
		s.Observe(at, v, nil)
		at = at.Add(cfg.Bin)
	}
	q, _ := s.Forecast(at, 288, nil)
	sum := 0.0
	for h := range 288 {
		sum += math.Abs(q.At(h, 0.5) - daily(rng, at.Add(time.Duration(h)*cfg.Bin), 0) - 200)
	}
	if sum/288 > 25 {
		t.Errorf("mean error %.1f a day after a shift of 200", sum/288)
	}
	if s.shifts == 0 {
		t.Error("no level shift was noticed")
	}
}

// stepped feeds days of a daily load to a series, to which add says what is added,
// and returns it with the time of the next bin.
func stepped(cfg *Config, days int, add func(day int, hour float64) float64) (*Series, model.Instant) {
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(3, 2)), start
	perDay := int(24 * time.Hour / cfg.Bin)
	for i := range days * perDay {
		s.Observe(at, daily(rng, at, 3)+add(i/perDay, float64(i%perDay)*24/float64(perDay)), nil)
		at = at.Add(cfg.Bin)
	}
	return s, at
}

// TestAFirstLevelShiftIsFollowedWithinHours: a series without a record of bursts
// takes what lasts for hours for the new level.
func TestAFirstLevelShiftIsFollowedWithinHours(t *testing.T) {
	cfg := DefaultConfig()
	s, at := stepped(cfg, 9, func(day int, hour float64) float64 {
		if day == 8 && hour >= 20 {
			return 120
		}
		return 0
	})
	q, _ := s.Forecast(at, cfg.Horizon, nil)
	sum := 0.0
	for h := range cfg.Horizon {
		sum += math.Abs(q.At(h, 0.5)-daily(rand.New(rand.NewPCG(1, 1)), at.Add(time.Duration(h)*cfg.Bin), 0)-120) / float64(cfg.Horizon)
	}
	if s.shifts == 0 || sum > 40 {
		t.Errorf("%d shifts, mean error %.1f a day ahead, four hours after a step of 120", s.shifts, sum)
	}
}

// TestBurstsTeachPatience: a series that has had a burst of three hours a few times
// does not move its profile for the next one.
func TestBurstsTeachPatience(t *testing.T) {
	burst := func(days ...int) func(int, float64) float64 {
		return func(day int, hour float64) float64 {
			if slices.Contains(days, day) && hour >= 21 {
				return 120
			}
			return 0
		}
	}
	cfg := DefaultConfig()
	before, _ := stepped(cfg, 17, burst(8, 10, 12, 14))
	s, at := stepped(cfg, 18, burst(8, 10, 12, 14, 17))
	if before.shifts == 0 || s.shifts != before.shifts {
		t.Errorf("%d shifts before the last burst, %d after it", before.shifts, s.shifts)
	}
	q, _ := s.Forecast(at, cfg.Horizon, nil)
	sum, n := 0.0, 0.0
	for h := cfg.Horizon / 2; h < cfg.Horizon; h++ {
		sum += math.Abs(q.At(h, 0.5) - daily(rand.New(rand.NewPCG(1, 1)), at.Add(time.Duration(h)*cfg.Bin), 0))
		n++
	}
	if sum/n > 60 { // a profile that followed is wrong by all of it
		t.Errorf("mean error %.1f in the second half of the day after a burst of 120", sum/n)
	}
}

func TestOutliersDoNotPoisonTheSeason(t *testing.T) {
	cfg := DefaultConfig()
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(1, 2)), start
	for i := range 288 * 10 {
		v := daily(rng, at, 3)
		if i%500 == 499 {
			v = 5000
		}
		s.Observe(at, v, nil)
		at = at.Add(cfg.Bin)
	}
	q, _ := s.Forecast(at.Add(time.Hour), 288, nil)
	for h := range 288 {
		truth := daily(rng, at.Add(time.Hour+time.Duration(h)*cfg.Bin), 0)
		if math.Abs(q.At(h, 0.5)-truth) > 40 {
			t.Fatalf("step %d: %.1f, without outliers %.1f", h, q.At(h, 0.5), truth)
		}
	}
}

func TestEventEffectIsLearnedAndUsed(t *testing.T) {
	cfg := DefaultConfig()
	var calendar []model.CalendarEvent
	for day := 4; day < 20; day += 3 {
		from := start.Add(time.Duration(day)*24*time.Hour + 10*time.Hour)
		calendar = append(calendar, model.CalendarEvent{ID: "c", Kind: "campaign", Name: "c", Start: from, End: from.Add(4 * time.Hour)})
	}
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(1, 2)), start
	for range 288 * 18 {
		v := daily(rng, at, 3)
		for i := range calendar {
			if at >= calendar[i].Start && at < calendar[i].End {
				v *= 2
			}
		}
		s.Observe(at, v, calendar)
		at = at.Add(cfg.Bin)
	}
	next := at.Add(34 * time.Hour) // the last campaign begins on day 19 at ten
	with, _ := s.Forecast(next, 1, calendar)
	without, _ := s.Forecast(next, 1, nil)
	if r := with.At(0, 0.5) / without.At(0, 0.5); r < 1.6 || r > 2.4 {
		t.Errorf("the campaign multiplies the forecast by %.2f, not about 2", r)
	}
	x := s.Explain(next, calendar)
	if len(x.Events) != 1 || x.Events[0].Phase != "during" || x.Events[0].Bins == 0 {
		t.Errorf("explanation %+v", x.Events)
	}
}

func TestStatedUpliftIsUsedBeforeAnyIsSeen(t *testing.T) {
	cfg := DefaultConfig()
	s, at := fed(cfg, 288*5, 3)
	e := []model.CalendarEvent{{Kind: "sale", Start: at, End: at.Add(6 * time.Hour), UpliftPPM: 500_000}}
	with, _ := s.Forecast(at, 1, e)
	without, _ := s.Forecast(at, 1, nil)
	if r := with.At(0, 0.5) / without.At(0, 0.5); r < 1.4 || r > 1.6 {
		t.Errorf("stated +50 %%, forecast x %.2f", r)
	}
}

func TestGapsAreBridged(t *testing.T) {
	cfg := DefaultConfig()
	s, rng, at := NewSeries(cfg), rand.New(rand.NewPCG(1, 2)), start
	for i := range 288 * 12 {
		if i%700 < 600 {
			s.Observe(at, daily(rng, at, 3), nil)
		}
		at = at.Add(cfg.Bin)
	}
	q, _ := s.Forecast(at, 288, nil)
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	for h := range 288 {
		if truth := daily(rng, at.Add(time.Duration(h)*cfg.Bin), 0); math.Abs(q.At(h, 0.5)-truth) > 30 {
			t.Fatalf("step %d: %.1f for %.1f", h, q.At(h, 0.5), truth)
		}
	}
}

func TestUnmarshalRefusesOtherLayouts(t *testing.T) {
	s, _ := fed(DefaultConfig(), 50, 3)
	hourly := DefaultConfig()
	hourly.Bin, hourly.Horizon = time.Hour, 24
	if err := NewSeries(hourly).UnmarshalBinary(s.AppendBinary(nil)); !errors.Is(err, ErrState) {
		t.Errorf("error %v, want ErrState", err)
	}
}

func FuzzSeriesState(f *testing.F) {
	s, _ := fed(DefaultConfig(), 400, 3)
	f.Add(s.AppendBinary(nil))
	f.Add([]byte{stateVersion, 72, 56, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewSeries(DefaultConfig())
		if s.UnmarshalBinary(b) != nil {
			return
		}
		for i := range 30 {
			s.Observe(s.last.Add(5*time.Minute), float64(i), nil)
		}
		q, _ := s.Forecast(s.last, 30, nil)
		if err := q.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"bin":      func(c *Config) { c.Bin = 0 },
		"horizon":  func(c *Config) { c.Horizon = 0 },
		"no level": func(c *Config) { c.Levels = nil },
		"levels":   func(c *Config) { c.Levels = []float64{0.5, 0.5} },
		"season":   func(c *Config) { c.Seasons = []time.Duration{time.Minute} },
		"seasons":  func(c *Config) { c.Seasons = []time.Duration{1 * time.Hour, 2 * time.Hour, 3 * time.Hour} },
	} {
		c := DefaultConfig()
		change(c)
		if c.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestExplainAddsUp(t *testing.T) {
	cfg := DefaultConfig()
	s, at := fed(cfg, 288*6, 3)
	x := s.Explain(at.Add(6*time.Hour), nil)
	if math.Abs(x.Level+x.Season+x.Trend-x.Forecast) > 1e-6 {
		t.Errorf("%v + %v + %v is not %v", x.Level, x.Season, x.Trend, x.Forecast)
	}
	total := 0.0
	for _, m := range x.Models {
		total += m.Weight
	}
	if len(x.Models) != modelCount || math.Abs(total-1) > 1e-9 {
		t.Errorf("weights %+v", x.Models)
	}
	if empty := NewSeries(cfg).Explain(at, nil); empty.Forecast != 0 || empty.Models != nil {
		t.Errorf("a series that saw nothing explains %+v", empty)
	}
}

// TestHistoryDecidesTrust: neither too little history nor an old one is trusted.
func TestHistoryDecidesTrust(t *testing.T) {
	cfg := DefaultConfig()
	s, at := fed(cfg, 200, 3)
	if _, info := s.Forecast(at, 10, nil); info.Trusted || !math.IsNaN(info.Coverage80) {
		t.Errorf("trusted within the first season: %+v", info)
	}
	s, at = fed(cfg, 288*8, 3)
	if _, info := s.Forecast(at.Add(72*time.Hour), 10, nil); info.Trusted || info.Peak < 100 {
		t.Errorf("trusted three days after the last observation: %+v", info)
	}
}
