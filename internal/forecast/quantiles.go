package forecast

import (
	"fmt"
	"math"
	"strconv"

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
	var q model.Quantiles
	info := s.ForecastInto(&q, tick, horizon, calendar)
	return q, info
}

// ForecastInto is Forecast that overwrites the quantiles of an earlier one of as
// many steps and levels; others are made anew.
func (s *Series) ForecastInto(q *model.Quantiles, tick model.Instant, horizon int, calendar []model.CalendarEvent) Info {
	horizon = max(0, horizon)
	levels := len(s.cfg.Levels)
	if len(q.Values) != horizon || len(q.Mean) != horizon || horizon > 0 && len(q.Values[0]) != levels {
		cells := make([]float64, horizon*(levels+1))
		q.Values, q.Mean = make([][]float64, horizon), cells[horizon*levels:]
		for h := range horizon {
			q.Values[h] = cells[h*levels : (h+1)*levels : (h+1)*levels]
		}
	}
	q.Levels = s.cfg.Levels
	if s.count > 0 {
		s.fill(tick, calendar, q.Values, q.Mean)
		return s.info(tick)
	}
	clear(q.Mean)
	for _, row := range q.Values {
		clear(row)
	}
	return s.info(tick)
}

// smoothed is what profile and smoothed deviations alone say of a bin.
func (s *Series) smoothed(at model.Instant, lead int) float64 {
	fast, slow := float64(s.fast), float64(s.slow)
	return s.base(at) + slow + float64(s.lay.kept(lead)*(fast-slow))
}

// caution widens what is forecast: errors ahead were a little larger on real series
// than the tracked ones behind, whose profile has learned from the days between.
// Like tailCaution it was chosen on other days than the figures are judged on.
const caution = 1.1

// tailCaution is how much further beyond the .1 and .9 error quantiles a forecast's
// tails reach than the tracked ones: those have seen the day that is being
// forecast, and a series has had few of its rare days so far. It was chosen with
// the steps of the tails on other days than the figures are judged on.
const tailCaution = 1.35

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
	m := s.mix(&s.blocks[i])
	y := s.predict(&m, keep, base, x)
	if s.guides != nil && s.guides.newest.covers(s.lay.zone.Wall(at), s.guides.block) {
		s.guided(&y, &m, &s.guides.newest, i, at, s.last, keep, float64(s.fast))
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
		in.Note = "too little history: " + strconv.FormatUint(uint64(s.count), 10) + " observations"
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
