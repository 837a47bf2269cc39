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
	levels := s.cfg.Levels
	q := model.Quantiles{Levels: levels, Values: make([][]float64, horizon), Mean: make([]float64, horizon)}
	cells := make([]float64, horizon*len(levels))
	for h := range horizon {
		row := cells[h*len(levels) : (h+1)*len(levels) : (h+1)*len(levels)]
		q.Values[h] = row
		if s.count > 0 {
			q.Mean[h] = s.step(tick+model.Instant(int64(h)*s.lay.bin), calendar, row)
		}
	}
	return q, s.info(tick)
}

// step fills the quantiles of one bin and returns its mean.
func (s *Series) step(at model.Instant, calendar []model.CalendarEvent, row []float64) float64 {
	base := s.base(at)
	lead := max(1, int(int64(at-s.last)/s.lay.bin))
	lower, upper, w := s.between(lead)
	x := s.regressors(at, base, float64(s.fast), float64(s.slow))
	add := s.uplift(at, base, calendar)
	keep := math.Exp2(-float64(lead) / float64(2*s.lay.hour))
	a := s.joint(lower, at, keep, base, &x)
	b := a
	if upper != lower {
		b = s.joint(upper, at, keep, base, &x)
	}
	point := a + float64(w*(b-a)) + add.amount
	low, high := s.errorScale(&s.blocks[lower]), s.errorScale(&s.blocks[upper])
	scale := low + float64(w*(high-low))
	// An event's doubt widens the distribution around its median.
	wide := math.Sqrt(scale*scale + add.doubt*add.doubt)
	zone := func(p float64) float64 {
		z := zoneAt(&s.blocks[lower].zone, p)
		return z + float64(w*(zoneAt(&s.blocks[upper].zone, p)-z))
	}
	middle := zone(0.5)
	for l, p := range s.cfg.Levels {
		row[l] = s.bounded(point + float64(middle*scale) + float64((zone(p)-middle)*wide))
		if l > 0 {
			row[l] = max(row[l], row[l-1])
		}
	}
	return s.bounded(point + float64(zoneMean(&s.blocks[lower].zone)*scale))
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
func (s *Series) between(lead int) (lower, upper int, w float64) {
	known := 0
	for known+1 < s.lay.blocks && s.blocks[known+1].seen > 0 {
		known++
	}
	for upper = 0; upper < known && s.lay.leads[upper] < lead; upper++ {
	}
	if s.lay.leads[upper] <= lead || upper == 0 {
		return upper, upper, 0
	}
	lower = upper - 1
	return lower, upper, float64(lead-s.lay.leads[lower]) / float64(s.lay.leads[upper]-s.lay.leads[lower])
}

// zoneAt interpolates a block's error quantiles; beyond the outermost levels
// the tail goes on as an exponential one does.
func zoneAt(zone *[len(zoneLevels)]float32, p float64) float64 {
	last := len(zoneLevels) - 1
	switch {
	case p <= zoneLevels[0]:
		return float64(zone[0]) * math.Log(2*p) / math.Log(2*zoneLevels[0])
	case p >= zoneLevels[last]:
		return float64(zone[last]) * math.Log(2*(1-p)) / math.Log(2*(1-zoneLevels[last]))
	}
	for l := 1; ; l++ {
		if p <= zoneLevels[l] {
			w := (p - zoneLevels[l-1]) / (zoneLevels[l] - zoneLevels[l-1])
			return float64(zone[l-1]) + float64(w*float64(zone[l]-zone[l-1]))
		}
	}
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
	if math.IsNaN(v) {
		v = float64(s.value)
	}
	if s.cfg.Upper > s.cfg.Lower {
		v = min(v, s.cfg.Upper)
	}
	return min(max(v, max(s.cfg.Lower, -math.MaxFloat32)), math.MaxFloat32)
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
