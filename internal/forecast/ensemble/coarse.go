package ensemble

import (
	"math"
	"slices"
	"time"

	"drover/internal/forecast/panel"
)

// fineSeason is the longest season that models are fitted to as it is; longer
// ones are first brought down to coarseSteps.
const (
	fineSeason  = 48
	coarseSteps = 24
)

// coarse is the panel that models see: blocks of factor steps, each the median
// of its values, ending where the series end. A factor of one is the panel
// itself. What a block ahead will be is as hard to say as what its steps will
// be, and costs a factor less.
type coarse struct {
	factor  int
	season  int // of the fine panel
	rows    []series
	panel   *panel.Panel
	options Options
	fine    []fineShape
	lengths []int // of the fine series
}

// fineShape is what a series' steps have beyond their blocks.
type fineShape struct {
	pattern []float64 // by phase counted back from the end: usual distance from the blocks' line
	carry   float64   // share of the last distance that the next step keeps
}

// coarsen picks the factor and builds the panel.
func coarsen(rows []series, p *panel.Panel, o *Options) *coarse {
	c := &coarse{factor: 1, season: p.Season(), rows: rows, panel: p, options: *o}
	if s := p.Season(); s > fineSeason && s%coarseSteps == 0 {
		c.factor = s / coarseSteps
	}
	if c.factor == 1 {
		return c
	}
	c.panel = &panel.Panel{Step: p.Step * time.Duration(c.factor)}
	for _, s := range p.Seasons {
		if s%c.factor == 0 {
			c.panel.Seasons = append(c.panel.Seasons, s/c.factor)
		}
	}
	c.options.Horizon = (o.Horizon + c.factor - 1) / c.factor
	c.rows = make([]series, len(rows))
	c.fine = make([]fineShape, len(rows))
	for i := range rows {
		c.rows[i] = rows[i].blocks(c.factor)
		c.rows[i].scale = panel.Scale(c.rows[i].values, c.panel.Season())
		c.lengths = append(c.lengths, len(rows[i].values))
		c.fine[i] = newFineShape(rows[i].values, p.Season(), c.factor)
	}
	return c
}

// blocks returns the series in blocks of medians; what does not fill a block is
// left out at the beginning.
func (s *series) blocks(factor int) series {
	b := *s
	front := len(s.values) % factor
	if front == len(s.values) {
		front = 0
	}
	b.values = medians(s.values[front:], factor)
	if s.quiet != nil {
		b.quiet = medians(s.quiet[front:], factor)
	}
	b.blind = nil
	for _, x := range s.blind {
		b.blind = append(b.blind, blind{max(0, x.at-front) / factor, max(0, x.known-front)/factor + 1})
	}
	return b
}

// medians returns the median of each block, NaN where it is all missing.
func medians(x []float64, factor int) []float64 {
	out := make([]float64, 0, len(x)/factor+1)
	block := make([]float64, 0, factor)
	for from := 0; from < len(x); from += factor {
		block = block[:0]
		for _, v := range x[from:min(len(x), from+factor)] {
			if v == v {
				block = append(block, v)
			}
		}
		slices.Sort(block)
		v := math.NaN()
		if n := len(block); n > 0 {
			v = (block[n/2] + block[(n-1)/2]) / 2
		}
		out = append(out, v)
	}
	return out
}

// newFineShape measures how steps lie around the line through the medians
// around them: the median by phase, drawn to nothing, and the autocorrelation.
func newFineShape(x []float64, season, factor int) fineShape {
	f := fineShape{pattern: make([]float64, season)}
	n := len(x)
	distance := make([]float64, 0, n)
	byPhase := make([][]float64, season)
	window := make([]float64, 0, factor+1)
	for i := range x {
		from, to := max(0, i-factor/2), min(n, i+factor/2+1)
		window = append(window[:0], x[from:to]...)
		slices.Sort(window)
		d := x[i] - (window[len(window)/2]+window[(len(window)-1)/2])/2
		distance = append(distance, d)
		phase := (n - 1 - i) % season
		byPhase[phase] = append(byPhase[phase], d)
	}
	for phase, d := range byPhase {
		if len(d) < 4 {
			continue
		}
		slices.Sort(d)
		middle := (d[len(d)/2] + d[(len(d)-1)/2]) / 2
		spread := d[len(d)*3/4] - d[len(d)/4]
		variance := spread * spread / float64(len(d))
		if middle != 0 {
			f.pattern[phase] = middle * max(0, 1-variance/(middle*middle))
		}
	}
	above, square := 0.0, 0.0
	for i := 1; i < len(distance); i++ {
		above += distance[i] * distance[i-1]
		square += distance[i] * distance[i]
	}
	if square > 0 {
		f.carry = min(max(above/square, 0), 0.9)
	}
	return f
}

// refine spreads a forecast of blocks over steps: on the line through the
// blocks' middles, with the usual pattern of the phase, and with what is left
// of the last step's distance.
func (c *coarse) refine(i int, known, blocks []float64, horizon int) []float64 {
	if c.factor == 1 {
		return blocks[:horizon]
	}
	n := len(known)
	f := c.fine[i]
	tail := known[max(0, n-c.factor):]
	last := medians(tail, len(tail))[0]
	out := make([]float64, horizon)
	for h := range out {
		// The middle of block b lies (b+1/2)*factor after the origin.
		x := (float64(h)+0.5)/float64(c.factor) - 0.5
		b := int(math.Floor(x))
		low, high := last, blocks[min(b+1, len(blocks)-1)]
		if b >= 0 {
			low = blocks[b]
		}
		out[h] = low + float64((x-math.Floor(x))*(high-low))
	}
	carry := known[n-1] - (last+out[0])/2
	for h := range out {
		carry *= f.carry
		out[h] += carry + c.patternAt(i, n+h)
	}
	return out
}

// patternAt returns the pattern of step j of a series.
func (c *coarse) patternAt(i, j int) float64 {
	back := (c.lengths[i] - 1 - j) % c.season
	if back < 0 {
		back += c.season
	}
	return c.fine[i].pattern[back]
}
