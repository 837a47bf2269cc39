package ensemble

import (
	"math"
	"time"

	"drover/internal/forecast"
	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// streaming is the streaming set as one of the models: a forecast.Series, as the
// service keeps one for every series, fed with a history value by value.
type streaming struct{}

// Name implements panel.Model.
func (streaming) Name() string { return "streaming" }

type streamed struct {
	cfg     forecast.Config
	offsets []int64
}

// Fit implements panel.Model: there is nothing to fit but what Forecast does.
func (streaming) Fit(t *panel.Task) panel.Fitted {
	f := &streamed{offsets: t.Offsets}
	f.cfg = forecast.Config{Bin: max(t.Step, time.Millisecond), Levels: []float64{0.5}, Horizon: t.Horizon, Lower: -math.MaxFloat32, Upper: math.MaxFloat32}
	for _, s := range t.Seasons {
		if s > 1 && len(f.cfg.Seasons) < 2 {
			f.cfg.Seasons = append(f.cfg.Seasons, time.Duration(s)*f.cfg.Bin)
		}
	}
	return f
}

// Forecast implements panel.Fitted.
func (f *streamed) Forecast(series int, history []float64, horizon int) []float64 {
	s := forecast.NewSeries(&f.cfg)
	step := f.cfg.Bin.Milliseconds()
	at := func(i int) model.Instant { return model.Instant((f.offsets[series] + int64(i)) * step) }
	for i, v := range history {
		s.Observe(at(i), v, nil)
	}
	q, info := s.Forecast(at(len(history)), horizon, nil)
	if info.Samples == 0 {
		return panel.Naive(history, 1, horizon)
	}
	out := make([]float64, horizon)
	for h := range out {
		out[h] = q.Values[h][0]
	}
	return out
}
