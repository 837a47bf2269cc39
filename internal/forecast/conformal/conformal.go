// Package conformal turns the errors that a forecast made at rolling origins
// into intervals for the next one.
//
// Errors are brought to one scale by the series, by the phase of its season
// and by the block of the horizon; what is left is pooled over the fleet and
// mixed with the series' own. The scale that an origin's errors are divided by
// comes from the other origins (cross-conformal prediction; Vovk, Annals of
// Mathematics and AI 2015), so that the spread of the quotients includes the
// error of the scale itself.
package conformal

import (
	"math"
	"slices"
	"sort"
)

// Errors are the residuals (value less forecast) of one series.
type Errors struct {
	// Residuals by origin, oldest first, and step; NaN: no value came.
	Residuals [][]float64
	// Shape by origin and step is how large errors usually are at that phase,
	// 1 on average; the same length as Residuals.
	Shape [][]float64
	// Scale is a first guess of the mean absolute error, in the series' unit.
	Scale float64
}

// Bands are the calibrated error quantiles.
type Bands struct {
	levels []float64
	growth []float64 // by block of the horizon
	block  int       // steps of a block
	scale  []float64 // by series
	own    [][]float64
	weight []float64
	fleet  []float64
}

const (
	maxBlocks    = 4
	caution      = 1.04 // the next errors are a little larger than those the weights were chosen on
	scaleOrigins = 1.0  // origins' worth of the first guess in a series' scale
	ownOrigins   = 12   // origins' worth of the fleet in a series' quantiles
)

// Calibrate learns the bands for the levels from the errors of all series.
func Calibrate(series []Errors, horizon int, levels []float64) *Bands {
	b := &Bands{levels: levels, block: max(1, (horizon+maxBlocks-1)/maxBlocks)}
	b.growth = growth(series, b.block, (horizon+b.block-1)/b.block)
	guess := b.ratio(series)
	var pool []float64
	for _, s := range series {
		var own []float64
		for k := range s.Residuals {
			scale := b.scaleOf(s, guess, k)
			for h, r := range s.Residuals[k] {
				if u := r / (scale * s.Shape[k][h] * b.growthAt(h)); !math.IsNaN(u) && !math.IsInf(u, 0) {
					own = append(own, u)
				}
			}
		}
		pool = append(pool, own...)
		slices.Sort(own)
		b.own = append(b.own, quantiles(own, levels))
		b.scale = append(b.scale, b.scaleOf(s, guess, -1))
		origins := 0.0
		if len(own) > 0 {
			origins = float64(len(own)) / float64(horizon)
		}
		b.weight = append(b.weight, origins/(origins+ownOrigins))
	}
	slices.Sort(pool)
	b.fleet = quantiles(pool, levels)
	if len(pool) < 20 {
		b.fleet = laplace(levels)
	}
	return b
}

// growth is how much larger errors are in each block of the horizon than on
// average over it.
func growth(series []Errors, block, blocks int) []float64 {
	sum, count := make([]float64, blocks), make([]float64, blocks)
	for _, s := range series {
		for k := range s.Residuals {
			for h, r := range s.Residuals[k] {
				if v := math.Abs(r) / (s.Scale * s.Shape[k][h]); !math.IsNaN(v) && !math.IsInf(v, 0) {
					sum[h/block] += min(v, 20)
					count[h/block]++
				}
			}
		}
	}
	all, n := 0.0, 0.0
	for i := range sum {
		all, n = all+sum[i], n+count[i]
	}
	out := make([]float64, blocks)
	for i := range out {
		out[i] = 1
		if count[i] > 0 && all > 0 {
			out[i] = (sum[i] + 50*all/n) / (count[i] + 50) / (all / n)
		}
	}
	return out
}

// growthAt interpolates between the middles of the blocks.
func (b *Bands) growthAt(h int) float64 {
	x := (float64(h)+0.5)/float64(b.block) - 0.5
	i := int(math.Floor(x))
	low, high := b.growth[min(max(i, 0), len(b.growth)-1)], b.growth[min(max(i+1, 0), len(b.growth)-1)]
	return low + float64((x-math.Floor(x))*(high-low))
}

// ratio is the fleet's median of the mean absolute error over the first guess.
func (b *Bands) ratio(series []Errors) float64 {
	var ratios []float64
	for _, s := range series {
		if sum, n := b.spread(s, -1); n > 0 && s.Scale > 0 {
			ratios = append(ratios, sum/n/s.Scale)
		}
	}
	if len(ratios) == 0 {
		return 1
	}
	sort.Float64s(ratios)
	return max(ratios[len(ratios)/2], 1e-9)
}

// spread sums a series' absolute errors at all origins but one, brought to the
// average phase and block. Newer origins count for more.
func (b *Bands) spread(s Errors, leave int) (sum, n float64) {
	for k := range s.Residuals {
		if k == leave {
			continue
		}
		w := math.Pow(0.85, float64(len(s.Residuals)-1-k))
		for h, r := range s.Residuals[k] {
			if v := math.Abs(r) / (s.Shape[k][h] * b.growthAt(h)); !math.IsNaN(v) {
				sum, n = sum+w*v, n+w
			}
		}
	}
	return sum, n
}

// scaleOf is a series' mean absolute error, drawn to the first guess.
func (b *Bands) scaleOf(s Errors, guess float64, leave int) float64 {
	sum, n := b.spread(s, leave)
	steps := 0.0
	if len(s.Residuals) > 0 {
		steps = scaleOrigins * float64(len(s.Residuals[0]))
	}
	if n+steps == 0 { // never judged: no better than its first guess
		return s.Scale * max(guess, 1)
	}
	return (sum + steps*s.Scale*guess) / (n + steps)
}

// quantiles returns sample quantiles, linear between order statistics and a
// little outside the outermost (Hyndman & Fan type 6).
func quantiles(sorted, levels []float64) []float64 {
	out := make([]float64, len(levels))
	n := len(sorted)
	if n == 0 {
		return out
	}
	for l, p := range levels {
		x := p*float64(n+1) - 1
		i := int(math.Floor(x))
		low, high := sorted[min(max(i, 0), n-1)], sorted[min(max(i+1, 0), n-1)]
		out[l] = low + float64((x-math.Floor(x))*(high-low))
	}
	return out
}

// laplace are the quantiles of a Laplace distribution with a mean absolute
// error of one: what is believed where nothing was measured.
func laplace(levels []float64) []float64 {
	out := make([]float64, len(levels))
	for l, p := range levels {
		if p < 0.5 {
			out[l] = math.Log(2 * p)
		} else {
			out[l] = -math.Log(2 * (1 - p))
		}
	}
	return out
}

// Offsets fills out with what has to be added to a point forecast of a series
// at a step to reach each level; shape is that of the step.
func (b *Bands) Offsets(series, h int, shape float64, out []float64) {
	scale := b.scale[series] * shape * b.growthAt(h)
	w := b.weight[series]
	centre := w*at(b.levels, b.own[series], 0.5) + (1-w)*at(b.levels, b.fleet, 0.5)
	for l := range b.levels {
		out[l] = (w*b.own[series][l] + (1-w)*b.fleet[l] - centre) * scale * caution
	}
	slices.Sort(out)
}

// at interpolates a value at a level.
func at(levels, values []float64, p float64) float64 {
	i := sort.SearchFloat64s(levels, p)
	if i == 0 {
		return values[0]
	}
	if i == len(levels) {
		return values[i-1]
	}
	w := (p - levels[i-1]) / (levels[i] - levels[i-1])
	return values[i-1] + float64(w*(values[i]-values[i-1]))
}
