package gbdt

import (
	"math"
	"math/rand/v2"

	"drover/internal/forecast/base"
	"drover/internal/forecast/panel"
)

// Global is one set of forests for all series and all steps of the horizon. Half
// of them learn how far a value lies from the last known one of its phase, half
// how far from the mean of the base forecasts: their errors differ, and their
// mean is better than either.
type Global struct {
	Options
	// Forests are averaged; each has a seed of its own.
	Forests int
	// MaxRows bounds the rows learned from, PerSeries, where above zero, those for
	// each series, of which a panel has Least at least. Series whose values swing more give
	// more of them, because scaled and relative errors are to count alike.
	MaxRows, PerSeries, Least int
}

// Default is what the ensemble uses where time is no matter: about five CPU
// seconds a forest for 130,000 rows.
func Default() Global {
	return Global{Options: Options{Trees: 200, Leaves: 64, MinRows: 40, Rate: 0.075, Rows: 0.45, Columns: 0.6, Shrink: 10, Level: 0.5},
		Forests: 2, MaxRows: 130_000}
}

// Quick is what the stream can afford: a CPU millisecond a series.
func Quick() Global {
	return Global{Options: Options{Trees: 50, Leaves: 24, MinRows: 30, Rate: 0.15, Rows: 0.5, Columns: 0.5, Shrink: 10, Level: 0.5},
		Forests: 1, MaxRows: 16_000, PerSeries: 40, Least: 1500}
}

// Name implements panel.Model.
func (Global) Name() string { return "gbdt" }

type fittedGlobal struct {
	views   []view
	forests []grown
	base    *base.Forecasts
	logs    *panel.Running
}

// grown is a forest and what its target is measured from.
type grown struct {
	*Forest
	fromBase bool
}

// Fit implements panel.Model.
func (g Global) Fit(t *panel.Task) panel.Fitted { return g.fit(t) }

func (g Global) fit(t *panel.Task) *fittedGlobal {
	f := &fittedGlobal{views: make([]view, len(t.Histories)), base: base.Of(t), logs: t.Logs()}
	for i, x := range t.Histories {
		f.views[i] = newView(f.logs, i, x, t.Season(0), t.Season(1), t.Offsets[i])
	}
	count := max(1, g.Forests)
	sides := g.rows(t, f, min(2, count))
	if len(sides[0].target) < 4*g.MinRows {
		return f
	}
	matrices := make([]*Matrix, len(sides))
	for i := range sides {
		matrices[i] = NewMatrix(sides[i].columns)
	}
	for k := range count {
		o := g.Options
		o.Seed = g.Seed + t.Seed + uint64(1000*k)
		f.forests = append(f.forests, grown{Boost(matrices[k%2], sides[k%2].target, o), k%2 == 1})
	}
	return f
}

// Refit implements panel.Continuer: what was grown on the shorter histories
// stays and is averaged with what is grown now.
func (g Global) Refit(before panel.Fitted, t *panel.Task) panel.Fitted {
	g.Seed += 500
	f := g.fit(t)
	if b, ok := before.(*fittedGlobal); ok && len(f.forests) > 0 {
		f.forests = append(f.forests, b.forests...)
	}
	return f
}

const stepsPerOrigin = 6

// rows draws origins and steps evenly over each series' share, the same for the
// same task and seed, and measures them from one or from both sides.
func (g Global) rows(t *panel.Task, f *fittedGlobal, count int) []side {
	rng := rand.New(rand.NewPCG(g.Seed+t.Seed, 17))
	sides := make([]side, count)
	for i := range sides {
		sides[i].columns = make([][]float32, featureCount)
	}
	row, steps := make([]float32, featureCount), make([]int, stepsPerOrigin)
	most, shares := g.most(len(t.Histories)), f.shares()
	for i, x := range t.Histories {
		v := &f.views[i]
		first := min(v.day*8, len(x)/2)
		last := len(x) - t.Horizon
		if last <= first || first < 2 {
			continue
		}
		z := panel.View(f.logs, v.log, i, x)
		sum := prefix(z)
		origins := max(1, min(int(shares[i]*float64(most))/stepsPerOrigin, 3*(last-first)))
		for o := range origins {
			n := first + int((float64(o)+rng.Float64())*float64(last-first)/float64(origins))
			n = min(max(n, first), last)
			r := v.origin(z, sum, n)
			for j := range steps {
				steps[j] = rng.IntN(t.Horizon)
			}
			extra := v.seen(f.base.Each(i, x[:n], steps))
			for j, h := range steps {
				step := at(extra, j)
				for k := range sides {
					centre := v.centre(&r, h, step, k == 1)
					v.row(row, &r, h, step, centre)
					sides[k].add(row, float32((z[n+h]-centre)/v.unit))
				}
			}
		}
	}
	return sides
}

// side is rows measured from one centre, feature by feature.
type side struct {
	columns [][]float32
	target  []float32
}

func (s *side) add(row []float32, target float32) {
	for c, v := range row {
		s.columns[c] = append(s.columns[c], v)
	}
	s.target = append(s.target, target)
}

// most is how many rows a panel of n series is learned from.
func (g Global) most(n int) int {
	if g.PerSeries == 0 {
		return g.MaxRows
	}
	return min(g.MaxRows, max(g.PerSeries*n, g.Least))
}

// shares are the series' parts of the rows: half of them are spread evenly, half
// by how large a series' relative changes are.
func (f *fittedGlobal) shares() []float64 {
	const most = 8 // times the fleet's mean
	mean, n := 0.0, 0.0
	for _, v := range f.views {
		if v.log {
			mean, n = mean+min(v.unit, 1), n+1
		}
	}
	out, total := make([]float64, len(f.views)), 0.0
	for i, v := range f.views {
		out[i] = 2
		if v.log && mean > 0 {
			out[i] = 1 + min(v.unit/(mean/n), most)
		}
		total += out[i]
	}
	for i := range out {
		out[i] /= total
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
	if len(f.forests) == 0 || len(history) <= v.day {
		return panel.Naive(history, v.day, horizon)
	}
	z := panel.View(f.logs, v.log, series, history)
	r := v.origin(z, prefix(z), len(z))
	extra := v.seen(f.base.Kept(series, history, horizon))
	out, row := make([]float64, horizon), make([]float32, featureCount)
	words := make([]uint64, len(f.forests[0].trees))
	for h := range out {
		step := at(extra, h)
		for _, forest := range f.forests {
			centre := v.centre(&r, h, step, forest.fromBase)
			v.row(row, &r, h, step, centre)
			out[h] += (centre + float64(v.unit*forest.predict(row, words))) / float64(len(f.forests))
		}
		if v.log {
			out[h] = math.Exp(min(out[h], 700))
		}
	}
	return out
}
