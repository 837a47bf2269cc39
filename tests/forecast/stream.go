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
	p, err := fiveMinutes(folder, metrics)
	if err != nil {
		return nil, err
	}
	out := figures{}
	for _, every := range []time.Duration{0, time.Hour} {
		name := map[bool]string{true: "streaming", false: "streaming+fitted"}[every == 0]
		var all score.Tally
		from := cpu()
		if err := serve(p, every, 0, &all); err != nil {
			return nil, err
		}
		table("service, 5 min, "+name, all.Result(), cpu()-from)
		out[name] = scores(all.Result(), cpu()-from)
	}
	return out, nil
}

// tails judges the service's bands elsewhere: on the days between, on which the
// tails' steps and caution were chosen, and on ten metrics that nothing was chosen
// on.
func tails(folder string) (figures, error) {
	out := figures{}
	for _, c := range []struct {
		name    string
		metrics []int
		early   int
	}{{"days between", metrics, 288}, {"other metrics", otherMetrics, 0}, {"other metrics, days between", otherMetrics, 288}} {
		p, err := fiveMinutes(folder, c.metrics)
		if err != nil {
			return nil, err
		}
		var all score.Tally
		from := cpu()
		if err := serve(p, time.Hour, c.early, &all); err != nil {
			return nil, err
		}
		table("service, 5 min, "+c.name, all.Result(), cpu()-from)
		out[c.name] = scores(all.Result(), cpu()-from)
	}
	return out, nil
}

// serve feeds the panel to a task and judges what it emits at the origins, the
// last of which lies a horizon and early steps before the end.
func serve(p *panel.Panel, every time.Duration, early int, tally *score.Tally) error {
	const horizon, gap = 288, 48 * 12
	config := forecaster.DefaultConfig()
	config.Refit.Every, config.MetricPartitions = every, 1
	task := forecaster.NewTask(&config, 0)
	n, offset := len(p.Series[0].Values), int64(0)
	start := p.Series[0].Start
	for i := range n {
		back := n - horizon - early - 1 - i // to the last origin
		last := back >= 0 && back%gap == 0 && back/gap < 6
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
		err = stage.Each(out, func(_ int, piece []stage.Emission) error {
			if last {
				tallyTick(p, i+1, piece, tally)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	fmt.Printf("  %d refits of %d series\n", task.Counts().Refits, task.Counts().Refitted)
	return nil
}

// tallyTick judges forecasts that one tick emitted after n values.
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
