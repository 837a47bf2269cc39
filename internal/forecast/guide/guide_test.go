package guide

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/forecast"
	"drover/internal/model"
)

const start = model.Instant(1_700_006_400_000) // a midnight

// fed returns series with a day's season and noise, hourly, over so many days.
func fed(cfg *forecast.Config, count, days int) (out []*forecast.Series, next model.Instant) {
	for k := range count {
		s, rng := forecast.NewSeries(cfg), rand.New(rand.NewPCG(uint64(k), 1))
		for i := range 24 * days {
			s.Observe(start.Add(time.Duration(i)*time.Hour), value(i, k)+rng.NormFloat64(), nil)
		}
		out = append(out, s)
	}
	return out, start.Add(time.Duration(24*days) * time.Hour)
}

func value(hour, k int) float64 {
	return 50 + 20*math.Sin(2*math.Pi*float64(hour+3*k)/24) + 8*math.Cos(2*math.Pi*float64(hour)/168)
}

func config() *forecast.Config {
	c := forecast.DefaultConfig()
	c.Bin, c.Horizon, c.Blocks = time.Hour, 24, 600
	return c
}

func TestFitGuidesEverySeries(t *testing.T) {
	cfg := config()
	series, next := fed(cfg, 4, 20)
	warm, err := Fit(series, cfg, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, s := range series {
		begin, ok := s.Guided()
		if want := next.Add(-time.Hour); !ok || begin != want { // the last hour is still open
			t.Errorf("series %d: guided from %v, want %v", k, begin, want)
		}
		sum := 0.0
		for _, m := range Shares(s) {
			sum += m.Weight
		}
		if math.Abs(sum-1) > 0.02 {
			t.Errorf("series %d: shares add up to %.3f: %v", k, sum, Shares(s))
		}
		q, _ := s.Forecast(next, 24, nil)
		for h := range 24 {
			if got, want := q.At(h, 0.5), value(24*20+h, k); math.Abs(got-want) > 6 {
				t.Errorf("series %d, step %d: %.1f, want about %.1f", k, h, got, want)
			}
		}
	}
	again, next2 := fed(cfg, 4, 20)
	if _, err := Fit(again, cfg, 1, nil); err != nil || next2 != next {
		t.Fatal(err)
	}
	for k := range series {
		if !bytes.Equal(series[k].AppendMemory(nil), again[k].AppendMemory(nil)) {
			t.Errorf("series %d: the same histories give another guide", k)
		}
	}
	if more, err := Fit(series, cfg, 1, warm); err != nil || len(more) != len(warm) || bytes.Equal(more, warm) {
		t.Errorf("a network of %d bytes did not learn on from %d: %v", len(more), len(warm), err)
	}
}

func TestSeasonsInBlocks(t *testing.T) {
	if got := Seasons(forecast.DefaultConfig()); len(got) != 2 || got[0] != 24 || got[1] != 168 {
		t.Errorf("five-minute bins with day and week: %v blocks", got)
	}
	c := forecast.DefaultConfig()
	c.Bin, c.Seasons = 24*time.Hour, []time.Duration{7 * 24 * time.Hour}
	if got := Seasons(c); len(got) != 1 || got[0] != 7 {
		t.Errorf("days with a week: %v blocks", got)
	}
	c.Seasons = nil
	if got := Seasons(c); len(got) != 1 || got[0] != 1 {
		t.Errorf("no season: %v blocks", got)
	}
}
