package forecast

import (
	"fmt"
	"math"

	"drover/internal/model"
)

// Info says how far a forecast can be relied on.
type Info struct {
	// Trusted is false where there is less than one season of history or where
	// seasonal naive did better so far; Note says which. A planner then uses Peak.
	Trusted bool
	Note    string
	Model   string
	// MASE is the mean absolute error at the longest lead that has been judged,
	// over that of seasonal naive; NaN: not judged yet.
	MASE float64
	// Coverage80 is the share of values that fell inside the 80 % interval at the
	// longest lead; NaN: not judged yet.
	Coverage80 float64
	Samples    int64
	// Peak is the greatest value of the last week.
	Peak float64
}

// Forecast returns the quantiles of horizon steps from tick on: step h covers
// [tick+h*Bin, tick+(h+1)*Bin). Only what was observed and the calendar count.
// A series that has seen nothing returns steps of zeros that are not trusted.
func (s *Series) Forecast(tick model.Instant, horizon int, calendar []model.CalendarEvent) (model.Quantiles, Info) {
	horizon = max(0, horizon)
	levels := len(s.cfg.Levels)
	q := model.Quantiles{Levels: s.cfg.Levels, Values: make([][]float64, horizon)}
	cells := make([]float64, horizon*(levels+1))
	q.Mean = cells[horizon*levels:]
	if s.count > 0 {
		s.fill(tick, calendar, cells[:horizon*levels], q.Mean)
	}
	for h := range horizon {
		q.Values[h] = cells[h*levels : (h+1)*levels : (h+1)*levels]
	}
	return q, s.info(tick)
}

// ahead is what a forecast needs of one block, the same for all of its steps.
type ahead struct {
	scale, mean, median float64
	zone                []float64 // by level
}

// fill sets the quantiles of all steps, row by row, and their means.
func (s *Series) fill(tick model.Instant, calendar []model.CalendarEvent, cells, means []float64) {
	var blocks [maxBlocks]ahead
	levels, known := len(s.lay.levels), s.known()
	recall := s.recall()
	zones := make([]float64, (known+1)*levels)
	for i := range known + 1 {
		b := &s.blocks[i]
		blocks[i] = ahead{s.errorScale(b), zoneMean(&b.zone), s.lay.median.of(&b.zone), zones[i*levels : (i+1)*levels]}
		for l := range s.lay.levels {
			blocks[i].zone[l] = s.lay.levels[l].of(&b.zone)
		}
	}
	for h := range means {
		at := tick + model.Instant(int64(h)*s.lay.bin)
		lead := max(1, int(int64(at-s.last)/s.lay.bin))
		lower, upper, w := s.between(lead, known)
		point, doubt := s.point(at, lead, lower, upper, w, calendar)
		point = recall.corrected(point, at, lead)
		means[h] = s.spreadOut(cells[h*levels:(h+1)*levels], &blocks[lower], &blocks[upper], w, s.shapeAt(at), point, doubt)
	}
}

// point returns the middle of one bin's forecast and what the calendar adds to
// the doubt.
func (s *Series) point(at model.Instant, lead, lower, upper int, w float64, calendar []model.CalendarEvent) (point, doubt float64) {
	base := s.base(at)
	x := s.regressors(at, base, float64(s.fast), float64(s.slow))
	add := s.uplift(at, base, calendar)
	keep := s.lay.kept(lead)
	a := s.joint(lower, at, keep, base, &x)
	b := a
	if upper != lower {
		b = s.joint(upper, at, keep, base, &x)
	}
	return a + float64(w*(b-a)) + add.amount, add.doubt
}

// smoothed is what profile and smoothed deviations alone say of a bin.
func (s *Series) smoothed(at model.Instant, lead int) float64 {
	fast, slow := float64(s.fast), float64(s.slow)
	return s.base(at) + slow + float64(s.lay.kept(lead)*(fast-slow))
}

// caution widens what is forecast: errors ahead were a little larger on real series
// than the tracked ones behind, whose profile has learned from the days between.
const caution = 1.07

// spreadOut sets one step's quantiles from those of the errors at the two leads
// around it, and returns its mean. shape is how large errors usually are at that
// time of the season. An event's doubt widens the distribution around its median.
func (s *Series) spreadOut(row []float64, a, b *ahead, w, shape, point, doubt float64) float64 {
	scale := (a.scale + float64(w*(b.scale-a.scale))) * shape
	spread := scale * caution
	wide := spread
	if doubt != 0 {
		wide = math.Sqrt(spread*spread + doubt*doubt)
	}
	middle := a.median + float64(w*(b.median-a.median))
	centre := point + float64(middle*scale)
	lower, upper := a.zone, b.zone[:len(a.zone)]
	least := math.Inf(-1)
	for l := range lower {
		z := lower[l] + float64(w*(upper[l]-lower[l]))
		v := s.bounded(centre + float64((z-middle)*wide))
		if v < least {
			v = least
		}
		row[l], least = v, v
	}
	return s.bounded(point + float64(a.mean*scale))
}

// known returns the last block that has been judged.
func (s *Series) known() int {
	known := 0
	for known+1 < s.lay.blocks && s.blocks[known+1].seen > 0 {
		known++
	}
	return known
}

// joint is what the models, weighted by their errors at a judged lead, and the
// newest guide say of a target.
func (s *Series) joint(i int, at model.Instant, keep, base float64, x *[4]float64) float64 {
	y := s.predict(&s.blocks[i], keep, base, x)
	if s.guides != nil && s.guides.newest.covers(at, s.guides.block) {
		s.guided(&y, &s.guides.newest, i, at, s.last, keep, float64(s.fast))
	}
	return y[ensembleModel]
}

// between returns the two judged blocks whose leads enclose a lead.
func (s *Series) between(lead, known int) (lower, upper int, w float64) {
	for upper = 0; upper < known && s.lay.leads[upper] < lead; upper++ {
	}
	if s.lay.leads[upper] <= lead || upper == 0 {
		return upper, upper, 0
	}
	lower = upper - 1
	return lower, upper, float64(lead-s.lay.leads[lower]) / float64(s.lay.leads[upper]-s.lay.leads[lower])
}

// zoneMean is the mean of the distribution that the error quantiles draw.
func zoneMean(zone *[len(zoneLevels)]float32) float64 {
	mean, below := 0.0, 0.0
	for l := 1; l < len(zoneLevels); l++ {
		share := zoneLevels[l] - zoneLevels[l-1]
		mean += share * float64(zone[l]+zone[l-1]) / 2
		below += share
	}
	return mean / below
}

// bounded keeps a value within the configured bounds and finite.
func (s *Series) bounded(v float64) float64 {
	if v != v {
		v = float64(s.value)
	}
	if v > s.lay.upper {
		v = s.lay.upper
	}
	if v < s.lay.lower {
		v = s.lay.lower
	}
	return v
}

// info sums up how the series did so far.
func (s *Series) info(tick model.Instant) Info {
	in := Info{Model: "ensemble", MASE: math.NaN(), Coverage80: math.NaN(), Samples: int64(s.count), Peak: s.peak()}
	judged := -1
	for i := range s.lay.blocks {
		if s.blocks[i].seen >= 12 {
			judged = i
		}
	}
	var own, naive float64
	if judged >= 0 {
		own, naive = float64(s.blocks[judged].error[ensembleModel]), float64(s.blocks[judged].error[naiveModel])
		if s.naiveScale > 0 {
			in.MASE = own / float64(s.naiveScale)
		}
		if judged == s.lay.blocks-1 {
			in.Coverage80 = float64(s.blocks[judged].covered)
		}
	}
	switch {
	case s.count == 0:
		in.Note = "nothing observed yet"
	case judged < s.lay.blocks-1 || s.lay.day > 0 && s.seasonsSeen(s.last) < 1:
		in.Note = fmt.Sprintf("too little history: %d observations", s.count)
	case own > naive && own > 1e-9*math.Abs(float64(s.level)):
		in.Note = fmt.Sprintf("no better than seasonal naive: error %.3g against %.3g", own, naive)
	case int64(tick-s.last) > 2*max(s.lay.day, 12*s.lay.bin):
		in.Note = "nothing observed for two seasons"
	default:
		in.Trusted = true
	}
	return in
}

// peak is the greatest value of the seven days up to the last observation.
func (s *Series) peak() float64 {
	if s.count == 0 {
		return 0
	}
	day := int64(s.last) / (24 * 3600 * 1000)
	first := int64(s.first) / (24 * 3600 * 1000)
	peak := math.Inf(-1)
	for d := max(first, day-7); d <= day; d++ {
		peak = max(peak, float64(s.peaks[d&7]))
	}
	return peak
}
