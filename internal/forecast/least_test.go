package forecast

import (
	"math/rand/v2"
	"testing"
	"time"
)

// What LeastHistory says is when a series that is easy to forecast is trusted
// first, to four bins.
func TestLeastHistoryIsWhenTrustBegins(t *testing.T) {
	hourly := DefaultConfig()
	hourly.Bin, hourly.Horizon = time.Hour, 24
	short := DefaultConfig()
	short.Horizon = 36
	plain := DefaultConfig()
	plain.Seasons, plain.Horizon = nil, 12
	for _, c := range []struct {
		name string
		cfg  *Config
	}{{"five minutes, a day ahead", DefaultConfig()}, {"three hours ahead", short}, {"hourly", hourly}, {"no season", plain}} {
		t.Run(c.name, func(t *testing.T) {
			least := c.cfg.LeastHistory()
			s, rng, at := NewSeries(c.cfg), rand.New(rand.NewPCG(1, 2)), start
			for bin := 1; bin < 2000; bin++ {
				s.Observe(at, daily(rng, at, 0.1), nil)
				at = at.Add(c.cfg.Bin)
				if _, info := s.Forecast(at, 1, nil); info.Note == "" || info.Trusted || info.Note[:10] != "too little" {
					seen := time.Duration(bin) * c.cfg.Bin
					if off := least - seen; off.Abs() > 4*c.cfg.Bin {
						t.Errorf("enough history after %v, LeastHistory says %v", seen, least)
					}
					return
				}
			}
			t.Fatal("never enough history")
		})
	}
}
