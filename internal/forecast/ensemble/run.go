package ensemble

import (
	"math"

	"drover/internal/forecast/conformal"
	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// Forecast is what is expected of one series.
type Forecast struct {
	ID        string
	First     model.Instant // of step 0
	Quantiles model.Quantiles
	// Weights are the models' shares, in the order of Result.Models.
	Weights []float64
}

// Result is a forecast panel.
type Result struct {
	Models []string
	Series []Forecast
}

// Run forecasts a panel.
func Run(p *panel.Panel, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Zone != nil {
		return runLocal(p, o)
	}
	rows := prepare(p, &o)
	c := coarsen(rows, p, &o)
	j := join(c, &o)
	shapes := make([][]float64, len(rows))
	for i, r := range rows {
		shapes[i] = shape(r.values, p.Season())
	}
	bands := calibrate(j.trial, j.shares, rows, shapes, c, &o)
	result := &Result{Series: make([]Forecast, len(rows)), Models: j.names}
	for i, r := range rows {
		point := c.refine(i, r.values, j.points[i], o.Horizon)
		result.Series[i] = Forecast{ID: r.id, First: r.start + model.Instant(int64(len(r.values))*p.Step.Milliseconds()),
			Quantiles: r.quantiles(point, bands, i, shapes[i], &o), Weights: j.shares.series[i]}
	}
	return result, nil
}

// joined is the ensemble's point forecasts with what they were made of.
type joined struct {
	names  []string
	trial  *trial
	shares shares
	fitted []panel.Fitted // of the models in use
	points [][]float64    // by series and step of the coarse panel
}

// join fits the models, weighs them at the rolling origins and forecasts from
// the end.
func join(c *coarse, o *Options) *joined {
	ms := models(o.Model, o)
	j := &joined{trial: roll(ms, c.rows, c.panel, &c.options), points: make([][]float64, len(c.rows))}
	for _, m := range ms {
		j.names = append(j.names, m.Name())
	}
	j.shares = weigh(j.trial, c.rows)
	used := inUse(j.shares.fleet)
	if o.Effort == Quick && j.trial.fitted != nil {
		for _, m := range used {
			j.fitted = append(j.fitted, j.trial.fitted[m])
		}
	} else {
		j.fitted = refit(ms, used, j.trial, c)
	}
	points := forecastAll(j.fitted, c.rows, &c.options)
	ends := limitsOf(c.rows, whole(c.rows))
	for i := range c.rows {
		sum := make([]float64, c.options.Horizon)
		for h := range sum {
			for k, m := range used {
				sum[h] += j.shares.series[i][m] * points[k][i][h]
			}
		}
		ends[i].clamp(sum)
		j.points[i] = sum
	}
	return j
}

// refit fits the models in use to the whole histories.
func refit(ms []panel.Model, used []int, t *trial, c *coarse) []panel.Fitted {
	var final []panel.Model
	var before []panel.Fitted
	for _, m := range used {
		final = append(final, ms[m])
		if t.fitted != nil {
			before = append(before, t.fitted[m])
		}
	}
	return fitAll(final, before, histories(c.rows, 0, c.panel.Season()), c.rows, c.panel, &c.options)
}

// inUse lists the models with a weight; the others need not be fitted again.
func inUse(w []float64) []int {
	var used []int
	for m, v := range w {
		if v > 0 {
			used = append(used, m)
		}
	}
	return used
}

// whole returns the series' values.
func whole(rows []series) [][]float64 {
	out := make([][]float64, len(rows))
	for i, r := range rows {
		out[i] = r.values
	}
	return out
}

func forecastAll(fitted []panel.Fitted, rows []series, o *Options) [][][]float64 {
	points := make([][][]float64, len(fitted))
	ends := limitsOf(rows, whole(rows))
	o.each(len(fitted), func(m int) {
		points[m] = make([][]float64, len(rows))
		for i, r := range rows {
			f := fitted[m].Forecast(i, r.values, o.Horizon)
			ends[i].clamp(f)
			points[m][i] = f
		}
	})
	return points
}

// calibrate measures the joined forecast's errors at the rolling origins.
func calibrate(t *trial, s shares, rows []series, shapes [][]float64, c *coarse, o *Options) *conformal.Bands {
	errors := make([]conformal.Errors, len(rows))
	for i, r := range rows {
		errors[i].Scale = r.scale
		for k, back := range t.backs {
			if t.actual[k][i] == nil || r.constant {
				continue
			}
			n := len(r.values) - back*c.factor
			f := c.refine(i, r.known(n, c.season), t.join(s, k, i), o.Horizon)
			e, sh := make([]float64, o.Horizon), make([]float64, o.Horizon)
			truth := r.truth(n, o.Horizon)
			for h := range e {
				e[h] = math.NaN()
				if h < len(truth) {
					e[h] = truth[h] - f[h]
				}
				sh[h] = shapes[i][(n+h)%len(shapes[i])]
			}
			errors[i].Residuals = append(errors[i].Residuals, e)
			errors[i].Shape = append(errors[i].Shape, sh)
		}
	}
	return conformal.Calibrate(errors, o.Horizon, o.Levels)
}

// join returns the weighted forecast of one origin and series.
func (t *trial) join(s shares, k, i int) []float64 {
	out := make([]float64, len(t.actual[k][i]))
	for m, w := range s.series[i] {
		if w > 0 {
			for h, f := range t.forecasts[m][k][i] {
				out[h] += w * f
			}
		}
	}
	return out
}

// shape is how much a series' seasonal difference at a phase usually is, over
// the average; smoothed over neighbours and drawn to 1.
func shape(x []float64, season int) []float64 {
	out := make([]float64, max(1, season))
	sum, count := make([]float64, len(out)), make([]float64, len(out))
	all, n := 0.0, 0.0
	for i := season; i < len(x) && season > 1; i++ {
		d := math.Abs(x[i] - x[i-season])
		sum[i%season] += d
		count[i%season]++
		all, n = all+d, n+1
	}
	for i := range out {
		out[i] = 1
		if all > 0 {
			before, after := (i+len(out)-1)%len(out), (i+1)%len(out)
			s := sum[i] + (sum[before]+sum[after])/2
			c := count[i] + (count[before]+count[after])/2
			out[i] = (s + 10*all/n) / (c + 10) / (all / n)
		}
	}
	return out
}

// quantiles spreads a point forecast out.
func (s *series) quantiles(point []float64, bands *conformal.Bands, i int, shape []float64, o *Options) model.Quantiles {
	q := model.Quantiles{Levels: o.Levels, Mean: make([]float64, len(point)), Values: make([][]float64, len(point))}
	point = append([]float64(nil), point...)
	doubt := make([]float64, len(point))
	if s.learned != nil {
		doubt = s.learned.Apply(s.values, point)
	}
	for h, centre := range point {
		row := make([]float64, len(o.Levels))
		if !s.constant {
			bands.Offsets(i, h, shape[(len(s.values)+h)%len(shape)], row)
		}
		widen(row, o.Levels, doubt[h])
		mean := 0.0
		for l := range row {
			row[l] = min(max(centre+row[l], s.lower), s.upper)
			mean += row[l] * share(o.Levels, l)
		}
		q.Values[h], q.Mean[h] = row, mean
	}
	return q
}

// widen joins the offsets of a calibrated band with a normal error of the
// standard deviation that an event's effect has.
func widen(row, levels []float64, doubt float64) {
	if doubt == 0 {
		return
	}
	for l, p := range levels {
		row[l] = math.Copysign(math.Hypot(row[l], doubt*1.4142135623730951*math.Erfinv(2*p-1)), p-0.5)
	}
}

// share is the probability that stands for a level when a mean is taken over
// the quantiles.
func share(levels []float64, l int) float64 {
	low, high := 0.0, 1.0
	if l > 0 {
		low = (levels[l] + levels[l-1]) / 2
	}
	if l < len(levels)-1 {
		high = (levels[l] + levels[l+1]) / 2
	}
	return high - low
}
