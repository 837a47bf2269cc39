package main

import (
	"fmt"
	"time"

	"drover/internal/forecast/panel"
	"drover/internal/forecast/score"
	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/stage"
	topics "drover/internal/stream"
)

// stream judges the forecaster service on the servers at five minutes: the task
// itself, record by record, a day ahead from six origins 48 hours apart, without
// and with fitted models.
func stream(folder string) (figures, error) {
	p, err := fiveMinutes(folder)
	if err != nil {
		return nil, err
	}
	out := figures{}
	for _, every := range []time.Duration{0, time.Hour} {
		name := map[bool]string{true: "streaming", false: "streaming+fitted"}[every == 0]
		var all score.Tally
		from := cpu()
		if err := serve(p, every, &all); err != nil {
			return nil, err
		}
		table("service, 5 min, "+name, all.Result(), cpu()-from)
		out[name] = scores(all.Result(), cpu()-from)
	}
	return out, nil
}

// serve feeds the panel to a task and judges what it emits at the origins.
func serve(p *panel.Panel, every time.Duration, tally *score.Tally) error {
	const horizon, gap = 288, 48 * 12
	config := forecaster.DefaultConfig()
	config.Refit.Every, config.MetricPartitions = every, 1
	task := forecaster.NewTask(&config, 0)
	n, offset := len(p.Series[0].Values), int64(0)
	start := p.Series[0].Start
	for i := range n {
		last := i == n-horizon-1 || i < n-horizon && (n-horizon-1-i)%gap == 0 && (n-horizon-1-i)/gap < 6
		if config.Horizon = 1; last { // the steps of other ticks are not looked at
			config.Horizon = horizon
		}
		for _, s := range p.Series {
			rec := stage.Record{Topic: topics.Metrics, Offset: offset, Event: model.Metric{Fleet: "f", Entity: model.ApplicationEntity(model.ApplicationID(s.ID[7:])),
				At: start.Add(time.Duration(i+1) * p.Step), Producer: "p", Samples: []model.Sample{{Resource: model.CPU, Value: s.Values[i]}}}}
			offset++
			if _, err := task.Handle(rec); err != nil {
				return err
			}
		}
		out, err := task.Handle(stage.Record{Topic: topics.Metrics, Offset: offset, Event: model.Heartbeat{Producer: "p", At: start.Add(time.Duration(i+1) * p.Step)}})
		if err != nil {
			return err
		}
		offset++
		if last {
			tallyTick(p, i+1, out, tally)
		}
	}
	fmt.Printf("  %d refits of %d series\n", task.Counts().Refits, task.Counts().Refitted)
	return nil
}

// tallyTick judges the forecasts that one tick emitted after n values.
func tallyTick(p *panel.Panel, n int, out []stage.Emission, tally *score.Tally) {
	for _, e := range out {
		f, ok := e.Content().(model.Forecast)
		if !ok {
			continue
		}
		for _, s := range p.Series {
			if model.ApplicationEntity(model.ApplicationID(s.ID[7:])) == f.Entity {
				tally.Add(s.Values[:n], s.Values[n:n+288], f.Quantiles, 288)
			}
		}
	}
}
