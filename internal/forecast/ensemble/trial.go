package ensemble

import (
	"math"
	"slices"

	"drover/internal/forecast/base"
	"drover/internal/forecast/gbdt"
	"drover/internal/forecast/lstm"
	"drover/internal/forecast/panel"
)

// trial is every model's forecasts at the rolling origins, with what came.
type trial struct {
	fitted    []panel.Fitted
	backs     []int           // steps from each origin to the end, longest first
	forecasts [][][][]float64 // model, origin, series, step; nil: not forecast
	actual    [][][]float64   // origin, series, step; NaN: missing
	weight    []float64       // of each series' absolute errors
	relative  float64         // of relative errors
	came      came
}

// backs returns the rolling origins: up to most, half a horizon or a season
// apart, all within the last third of the median history. Histories too short to
// be judged anywhere don't count where others are long enough.
func backs(rows []series, horizon, season, most int) []int {
	var lengths []int
	for _, r := range rows {
		if len(r.values)/3 >= horizon {
			lengths = append(lengths, len(r.values))
		}
	}
	n := median(lengths)
	gap := max(season, horizon/2)
	var out []int
	for k := range most {
		if back := horizon + k*gap; back <= n/3 {
			out = append(out, back)
		}
	}
	slices.Reverse(out)
	return out
}

// histories returns what was known of each series so many steps before its end,
// at least one value.
func histories(rows []series, back, season int) [][]float64 {
	out := make([][]float64, len(rows))
	for i, r := range rows {
		out[i] = r.known(max(len(r.values)-back, min(1, len(r.values))), season)
	}
	return out
}

// fitAll fits the models to histories; before, where not nil, is what they were
// fitted to earlier.
func fitAll(models []panel.Model, before []panel.Fitted, histories [][]float64, rows []series, p *panel.Panel, o *Options) []panel.Fitted {
	t := &panel.Task{Histories: histories, Seasons: p.Seasons, Horizon: o.Horizon, Seed: o.Seed, Step: p.Step, Quick: o.Effort == Quick}
	for _, r := range rows {
		t.Offsets = append(t.Offsets, int64(r.start)/max(1, p.Step.Milliseconds()))
	}
	if slices.ContainsFunc(models, startsFromBase) {
		t.Base = base.Of(t)
	}
	fitted := make([]panel.Fitted, len(models))
	o.each(len(models), func(m int) {
		if c, ok := models[m].(panel.Continuer); ok && before != nil {
			fitted[m] = c.Refit(before[m], t)
			return
		}
		fitted[m] = models[m].Fit(t)
	})
	return fitted
}

// startsFromBase tells whether a model makes use of the base forecasts.
func startsFromBase(m panel.Model) bool {
	switch m.(type) {
	case gbdt.Global, lstm.Global, base.Model:
		return true
	}
	return false
}

// roll fits once before the first origin and forecasts from all of them: a
// later origin sees more of the history, never more of the parameters.
func roll(models []panel.Model, rows []series, p *panel.Panel, o *Options) *trial {
	t := &trial{backs: backs(rows, o.Horizon, p.Season(), o.Effort.origins())}
	t.forecasts = make([][][][]float64, len(models))
	if len(t.backs) == 0 {
		t.weight = make([]float64, len(rows))
		return t
	}
	known := make([][][]float64, len(t.backs))
	for k, back := range t.backs {
		known[k] = histories(rows, back, p.Season())
		t.actual = append(t.actual, make([][]float64, len(rows)))
		for i, r := range rows {
			if n := len(r.values) - back; n >= max(2, p.Season()) && !r.constant {
				t.actual[k][i] = r.truth(n, o.Horizon)
			}
		}
	}
	t.fitted = fitAll(models, nil, known[0], rows, p, o)
	t.forecast(known, rows, o)
	t.measure(rows)
	return t
}

// forecast asks every model at every origin.
func (t *trial) forecast(known [][][]float64, rows []series, o *Options) {
	limits := make([][]limits, len(known))
	for k := range known {
		limits[k] = limitsOf(rows, known[k])
	}
	o.each(len(t.fitted), func(m int) {
		t.forecasts[m] = make([][][]float64, len(t.backs))
		for k := range t.backs {
			t.forecasts[m][k] = make([][]float64, len(rows))
			for i := range rows {
				if t.actual[k][i] == nil {
					continue
				}
				f := t.fitted[m].Forecast(i, known[k][i], o.Horizon)
				limits[k][i].clamp(f)
				t.forecasts[m][k][i] = f
			}
		}
	})
}

// truth returns the values after the first n, NaN where they were filled in. All
// are NaN where a change of level lies among them that was not known by then.
func (s *series) truth(n, horizon int) []float64 {
	end := min(len(s.values), n+horizon)
	for _, b := range s.blind {
		if n < b.known && end > b.at {
			return slices.Repeat([]float64{math.NaN()}, end-n)
		}
	}
	if s.quiet != nil {
		return s.quiet[n:end]
	}
	return s.values[n:end]
}

func median(v []int) int {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
