// Package guide fits the models of the registry to the histories that streaming
// series keep and hands each series what they expect of it. The forecaster
// service and `drover forecast explain` do it the same way.
package guide

import (
	"math"
	"strconv"
	"time"

	"drover/internal/forecast"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
)

// Fit joins the models at the stream's effort over series that keep a history
// under one configuration, and sets their guides. warm is what the network knew
// after an earlier fit, or nil; what it knows now is returned.
func Fit(series []*forecast.Series, cfg *forecast.Config, seed uint64, warm []byte) ([]byte, error) {
	p := &panel.Panel{Step: cfg.Block(), Seasons: Seasons(cfg)}
	for i, s := range series {
		values, start := s.History().Blocks()
		p.Series = append(p.Series, panel.Series{ID: strconv.Itoa(i), Start: start, Values: values})
	}
	o := ensemble.Options{Horizon: forecast.GuideBlocks, Levels: []float64{0.5}, Model: ensemble.Auto, Effort: ensemble.Quick, Seed: seed, Warm: warm}
	o.Lower, o.Upper = ensemble.Unbounded()
	joined, err := ensemble.Join(p, o)
	if err != nil {
		return nil, err
	}
	for i, s := range series {
		at := p.Series[i]
		g := forecast.Guide{Start: at.Start.Add(time.Duration(len(at.Values)) * p.Step)}
		for _, v := range joined.Points[i] {
			g.Blocks = append(g.Blocks, float32(v))
		}
		for _, w := range joined.Weights[i] {
			g.Shares = append(g.Shares, byte(math.Round(255*min(max(w, 0), 1))))
		}
		s.SetGuide(g)
	}
	if joined.Warm == nil {
		return warm, nil
	}
	return joined.Warm, nil
}

// Seasons are the season lengths in blocks.
func Seasons(cfg *forecast.Config) []int {
	block := cfg.Block()
	var out []int
	for _, s := range cfg.Seasons {
		out = append(out, max(1, int(s/block)))
	}
	if len(out) == 0 {
		return []int{1}
	}
	return out
}

// Shares names the models behind a series' newest guide with their weights in it.
func Shares(s *forecast.Series) []forecast.ModelWeight {
	var out []forecast.ModelWeight
	names := ensemble.NamesAt(ensemble.Quick)
	for m, share := range s.GuideShares() {
		if share > 0 && m < len(names) {
			out = append(out, forecast.ModelWeight{Name: names[m], Weight: float64(share) / 255})
		}
	}
	return out
}
