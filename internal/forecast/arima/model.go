package arima

import (
	"math"

	"drover/internal/forecast/panel"
)

// Model is ARIMA as one of the models of a panel.
type Model struct {
	// Few compares the three orders that are chosen most instead of all.
	Few bool
}

// Name implements panel.Model.
func (Model) Name() string { return "arima" }

type fitted struct {
	season int
	log    []bool
	fits   []*Fit
	logs   *panel.Running
}

// Fit implements panel.Model.
func (m Model) Fit(t *panel.Task) panel.Fitted {
	f := &fitted{season: max(1, t.Season(0)), logs: t.Logs()}
	for i, x := range t.Histories {
		f.log = append(f.log, panel.Positive(x))
		f.fits = append(f.fits, choose(panel.View(f.logs, f.log[i], i, x), t.Season(0), t.Season(1), nil, m.orders(t)))
	}
	return f
}

func (m Model) orders(t *panel.Task) []Order {
	all := candidates(max(1, t.Season(0)), t.Season(1))
	if !m.Few {
		return all
	}
	var few []Order
	for _, o := range all {
		if o.P == 2 && o.Q == 0 {
			few = append(few, o)
		}
	}
	return few
}

// Forecast implements panel.Fitted; a series too short for any order repeats
// its last season.
func (f *fitted) Forecast(series int, history []float64, horizon int) []float64 {
	fit := f.fits[series]
	if fit == nil || len(history) <= fit.Order.Period {
		return panel.Naive(history, f.season, horizon)
	}
	out := fit.Forecast(panel.View(f.logs, f.log[series], series, history), horizon, nil)
	if f.log[series] {
		for h := range out {
			out[h] = math.Exp(min(out[h], 700))
		}
	}
	return out
}
