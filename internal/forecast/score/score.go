// Package score judges forecasts: the errors of the M4 competition and of
// probabilistic forecasts, exactly as the scoring scripts of the project's
// documents define them.
package score

import (
	"math"

	"drover/internal/model"
)

// SMAPE is the symmetric mean absolute percentage error of M4, 0..200.
func SMAPE(actual, point []float64) float64 {
	sum, n := 0.0, 0
	for i, y := range actual {
		if math.IsNaN(y) {
			continue
		}
		n++
		if y != 0 || point[i] != 0 {
			sum += 200 * math.Abs(y-point[i]) / (math.Abs(y) + math.Abs(point[i]))
		}
	}
	return sum / float64(max(1, n))
}

// MAE is the mean absolute error over the values that are present.
func MAE(actual, point []float64) float64 {
	sum, n := 0.0, 0
	for i, y := range actual {
		if !math.IsNaN(y) {
			sum += math.Abs(y - point[i])
			n++
		}
	}
	return sum / float64(max(1, n))
}

// MASE is MAE over the mean absolute seasonal difference of the history
// (Hyndman & Koehler, IJF 2006).
func MASE(history, actual, point []float64, season int) float64 {
	sum, n := 0.0, 0
	for i := season; i < len(history); i++ {
		if d := math.Abs(history[i] - history[i-season]); !math.IsNaN(d) {
			sum += d
			n++
		}
	}
	return MAE(actual, point) / (sum / float64(max(1, n)))
}

// Tally gathers scores over series and origins.
type Tally struct {
	Windows                          int
	smape, mase, smapeNaive, maseRef float64
	covered, below95, below99        float64
	loss, weight                     float64
	bias                             float64
	Crossings                        int
}

// Add judges one forecast of one series from one origin. Levels that the
// quantiles do not hold are interpolated.
func (t *Tally) Add(history, actual []float64, q model.Quantiles, season int) {
	point := make([]float64, len(actual))
	for h := range point {
		point[h] = q.At(h, 0.5)
	}
	reference := Naive2(history, len(actual), season)
	m := MASE(history, actual, point, season)
	if math.IsNaN(m) || math.IsInf(m, 0) {
		return
	}
	t.Windows++
	t.mase += m
	t.maseRef += MASE(history, actual, reference, season)
	t.smape += SMAPE(actual, point)
	t.smapeNaive += SMAPE(actual, reference)
	t.addQuantiles(actual, q)
}

// Merge adds what another tally gathered.
func (t *Tally) Merge(o *Tally) {
	t.Windows += o.Windows
	t.Crossings += o.Crossings
	t.smape, t.mase = t.smape+o.smape, t.mase+o.mase
	t.smapeNaive, t.maseRef = t.smapeNaive+o.smapeNaive, t.maseRef+o.maseRef
	t.covered, t.below95, t.below99 = t.covered+o.covered, t.below95+o.below95, t.below99+o.below99
	t.loss, t.weight = t.loss+o.loss, t.weight+o.weight
	t.bias += o.bias
}

func (t *Tally) addQuantiles(actual []float64, q model.Quantiles) {
	in, b95, b99, n := 0.0, 0.0, 0.0, 0.0
	for h, y := range actual {
		if math.IsNaN(y) {
			continue
		}
		n++
		t.weight += math.Abs(y)
		t.bias += q.At(h, 0.5) - y
		for l := 1; l <= 9; l++ {
			p := float64(l) / 10
			t.loss += 2 * Pinball(p, y-q.At(h, p)) / 9
		}
		if y >= q.At(h, 0.1) && y <= q.At(h, 0.9) {
			in++
		}
		if y <= q.At(h, 0.95) {
			b95++
		}
		if y <= q.At(h, 0.99) {
			b99++
		}
		for l := 1; l < len(q.Levels); l++ {
			if q.Values[h][l] < q.Values[h][l-1] {
				t.Crossings++
				break
			}
		}
	}
	if n > 0 {
		t.covered += in / n
		t.below95 += b95 / n
		t.below99 += b99 / n
	}
}

// Pinball is the quantile loss of an error (value less forecast) at a level.
func Pinball(level, err float64) float64 { return max(level*err, (level-1)*err) }

// Result is a Tally in numbers.
type Result struct {
	OWA       float64 `json:"owa"`
	SMAPE     float64 `json:"smape"`
	MASE      float64 `json:"mase"`
	WQL       float64 `json:"wql"`
	Cov80     float64 `json:"cov80"`
	P95       float64 `json:"p95"`
	P99       float64 `json:"p99"`
	Bias      float64 `json:"bias"` // of the median, as a share of the mean absolute value
	Crossings int     `json:"crossings"`
	Windows   int     `json:"windows"`
}

// Result returns the means. OWA is that of M4: both errors over Naive2's.
func (t *Tally) Result() Result {
	n := float64(max(1, t.Windows))
	r := Result{SMAPE: t.smape / n, MASE: t.mase / n, Cov80: t.covered / n, P95: t.below95 / n, P99: t.below99 / n,
		Crossings: t.Crossings, Windows: t.Windows}
	if t.smapeNaive > 0 && t.maseRef > 0 {
		r.OWA = (t.smape/t.smapeNaive + t.mase/t.maseRef) / 2
	}
	if t.weight > 0 {
		r.WQL = t.loss / t.weight
		r.Bias = t.bias / t.weight
	}
	return r
}
