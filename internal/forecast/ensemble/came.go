package ensemble

import "math"

// came is all steps that were forecast and came, in the order of origins, series
// and steps, one column after the other.
type came struct {
	series    []int
	actual    []float64
	size      []float64   // absolute values of actual
	weight    []float64   // of absolute errors
	forecasts [][]float64 // by model
}

// gather collects the steps of a trial.
func (t *trial) gather() {
	t.came = came{forecasts: make([][]float64, len(t.forecasts))}
	c := &t.came
	for k := range t.actual {
		for i, actual := range t.actual[k] {
			for h, y := range actual {
				if math.IsNaN(y) {
					continue
				}
				c.series, c.actual = append(c.series, i), append(c.actual, y)
				c.size, c.weight = append(c.size, math.Abs(y)), append(c.weight, t.weight[i])
				for m := range c.forecasts {
					c.forecasts[m] = append(c.forecasts[m], t.forecasts[m][k][i][h])
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
	t.gather()
	scaled, relative := 0.0, 0.0
	for p, y := range t.came.actual {
		f := t.came.forecasts[0][p]
		scaled += math.Abs(y-f) * t.came.weight[p]
		if d := math.Abs(y) + math.Abs(f); d > 0 {
			relative += math.Abs(y-f) / d
		}
	}
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
	for p, i := range t.came.series {
		count[i]++
		for m, f := range t.came.forecasts {
			own[i][m] += math.Abs(t.came.actual[p]-f[p]) * t.weight[i]
		}
	}
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
