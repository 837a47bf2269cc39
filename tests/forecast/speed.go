package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"drover/internal/forecast"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// speed measures the update of one streaming series and the fit of the ensemble
// at the stream's effort on the M4 series, of 700 to 960 points.
func speed(folder string) (figures, error) {
	p, err := hourly(folder)
	if err != nil {
		return nil, err
	}
	o := options(ensemble.Auto, 48)
	o.Effort = ensemble.Quick
	from := cpu()
	if _, err := ensemble.Join(p, o); err != nil {
		return nil, err
	}
	perSecond := float64(len(p.Series)) / (cpu() - from)
	local := forecast.DefaultConfig()
	location, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	local.Zone = wallclock.Of(location)
	utc, bytes := update(forecast.DefaultConfig())
	berlin, _ := update(local)
	fmt.Printf("ensemble fit %.0f series a CPU second; update %.0f ns, by local time %.0f ns; state %d bytes\n", perSecond, utc, berlin, bytes)
	return figures{"fit_series_per_cpu_s": perSecond, "update_ns": utc, "update_local_ns": berlin, "state_bytes": bytes}, nil
}

// update measures the CPU nanoseconds of one observation, and the bytes of the
// state in the end.
func update(cfg *forecast.Config) (nanoseconds float64, bytes int) {
	s, rng := forecast.NewSeries(cfg), rand.New(rand.NewPCG(1, 2))
	at, values := model.Instant(1_700_006_400_000), make([]float64, 4096)
	for i := range values {
		values[i] = 100 + 40*math.Sin(2*math.Pi*float64(i)/288) + rng.NormFloat64()
	}
	const updates = 3_000_000
	from := cpu()
	for i := range updates {
		s.Observe(at, values[i&4095], nil)
		at = at.Add(cfg.Bin)
	}
	return (cpu() - from) / updates * 1e9, len(s.AppendBinary(nil))
}
