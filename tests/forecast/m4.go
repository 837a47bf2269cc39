package main

import (
	"fmt"

	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/score"
)

// origins are how many hours before their ends the M4 series are cut: the last
// 48 hours, and two windows before them.
var origins = []int{48, 96, 168}

// m4 judges the ensemble at full effort from three origins.
func m4(folder string) (figures, error) { return m4At(folder, ensemble.Full, "auto") }

// quick does the same at the stream's effort.
func quick(folder string) (figures, error) { return m4At(folder, ensemble.Quick, "auto") }

func m4At(folder string, effort ensemble.Effort, model string) (figures, error) {
	p, err := hourly(folder)
	if err != nil {
		return nil, err
	}
	var all score.Tally
	out, began := figures{}, cpu()
	for _, back := range origins {
		var one score.Tally
		o := options(model, 48)
		o.Effort = effort
		from := cpu()
		if _, err := judge(p, back, o, &one); err != nil {
			return nil, err
		}
		all.Merge(&one)
		seconds := cpu() - from
		table(fmt.Sprintf("M4 Hourly, %s, %s, -%d h", model, effort, back), one.Result(), seconds)
		out[fmt.Sprint(back)] = scores(one.Result(), seconds)
	}
	seconds := (cpu() - began) / float64(len(origins))
	table(fmt.Sprintf("M4 Hourly, %s, %s, all", model, effort), all.Result(), seconds)
	out["all"] = scores(all.Result(), seconds)
	return out, nil
}

// models judges each model alone, from the last 48 hours.
func models(folder string) (figures, error) {
	p, err := hourly(folder)
	if err != nil {
		return nil, err
	}
	out := figures{}
	for _, name := range ensemble.Names() {
		var one score.Tally
		from := cpu()
		if _, err := judge(p, 48, options(name, 48), &one); err != nil {
			return nil, err
		}
		table("M4 Hourly, "+name+", -48 h", one.Result(), cpu()-from)
		out[name] = scores(one.Result(), cpu()-from)
	}
	return out, nil
}
