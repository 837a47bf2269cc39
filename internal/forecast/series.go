package forecast

import (
	"math"

	"drover/internal/model"
)

// The streaming models, in the order of every weight vector.
const (
	naiveModel  = iota // the value one season ago
	meanModel          // the seasonal profile alone
	smoothModel        // profile plus decaying level: Holt-Winters with two seasons
	regressionModel
	modelCount
	ensembleModel = modelCount // its error stands behind the others'
)

var modelNames = [modelCount]string{"seasonal-naive", "seasonal-mean", "holt-winters", "ar-ridge"}

// block is what is known of the errors at one lead.
type block struct {
	gram  [15]float32 // decayed products of four regressors and the target
	coef  [4]float32
	error [modelCount + 1]float32 // decayed mean absolute error of each model
	zone  [len(zoneLevels)]float32
	seen  float32 // targets compared so far
	// Decayed means of what was forecast at this lead.
	covered float32 // share of values inside the 80 % interval
	below   float32 // share of values below the 95 % quantile
	loss    float32 // pinball loss, twice the mean over five levels, in the series' unit
	bias    float32 // median less value
}

// Series is the streaming state of one resource of one entity. All of it is
// held in the precision in which it is serialised, so that a restart changes
// no later output. It is not safe for concurrent use.
//
// The model is a seasonal profile (slots of the first season) plus a smaller
// one of the second season, and the deviation from both, smoothed twice
// (half-lives of 1/48 and 1/4 of the first season: Taylor's double seasonal
// exponential smoothing, JORS 2003). At each lead a ridge regression on the
// deviations and on the last season's value is learned from decayed products.
type Series struct {
	// What points elsewhere stands first: the collector looks no further.
	cfg     *Config
	lay     *layout
	history *History // nil: nothing is kept for models that are fitted
	guides  *guides

	first, last model.Instant
	count       uint32
	value       float32 // the last one
	level       float32 // mean of everything, decayed slowly
	spread      float32 // mean absolute deviation, decayed
	fast, slow  float32 // smoothed deviations
	up, down    float32 // cumulative sums that look for a level shift
	naiveScale  float32 // mean absolute seasonal difference
	shifts      uint16

	profile  [maxDaySlots]float32 // NaN: slot not seen yet
	previous [maxDaySlots]float32 // means of the slots one season ago
	slot     int16                // the slot that is being filled
	slotSum  float32
	slotN    uint16
	weekly   [maxWeekSlots]float32

	dayPending, weekPending pending

	recent   [recentBins]float32
	pastFast [pastHours]float32
	pastSlow [pastHours]float32
	peaks    [8]float32 // greatest value by day, the last eight days
	blocks   [maxBlocks]block
	shape    [maxParts]uint16 // mean error by part of the first season, in units of the scale / shapeUnit
	kinds    [maxKinds]kindEffect
}

// NewSeries returns a series that has seen nothing. cfg is kept and must not
// change any more; an invalid one is the caller's error (see Config.Validate).
func NewSeries(cfg *Config) *Series { return newSeries(cfg, newLayout(cfg)) }

// Like returns a series that has seen nothing, of the same configuration; they
// share what follows from it.
func (s *Series) Like() *Series { return newSeries(s.cfg, s.lay) }

func newSeries(cfg *Config, lay *layout) *Series {
	s := &Series{cfg: cfg, lay: lay, slot: -1}
	nan := float32(math.NaN())
	for i := range s.profile {
		s.profile[i], s.previous[i] = nan, nan
	}
	for b := range s.blocks {
		s.blocks[b].zone = zoneStart
	}
	for i := range s.shape {
		s.shape[i] = shapeUnit
	}
	if cfg.Blocks > 0 {
		block := s.lay.hour * s.lay.bin
		m := &struct { // one piece
			History
			guides
		}{*newHistory(block, cfg.Blocks), guides{block: block}}
		s.history, s.guides = &m.History, &m.guides
	}
	return s
}

// maxObserved is the greatest value that is believed: products of two of them
// are still numbers in single precision.
const maxObserved = 1e17

// Observe takes the mean of one closed bin. Bins come in order: one that is
// not after the last is ignored, as is a value that is no number or beyond
// 1e17; bins that never come are gaps. calendar holds the events that may touch
// the bin.
func (s *Series) Observe(bin model.Instant, value float64, calendar []model.CalendarEvent) {
	if math.IsNaN(value) || math.Abs(value) > maxObserved || s.count > 0 && bin <= s.last {
		return
	}
	if s.count == 0 {
		s.first, s.level = bin, float32(value)
	} else {
		if gap := int64(bin - s.last); gap != s.lay.bin {
			s.skip((gap + s.lay.bin/2) / s.lay.bin)
		}
	}
	here := s.lay.placeOf(bin)
	n := s.number(bin)
	base := s.baseAt(here.day, here.week)
	quiet := value
	if s.count > 0 {
		if len(calendar) > 0 {
			quiet = value - s.uplift(bin, base, calendar).amount
		}
		s.learnErrors(bin, &here, n, base, quiet)
	}
	if len(calendar) > 0 {
		s.learnEvents(bin, base, value, calendar)
		quiet = value - s.uplift(bin, base, calendar).amount
	}
	s.learnLevel(bin, &here, value, quiet, quiet-base)
	if s.history != nil {
		block, _ := s.lay.perBlock.split(int64(here.wall))
		s.history.add(block, quiet)
	}
	s.last = bin
	s.value = float32(value)
	s.count++
	s.remember(n)
}

// base returns the seasonal part at an instant: profile plus second season.
func (s *Series) base(at model.Instant) float64 { return s.baseOn(s.lay.zone.Wall(at)) }

// baseOn is base at what the wall clock shows.
func (s *Series) baseOn(wall model.Instant) float64 { return s.baseAt(s.lay.standingOn(wall)) }

// baseAt is base where an instant stands in the seasons.
func (s *Series) baseAt(day, week season) float64 {
	base := float64(s.level)
	if s.lay.daySlots == 0 {
		return base
	}
	p, q := float64(s.profile[day.i]), float64(s.profile[day.j])
	switch {
	case !math.IsNaN(p) && !math.IsNaN(q):
		base = p + float64(day.w*(q-p))
	case !math.IsNaN(p) && day.w < 0.5:
		base = p
	case !math.IsNaN(q) && day.w >= 0.5:
		base = q
	}
	if s.lay.weekSlots > 0 {
		base += float64(s.weekly[week.i]) + float64(week.w*float64(s.weekly[week.j]-s.weekly[week.i]))
	}
	return base
}

// seasonsSeen returns how many whole first seasons lie behind.
func (s *Series) seasonsSeen(at model.Instant) int64 {
	if s.lay.day == 0 {
		return 0
	}
	return int64(at-s.first) / s.lay.day
}

// learnLevel moves the level, the profiles and the smoothed deviations. What
// the profiles learn from is clipped, so that an outlier passes by.
func (s *Series) learnLevel(at model.Instant, here *place, value, quiet, deviation float64) {
	first := 1 / float64(s.count+1)
	gain := max(first, s.lay.slowGain/8)
	s.level += float32(gain * (quiet - float64(s.level)))
	spread := float64(s.spread)
	clipped := deviation
	if s.count >= 8 && spread > 0 {
		clipped = min(max(deviation, -4*spread), 4*spread)
	}
	s.spread += float32(max(first, s.lay.slowGain/4) * (math.Abs(clipped) - spread))
	if s.history != nil {
		s.meet(at, here.wall, deviation)
	}
	s.fast += float32(s.lay.fastGain * (deviation - float64(s.fast)))
	s.slow += float32(s.lay.slowGain * (clipped - float64(s.slow)))
	if s.lay.daySlots > 0 {
		passes, _ := s.lay.perDay.split(int64(at - s.first))
		s.learnProfiles(here, passes, quiet, clipped)
		s.fillSlot(here.slot, quiet)
	}
	s.watchShift(at, deviation, spread)
	day := int64(at) / (24 * 3600 * 1000)
	if s.count == 0 || day != int64(s.last)/(24*3600*1000) {
		s.peaks[day&7] = float32(value)
	}
	s.peaks[day&7] = max(s.peaks[day&7], float32(value))
}

// learnProfiles moves the two neighbouring slots of both seasons, after so many
// passes over the first.
func (s *Series) learnProfiles(here *place, passes int64, quiet, clipped float64) {
	i, j, w := here.day.i, here.day.j, here.day.w
	near := i
	if w >= 0.5 {
		near = j
	}
	if math.IsNaN(float64(s.profile[near])) {
		s.profile[near] = float32(quiet)
		return
	}
	if passes == 0 {
		s.profile[near] += float32((quiet - float64(s.profile[near])) / min(s.lay.binsASlot, float64(s.slotN)+1))
		return
	}
	s.dayPending.move(s.profile[:s.lay.daySlots], i)
	gain := min(0.8, max(s.lay.dayGain, 1/float64(passes+1))*1.5/s.lay.binsASlot)
	s.dayPending.add(gain*(1-w)*clipped, gain*w*clipped)
	if s.lay.weekSlots == 0 || passes < 2 {
		return
	}
	w = here.week.w
	s.weekPending.move(s.weekly[:s.lay.weekSlots], here.week.i)
	s.weekPending.add(s.lay.weekStep*(1-w)*clipped, s.lay.weekStep*w*clipped)
}

// pending is what the slot at hand and the next one are to learn once the former
// is left: were it seen at once, forecasts would be judged with a profile that
// knows their targets.
type pending struct {
	slot uint8
	sum  [2]float32
}

// move goes on to a slot; what was left is learned.
func (p *pending) move(profile []float32, slot int) {
	here := int(p.slot)
	if here == slot {
		return
	}
	next := here + 1
	if next >= len(profile) {
		next = 0
	}
	profile[here] += p.sum[0]
	if next == slot {
		p.sum[0] = p.sum[1]
	} else {
		profile[next] += p.sum[1]
		p.sum[0] = 0
	}
	p.slot, p.sum[1] = uint8(slot), 0
}

func (p *pending) add(here, next float64) {
	p.sum[0] += float32(here)
	p.sum[1] += float32(next)
}

// fillSlot keeps the means of the last season's slots; a slot becomes visible
// only when it is left, so that no forecast is judged with its own target.
func (s *Series) fillSlot(i int, quiet float64) {
	if int(s.slot) != i {
		if s.slot >= 0 && s.slotN > 0 {
			s.previous[s.slot] = s.slotSum / float32(s.slotN)
		}
		s.slot, s.slotSum, s.slotN = int16(i), 0, 0
	}
	s.slotSum += float32(quiet)
	s.slotN++
}

// A level shift is believed when the sum has risen by so many spreads for each
// twenty-fourth of the first season; at the most it rises by 2.5. A series that
// has not shifted yet is believed soon; each shift a week that it had makes it
// wait for longer, since what comes that often is bursts.
const (
	shiftHours      = 2.0
	shiftHoursMost  = 20.0
	shiftHoursAWeek = 8.0 // more for each shift a week
)

// shiftLimit is how far the cumulative sum must rise, in spreads. The week before
// the first observation counts as one without shifts.
func (s *Series) shiftLimit(at model.Instant) float32 {
	weeks := 1 + float64(at-s.first)/(7*24*3600*1000)
	hours := shiftHours + shiftHoursAWeek*float64(s.shifts)/weeks
	return float32(max(10, min(hours, shiftHoursMost)*float64(s.lay.hour)))
}

// watchShift runs a two-sided cumulative sum (Page, Biometrika 1954) over the
// deviations in units of the spread. When it fires, the whole profile moves by
// the deviation, and what was remembered moves with it.
func (s *Series) watchShift(at model.Instant, deviation, spread float64) {
	if s.count < 24 || spread <= 0 || s.lay.daySlots == 0 {
		return
	}
	step := min(max(deviation/spread, -4), 4)
	s.up = float32(max(0, float64(s.up)+step-1.5))
	s.down = float32(max(0, float64(s.down)-step-1.5))
	if limit := s.shiftLimit(at); s.up < limit && s.down < limit {
		return
	}
	move := s.fast
	for i := range s.profile {
		s.profile[i] += move
	}
	for i := range s.recent {
		s.recent[i] -= move
	}
	for i := range s.pastFast {
		s.pastFast[i] -= move
		s.pastSlow[i] -= move
	}
	s.level += move
	s.fast, s.slow, s.up, s.down = 0, s.slow-move, 0, 0
	s.shifts++
}

// remember writes the smoothed deviations at a bin where later targets find them.
func (s *Series) remember(n int64) {
	s.recent[n&(recentBins-1)] = s.fast
	h, _ := s.lay.perHour.split(n)
	h %= pastHours
	s.pastFast[h], s.pastSlow[h] = s.fast, s.slow
}

// number counts bins from the first one.
func (s *Series) number(at model.Instant) int64 {
	n, _ := s.lay.perBin.split(int64(at - s.first))
	return n
}

// origin returns the smoothed deviations as they were lead bins before bin n, which
// is no earlier than that.
func (s *Series) origin(n int64, lead int) (fast, slow float64) {
	n -= int64(lead)
	hour, rest := s.lay.perHour.split(n)
	h := hour % pastHours
	if lead <= recentBins {
		return float64(s.recent[n&(recentBins-1)]), float64(s.pastSlow[h])
	}
	if rest != s.lay.hour-1 {
		h = (h + pastHours - 1) % pastHours // the hour that was complete by then
	}
	return float64(s.pastFast[h]), float64(s.pastSlow[h])
}

// skip carries the deviations over bins that never came; they fade.
func (s *Series) skip(bins int64) {
	if bins <= 1 {
		return
	}
	missing := bins - 1
	start := s.number(s.last)
	for k := int64(1); k <= min(missing, recentBins); k++ {
		s.recent[(start+missing-k+1)&(recentBins-1)] = s.fast
	}
	hours := missing / s.lay.hour
	for k := int64(0); k <= min(hours, pastHours-1); k++ {
		h := ((start+missing)/s.lay.hour - k) % pastHours
		if h >= 0 && (start+missing)/s.lay.hour-k > start/s.lay.hour {
			s.pastFast[h], s.pastSlow[h] = s.fast, s.slow
		}
	}
	fade := math.Pow(1-s.lay.slowGain, float64(missing))
	s.fast = float32(float64(s.fast) * fade)
	s.slow = float32(float64(s.slow) * fade)
	if s.lay.day > 0 && missing*s.lay.bin >= s.lay.day {
		s.slotN, s.slot = 0, -1
	}
}
