package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

// plainStep is a forecast of one bin as the formulas say it, without what is
// computed once for all steps. The fast way gives the same bits.
func plainStep(s *Series, at model.Instant, calendar []model.CalendarEvent, row []float64) float64 {
	base := s.base(at)
	lead := max(1, int(int64(at-s.last)/s.lay.bin))
	lower, upper, w := s.between(lead, s.known())
	x := s.regressors(at, base, float64(s.fast), float64(s.slow))
	add := s.uplift(at, base, calendar)
	keep := math.Exp2(-float64(lead) / float64(2*s.lay.hour))
	a := s.joint(lower, at, keep, base, &x)
	point := a + float64(w*(s.joint(upper, at, keep, base, &x)-a)) + add.amount
	low, high := s.errorScale(&s.blocks[lower]), s.errorScale(&s.blocks[upper])
	scale := (low + float64(w*(high-low))) * s.shapeOf(s.lay.placeOf(at).part)
	spread := scale * caution
	wide := math.Sqrt(spread*spread + add.doubt*add.doubt)
	zone := func(p float64) float64 {
		z := plainTail(&s.blocks[lower].zone, p)
		return z + float64(w*(plainTail(&s.blocks[upper].zone, p)-z))
	}
	for l, p := range s.cfg.Levels {
		row[l] = plainBounded(s, point+float64(zone(0.5)*scale)+float64((zone(p)-zone(0.5))*wide))
		if l > 0 {
			row[l] = max(row[l], row[l-1])
		}
	}
	return plainBounded(s, point+float64(zoneMean(&s.blocks[lower].zone)*scale))
}

// plainTail draws what lies beyond the .1 and .9 quantiles outwards.
func plainTail(zone *[len(zoneLevels)]float32, p float64) float64 {
	z, inner := plainZone(zone, p), 0.0
	switch {
	case p < 0.1:
		inner = float64(zone[2])
	case p > 0.9:
		inner = float64(zone[6])
	default:
		return z
	}
	return inner + float64(tailCaution*(z-inner))
}

func plainZone(zone *[len(zoneLevels)]float32, p float64) float64 {
	last := len(zoneLevels) - 1
	switch {
	case p <= zoneLevels[0]:
		return float64(zone[0]) * math.Log(2*p) / math.Log(2*zoneLevels[0])
	case p >= zoneLevels[last]:
		return float64(zone[last]) * math.Log(2*(1-p)) / math.Log(2*(1-zoneLevels[last]))
	}
	for l := 1; ; l++ {
		if p <= zoneLevels[l] {
			w := (p - zoneLevels[l-1]) / (zoneLevels[l] - zoneLevels[l-1])
			return float64(zone[l-1]) + float64(w*float64(zone[l]-zone[l-1]))
		}
	}
}

func plainBounded(s *Series, v float64) float64 {
	if math.IsNaN(v) {
		v = float64(s.value)
	}
	if s.cfg.Upper > s.cfg.Lower {
		v = min(v, s.cfg.Upper)
	}
	return min(max(v, max(s.cfg.Lower, -math.MaxFloat32)), math.MaxFloat32)
}

func TestTheFastForecastIsThePlainOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for n := range 60 {
		cfg := DefaultConfig()
		cfg.Levels = append([]float64{0.001, 0.01}, cfg.Levels...)
		cfg.Levels = append(cfg.Levels, 0.999)
		switch n % 4 {
		case 1:
			cfg.Upper = 110
		case 2:
			cfg.Seasons = cfg.Seasons[:1]
		case 3:
			cfg.Seasons, cfg.Horizon = nil, 12
		}
		guided := n%5 == 1
		if guided {
			cfg.Blocks = 28 * 24
		}
		s, at := fed(cfg, rng.IntN(288*9), 5+20*rng.Float64())
		at = at.Add(time.Duration(rng.IntN(40)) * cfg.Bin)
		var calendar []model.CalendarEvent
		if n%3 == 0 {
			calendar = []model.CalendarEvent{{ID: "sale", Kind: "campaign", Start: at.Add(time.Hour), End: at.Add(2 * time.Hour), UpliftPPM: 400_000}}
		}
		if guided {
			s.SetGuide(Guide{Start: s.last, Blocks: []float32{90, 110, 70, 95}})
		}
		q, _ := s.Forecast(at, 300, calendar)
		row := make([]float64, len(cfg.Levels))
		for h := range q.Values {
			mean := 0.0
			if s.count > 0 {
				mean = plainStep(s, at.Add(time.Duration(h)*cfg.Bin), calendar, row)
			}
			for l := range row {
				if s.count > 0 && math.Float64bits(q.Values[h][l]) != math.Float64bits(row[l]) {
					t.Fatalf("series %d, step %d, level %v: %v, plainly %v", n, h, cfg.Levels[l], q.Values[h][l], row[l])
				}
			}
			if math.Float64bits(q.Mean[h]) != math.Float64bits(mean) {
				t.Fatalf("series %d, step %d: mean %v, plainly %v", n, h, q.Mean[h], mean)
			}
		}
	}
}

func TestForecastsOfManySeriesAndTicksDoNotMeet(t *testing.T) {
	cfg := DefaultConfig()
	one, at := fed(cfg, 400, 5)
	two := one.Like()
	for i := range 300 {
		two.Observe(at.Add(time.Duration(i-300)*cfg.Bin), float64(i%7), nil)
	}
	// The same steps, asked for in another order and with other lengths.
	for _, ask := range []struct {
		of    *Series
		after int
		steps int
	}{{one, 0, 12}, {two, 0, 36}, {one, 0, 36}, {one, 3, 5}, {two, 0, 2}, {two, 3, 40}} {
		tick := at.Add(time.Duration(ask.after) * cfg.Bin)
		q, _ := ask.of.Forecast(tick, ask.steps, nil)
		row := make([]float64, len(cfg.Levels))
		for h := range q.Values {
			plainStep(ask.of, tick.Add(time.Duration(h)*cfg.Bin), nil, row)
			if !slices.Equal(row, q.Values[h]) {
				t.Fatalf("%d steps from %v, step %d: %v, want %v", ask.steps, tick, h, q.Values[h], row)
			}
		}
	}
}

func TestSeriesOfOneConfigurationShareItsLayout(t *testing.T) {
	s := NewSeries(DefaultConfig())
	if like := s.Like(); like.lay != s.lay || like.count != 0 || like.slot != -1 {
		t.Errorf("series %p %d, want layout %p and nothing seen", like.lay, like.count, s.lay)
	}
}
