package main

import (
	"fmt"

	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/score"
)

// servers judges hourly means a day ahead, from six origins 48 hours apart.
func servers(folder string) (figures, error) {
	p, err := fiveMinutes(folder, metrics)
	if err != nil {
		return nil, err
	}
	return rolling("servers, hourly", means(p, 12), 24, 48, "seasonal-mean", ensemble.Auto)
}

// fine judges the same at five minutes.
func fine(folder string) (figures, error) {
	p, err := fiveMinutes(folder, metrics)
	if err != nil {
		return nil, err
	}
	return rolling("servers, 5 min", p, 288, 48*12, "seasonal-mean", ensemble.Auto)
}

// rolling judges models from six origins, gap steps apart.
func rolling(name string, p *panel.Panel, horizon, gap int, names ...string) (figures, error) {
	out := figures{}
	for _, model := range names {
		var all score.Tally
		from := cpu()
		for k := range 6 {
			if _, err := judge(p, horizon+k*gap, options(model, horizon), &all); err != nil {
				return nil, err
			}
		}
		seconds := (cpu() - from) / 6
		table(fmt.Sprintf("%s, %s", name, model), all.Result(), seconds)
		out[model] = scores(all.Result(), seconds)
	}
	return out, nil
}
