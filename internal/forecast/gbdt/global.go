package gbdt

import (
	"math"
	"math/rand/v2"

	"drover/internal/forecast/linear"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/smoothing"
)

// Global is one forest for all series and all steps of the horizon. It learns
// how far a value lies from the last known one of its phase.
type Global struct {
	Options
	// MaxRows bounds the rows learned from, spread evenly over the series.
	MaxRows int
}

// Default is what the ensemble uses: about eight CPU seconds for 130,000 rows.
func Default() Global {
	return Global{Options: Options{Trees: 240, Leaves: 64, MinRows: 40, Rate: 0.065, Rows: 0.45, Columns: 0.6, Shrink: 10, Level: 0.5}, MaxRows: 130_000}
}

// Name implements panel.Model.
func (Global) Name() string { return "gbdt" }

type fittedGlobal struct {
	views  []view
	forest *Forest
	extras []panel.Fitted
}

// Fit implements panel.Model.
func (g Global) Fit(t *panel.Task) panel.Fitted {
	f := &fittedGlobal{views: make([]view, len(t.Histories))}
	for i, x := range t.Histories {
		f.views[i] = newView(x, t.Season(0), t.Season(1), t.Offsets[i])
	}
	for s := range t.Seasons {
		if s < 2 {
			f.extras = append(f.extras, linear.Pooled{Season: s, Lags: 8, Penalty: 0.02, Log: true}.Fit(t))
		}
	}
	f.extras = append(f.extras, smoothing.Double{}.Fit(t))
	columns, target := g.rows(t, f)
	if len(target) < 4*g.MinRows {
		return f
	}
	o := g.Options
	o.Seed += t.Seed
	f.forest = Boost(NewMatrix(columns), target, o)
	return f
}

// rows draws origins and steps evenly, the same for the same task.
func (g Global) rows(t *panel.Task, f *fittedGlobal) (columns [][]float32, target []float32) {
	rng := rand.New(rand.NewPCG(g.Seed+t.Seed, 17))
	columns = make([][]float32, featureCount)
	for c := range columns {
		columns[c] = make([]float32, 0, g.MaxRows)
	}
	perSeries := max(1, g.MaxRows/max(1, len(t.Histories)))
	row := make([]float32, featureCount)
	const steps = 6
	for i, x := range t.Histories {
		v := &f.views[i]
		first := min(v.day*8, len(x)/2)
		last := len(x) - t.Horizon
		if last <= first || first < 2 {
			continue
		}
		z := v.transform(x)
		sum := prefix(z)
		origins := min(last-first+1, max(1, perSeries/steps))
		for o := range origins {
			n := first + int(float64(o)+rng.Float64())*(last-first)/origins
			n = min(max(n, first), last)
			r := v.origin(z, sum, n)
			extra := f.extra(i, x[:n], v, t.Horizon)
			for range steps {
				h := rng.IntN(t.Horizon)
				anchor, _ := v.anchor(z[:n], n, h)
				v.row(row, &r, h, at(extra, h))
				for c := range columns {
					columns[c] = append(columns[c], row[c])
				}
				target = append(target, float32((z[n+h]-anchor)/v.unit))
			}
		}
	}
	return columns, target
}

// extra returns what the pooled regressions and the smoothing forecast, in
// transformed values: they remember more than the last weeks.
func (f *fittedGlobal) extra(i int, x []float64, v *view, horizon int) [][]float64 {
	out := make([][]float64, len(f.extras))
	for e, m := range f.extras {
		out[e] = v.transform(m.Forecast(i, x, horizon))
	}
	return out
}

func at(rows [][]float64, h int) []float64 {
	out := make([]float64, len(rows))
	for i := range rows {
		out[i] = rows[i][h]
	}
	return out
}

func prefix(z []float64) []float64 {
	sum := make([]float64, len(z)+1)
	for i, v := range z {
		sum[i+1] = sum[i] + v
	}
	return sum
}

// Forecast implements panel.Fitted.
func (f *fittedGlobal) Forecast(series int, history []float64, horizon int) []float64 {
	v := &f.views[series]
	if f.forest == nil || len(history) <= v.day {
		return panel.Naive(history, v.day, horizon)
	}
	z := v.transform(history)
	r := v.origin(z, prefix(z), len(z))
	extra := f.extra(series, history, v, horizon)
	out, row := make([]float64, horizon), make([]float32, featureCount)
	for h := range out {
		anchor, _ := v.anchor(z, len(z), h)
		v.row(row, &r, h, at(extra, h))
		out[h] = anchor + float64(v.unit*f.forest.Predict(row))
		if v.log {
			out[h] = math.Exp(min(out[h], 700))
		}
	}
	return out
}
