package ensemble

import (
	"drover/internal/forecast/lstm"
	"drover/internal/forecast/panel"
)

// Joined is the ensemble's point forecasts of a panel.
type Joined struct {
	Models []string
	// Points by series and step.
	Points [][]float64
	// Weights are the models' shares by series, in the order of Models.
	Weights [][]float64
	// Warm is what the network knows now, for Options.Warm of a later run; nil
	// where no network was fitted.
	Warm []byte
}

// Join forecasts a panel without quantiles: what the streaming series, which
// measure their own errors, are guided by. The panel's season must not be
// longer than 48 steps.
func Join(p *panel.Panel, o Options) (*Joined, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	rows := prepare(p, &o)
	j := join(&coarse{factor: 1, season: p.Season(), rows: rows, panel: p, options: o}, &o)
	out := &Joined{Models: j.names, Points: j.points, Weights: j.shares.series}
	for _, fitted := range append(j.fitted, j.trial.fitted...) {
		if network, ok := fitted.(*lstm.Fitted); ok {
			out.Warm = network.AppendWeights(nil)
			break
		}
	}
	return out, nil
}
