package linear

import (
	"math"
	"slices"

	"drover/internal/forecast/panel"
)

// Ridge is the direct autoregressive ridge on seasonal differences (Hoerl &
// Kennard, Technometrics 1970), per series with shrinkage to all series: the
// normal equations of a series are added to Strength rows' worth of the mean
// equations of the panel, an empirical Bayes prior.
type Ridge struct {
	Label string
	// Season is the place in the task's seasons of the season to difference at.
	Season int
	// Lags is how many differences are seen, in units of the shortest season.
	Lags int
	// Strength is the weight of the panel's mean, in rows.
	Strength float64
	// Penalty is added to the diagonal for each row.
	Penalty float64
	// Log fits logarithms where every value of a history is positive.
	Log bool
}

// Name implements panel.Model.
func (r Ridge) Name() string { return r.Label }

// Pooled is the Ridge with one set of coefficients for all series.
type Pooled struct {
	Season, Lags int
	Penalty      float64
	Log          bool
}

// Name implements panel.Model.
func (Pooled) Name() string { return "ar-pooled" }

// Fit implements panel.Model.
func (p Pooled) Fit(t *panel.Task) panel.Fitted {
	return p.Stepped(t)
}

// Stepped is Fit by a narrower contract.
func (p Pooled) Stepped(t *panel.Task) panel.Stepped {
	return Ridge{Season: p.Season, Lags: p.Lags, Strength: math.Inf(1), Penalty: p.Penalty, Log: p.Log}.Stepped(t)
}

// fittedRidge holds the coefficients of each series, horizon x lags.
type fittedRidge struct {
	window
	log   []bool
	coef  [][]float64
	limit float64
	logs  *panel.Running
	sizes *panel.Running // sums of the absolute differences
}

const clip = 6 // differences beyond so many mean ones count as that many

// Fit implements panel.Model.
func (r Ridge) Fit(t *panel.Task) panel.Fitted { return r.Stepped(t) }

// Stepped is Fit by a narrower contract.
func (r Ridge) Stepped(t *panel.Task) panel.Stepped {
	w := r.window(t)
	f := &fittedRidge{window: w, log: make([]bool, len(t.Histories)), coef: make([][]float64, len(t.Histories)), limit: clip, logs: t.Logs()}
	f.sizes = panel.NewRunning(len(t.Histories), f.size)
	if w.lags < 1 {
		return f
	}
	for i, x := range t.Histories {
		f.log[i] = r.Log && panel.Positive(x)
	}
	sum, pooled := f.pool(t)
	if pooled == 0 {
		return f
	}
	poolG, poolC := w.normal(sum)
	if math.IsInf(r.Strength, 1) {
		common := solveAll(w, poolG, poolC, r.Penalty*pooled)
		for i := range f.coef {
			f.coef[i] = common
		}
		return f
	}
	strength := r.Strength / pooled
	if pooled == 1 {
		strength = 0
	}
	for i, x := range t.Histories {
		g, c, rows := make([]float64, len(poolG)), make([]float64, len(poolC)), max(0, w.rows(len(x)))
		if rows > 0 {
			e, _ := w.differences(f.view(i, x), clip)
			g, c = w.normal(w.products(e))
		}
		addScaled(g, poolG, strength)
		addScaled(c, poolC, strength)
		f.coef[i] = solveAll(w, g, c, r.Penalty*(float64(rows)+r.Strength))
	}
	return f
}

// pool adds up every history's products per row, and counts the histories.
func (f *fittedRidge) pool(t *panel.Task) (sum []float64, pooled float64) {
	sum = make([]float64, (f.horizon+f.lags)*(f.horizon+f.lags))
	for i, x := range t.Histories {
		if rows := f.rows(len(x)); rows > 0 {
			e, _ := f.differences(f.view(i, x), clip)
			f.addSteps(e, 1/float64(rows), sum)
			pooled++
		}
	}
	f.slide(sum)
	return sum, pooled
}

// window cuts the lags to what most of the histories can fill.
func (r Ridge) window(t *panel.Task) window {
	w := window{period: max(1, t.Season(max(0, min(r.Season, len(t.Seasons)-1)))), horizon: t.Horizon}
	unit := max(1, t.Season(0))
	if unit == 1 {
		unit = max(2, t.Horizon)
	}
	w.lags = r.Lags * unit
	lengths := make([]int, 0, len(t.Histories))
	for _, x := range t.Histories {
		lengths = append(lengths, len(x))
	}
	slices.Sort(lengths)
	median := 0
	if len(lengths) > 0 {
		median = lengths[(len(lengths)-1)/2]
	}
	for w.lags > 0 && w.rows(median) < max(w.lags/2, 8) {
		w.lags -= max(1, w.lags/8)
	}
	return w
}

func solveAll(w window, g, c []float64, penalty float64) []float64 {
	for i := range w.lags {
		g[i*w.lags+i] += penalty + 1e-9
	}
	if !cholesky(g, w.lags) {
		return make([]float64, len(c))
	}
	for h := range w.horizon {
		row := c[h*w.lags : (h+1)*w.lags]
		forward(g, w.lags, row)
		backward(g, w.lags, row)
	}
	return c
}

// view is a history as the regression sees it.
func (f *fittedRidge) view(series int, x []float64) []float64 {
	return panel.View(f.logs, f.log[series], series, x)
}

// size adds up the absolute differences of a history: what Running extends.
func (f *fittedRidge) size(series int, history, done []float64) []float64 {
	z, sum := f.view(series, history), 0.0
	if len(done) > 0 {
		sum = done[len(done)-1]
	}
	for i := len(done); i < len(z); i++ {
		if i >= f.period {
			sum += math.Abs(z[i] - z[i-f.period])
		}
		done = append(done, sum)
	}
	return done
}

// recent returns the latest differences, the newest first, as differences does,
// and their unit; nil where there are too few.
func (f *fittedRidge) recent(series int, history, z []float64) (e []float64, unit float64) {
	n := len(z) - f.period
	if n < f.lags || n < 1 {
		return nil, 1
	}
	unit = f.sizes.Of(series, history)[len(z)-1] / float64(n)
	if !(unit > 0) {
		unit = 1
	}
	e = make([]float64, f.lags)
	for j := range e {
		i := len(z) - 1 - j
		e[j] = min(max((z[i]-z[i-f.period])/unit, -f.limit), f.limit)
	}
	return e, unit
}

// Forecast implements panel.Fitted.
func (f *fittedRidge) Forecast(series int, history []float64, horizon int) []float64 {
	return f.At(series, history, panel.Steps(horizon))
}

// At implements panel.Stepped.
func (f *fittedRidge) At(series int, history []float64, steps []int) []float64 {
	z := f.view(series, history)
	recent, unit := f.recent(series, history, z)
	coef, season := f.coef[series], f.period
	if len(z) < season {
		season = 1
	}
	out := make([]float64, len(steps))
	for k, h := range steps {
		out[k] = z[len(z)-season+h%season]
		if coef != nil && recent != nil && h < f.horizon {
			out[k] += unit * dot(coef[h*f.lags:(h+1)*f.lags], recent)
		}
		if f.log[series] {
			out[k] = math.Exp(min(out[k], 700))
		}
	}
	return out
}

func addScaled(to, from []float64, w float64) {
	to = to[:len(from)]
	for i, v := range from {
		to[i] += w * v
	}
}
