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
	points    int             // how many steps walk visits
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

// fitAll fits the models to the histories without their last steps; before,
// where not nil, is what they were fitted to earlier.
func fitAll(models []panel.Model, before []panel.Fitted, rows []series, p *panel.Panel, o *Options, back int) []panel.Fitted {
	t := &panel.Task{Seasons: p.Seasons, Horizon: o.Horizon, Seed: o.Seed, Step: p.Step, Quick: o.Effort == Quick}
	for _, r := range rows {
		n := len(r.values) - back
		if n < 1 {
			n = min(1, len(r.values))
		}
		t.Histories = append(t.Histories, r.known(n, p.Season()))
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
	fitted := fitAll(models, nil, rows, p, o, t.backs[0])
	t.fitted = fitted
	for range t.backs {
		t.actual = append(t.actual, make([][]float64, len(rows)))
	}
	for k, back := range t.backs {
		for i, r := range rows {
			if n := len(r.values) - back; n >= max(2, p.Season()) && !r.constant {
				t.actual[k][i] = r.truth(n, o.Horizon)
				t.points += o.Horizon
			}
		}
	}
	o.each(len(models), func(m int) {
		t.forecasts[m] = make([][][]float64, len(t.backs))
		for k, back := range t.backs {
			t.forecasts[m][k] = make([][]float64, len(rows))
			for i, r := range rows {
				if t.actual[k][i] == nil {
					continue
				}
				known := r.known(len(r.values)-back, p.Season())
				f := fitted[m].Forecast(i, known, o.Horizon)
				r.clamp(f, known)
				t.forecasts[m][k][i] = f
			}
		}
	})
	t.measure(rows)
	return t
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

// walk visits every step that was forecast, counting from 0.
func (t *trial) walk(visit func(p, k, i, h int)) {
	p := 0
	for k := range t.actual {
		for i := range t.actual[k] {
			for h, y := range t.actual[k][i] {
				if !math.IsNaN(y) {
					visit(p, k, i, h)
					p++
				}
			}
		}
	}
}

// measure sets the weights under which scaled and relative errors of the first
// model count alike.
func (t *trial) measure(rows []series) {
	t.weight = make([]float64, len(rows))
	for i, r := range rows {
		t.weight[i] = 1 / r.scale
	}
	scaled, relative := 0.0, 0.0
	t.walk(func(_, k, i, h int) {
		y, f := t.actual[k][i][h], t.forecasts[0][k][i][h]
		scaled += math.Abs(y-f) * t.weight[i]
		if d := math.Abs(y) + math.Abs(f); d > 0 {
			relative += math.Abs(y-f) / d
		}
	})
	if relative > 0 {
		t.relative = scaled / relative
	}
}

// errors returns each series' mean absolute error by model, in units of its
// scale, and the panel's mean of them. A series without any has the panel's.
func (t *trial) errors() (own [][]float64, mean []float64) {
	mean = make([]float64, len(t.forecasts))
	own = make([][]float64, len(t.weight))
	count := make([]float64, len(t.weight))
	for i := range own {
		own[i] = make([]float64, len(t.forecasts))
	}
	t.walk(func(_, k, i, h int) {
		count[i]++
		for m := range t.forecasts {
			own[i][m] += math.Abs(t.actual[k][i][h]-t.forecasts[m][k][i][h]) * t.weight[i]
		}
	})
	known := 0.0
	for i := range own {
		if count[i] == 0 {
			continue
		}
		known++
		for m := range mean {
			own[i][m] /= count[i]
			mean[m] += own[i][m]
		}
	}
	for m := range mean {
		mean[m] /= max(1, known)
	}
	for i := range own {
		if count[i] == 0 {
			copy(own[i], mean)
		}
	}
	return own, mean
}

func median(v []int) int {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
