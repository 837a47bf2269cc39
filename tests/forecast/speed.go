package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"drover/internal/forecast"
	"drover/internal/forecast/ensemble"
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
	cfg := forecast.DefaultConfig()
	s, rng := forecast.NewSeries(cfg), rand.New(rand.NewPCG(1, 2))
	at, values := model.Instant(1_700_006_400_000), make([]float64, 4096)
	for i := range values {
		values[i] = 100 + 40*math.Sin(2*math.Pi*float64(i)/288) + rng.NormFloat64()
	}
	const updates = 3_000_000
	from = cpu()
	for i := range updates {
		s.Observe(at, values[i&4095], nil)
		at = at.Add(cfg.Bin)
	}
	nanoseconds := (cpu() - from) / updates * 1e9
	fmt.Printf("ensemble fit %.0f series a CPU second; update %.0f ns; state %d bytes\n", perSecond, nanoseconds, len(s.AppendBinary(nil)))
	return figures{"fit_series_per_cpu_s": perSecond, "update_ns": nanoseconds, "state_bytes": len(s.AppendBinary(nil))}, nil
}
