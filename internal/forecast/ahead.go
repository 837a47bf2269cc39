package forecast

import (
	"math"

	"drover/internal/model"
)

// season is where an instant stands in a season: between the middles of two
// neighbouring slots, with the weight of the second.
type season struct {
	i, j int
	w    float64
}

// place is where a step of a forecast stands: the same for all series of a layout.
type place struct {
	wall       model.Instant
	day, week  season
	slot, part int
}

// grid is the places of the steps from a tick on. It never changes.
type grid struct {
	tick   model.Instant
	places []place
}

// standingOn returns where what the wall clock shows stands in both seasons.
func (l *layout) standingOn(wall model.Instant) (day, week season) {
	if l.daySlots > 0 {
		_, phase := l.perDay.split(int64(wall))
		day = l.between(phase, l.day, l.daySlots)
	}
	if l.weekSlots > 0 {
		_, phase := l.perWeek.split(int64(wall))
		week = l.between(phase, l.week, l.weekSlots)
	}
	return day, week
}

// between returns where a phase stands among a season's slots. Slot i is centred on
// (i+1/2)/slots of the season. The phase is a bin's start; its middle counts.
func (l *layout) between(phase, length int64, slots int) (s season) {
	if phase += l.bin / 2; phase >= length {
		phase %= length
	}
	x := float64(phase)/float64(length)*float64(slots) - 0.5
	if x < 0 {
		return season{i: slots - 1, w: x + 1}
	}
	s.i = int(x)
	s.w = x - float64(s.i)
	if s.j = s.i + 1; s.j >= slots {
		s.j = 0
	}
	return s
}

// placeOf returns where an instant stands.
func (l *layout) placeOf(at model.Instant) (p place) {
	p.wall = l.zone.Wall(at)
	if l.daySlots > 0 {
		_, phase := l.perDay.split(int64(p.wall))
		p.day = l.between(phase, l.day, l.daySlots)
		slot, _ := l.perDay.split(phase * int64(l.daySlots))
		p.slot, p.part = int(slot), int(l.partOf[slot])
		if !l.nested {
			p.part = int(phase * int64(l.parts) / l.day)
		}
	}
	if l.weekSlots > 0 {
		_, phase := l.perWeek.split(int64(p.wall))
		p.week = l.between(phase, l.week, l.weekSlots)
	}
	return p
}

// steps returns the places of a forecast's steps. A tick's are kept: all series
// are forecast from the same, one after the other.
func (l *layout) steps(tick model.Instant, horizon int) []place {
	if g := l.grid.Load(); g != nil && g.tick == tick && len(g.places) >= horizon {
		return g.places[:horizon]
	}
	g := &grid{tick, make([]place, horizon)}
	for h := range g.places {
		g.places[h] = l.placeOf(tick + model.Instant(int64(h)*l.bin))
	}
	l.grid.Store(g)
	return g.places
}

// ahead is what a forecast needs of one block, the same for all of its steps.
type ahead struct {
	scale, mean, median float64
	zone                []float64 // by level
	models              mixture
	share               float64 // of the guide
}

// fewLevels is how many levels a forecast has room for without asking for memory.
const fewLevels = 16

// fill sets the quantiles of all steps and their means.
func (s *Series) fill(tick model.Instant, calendar []model.CalendarEvent, rows [][]float64, means []float64) {
	var blocks [maxBlocks]ahead
	var room [maxBlocks * fewLevels]float64
	levels, known, zones := len(s.lay.levels), s.known(), room[:]
	if levels > fewLevels {
		zones = make([]float64, maxBlocks*levels)
	}
	for i := range known + 1 {
		s.lookAhead(&blocks[i], i, zones[i*levels:(i+1)*levels])
	}
	recall, away := s.recall(), s.away()
	for h, p := range s.lay.steps(tick, len(means)) {
		at := tick + model.Instant(int64(h)*s.lay.bin)
		lead := max(1, int(int64(at-s.last)/s.lay.bin))
		lower, upper, w := s.between(lead, known)
		a, b := &blocks[lower], &blocks[upper]
		point, doubt := s.point(&p, at, lead, a, b, w, away, calendar)
		point = recall.corrected(point, at, lead)
		means[h] = s.spreadOut(rows[h], a, b, w, s.shapeOf(p.part), point, doubt)
	}
}

// lookAhead sets what does not change from step to step.
func (s *Series) lookAhead(a *ahead, i int, zone []float64) {
	b := &s.blocks[i]
	a.scale, a.mean, a.median, a.zone = s.errorScale(b), zoneMean(&b.zone), s.lay.median.of(&b.zone), zone
	for l := range zone {
		zone[l] = s.lay.levels[l].ahead(&b.zone)
	}
	a.models = s.mix(b)
	if s.guides != nil {
		a.share = s.guides.share(i, a.models.least, a.models.others)
	}
}

// away is how far the series is from its newest guide.
func (s *Series) away() float64 {
	if _, ok := s.Guided(); !ok {
		return 0
	}
	return s.distance(&s.guides.newest, s.last, float64(s.fast))
}

// point returns the middle of one bin's forecast and what the calendar adds to
// the doubt.
func (s *Series) point(p *place, at model.Instant, lead int, lower, upper *ahead, w, away float64, calendar []model.CalendarEvent) (point, doubt float64) {
	base := s.baseAt(p.day, p.week)
	x := s.regressorsOf(p.slot, base, float64(s.fast), float64(s.slow))
	add := s.uplift(at, base, calendar)
	keep := s.lay.kept(lead)
	var y [modelCount + 1]float64
	s.simple(&y, keep, base, &x)
	a := lower.models.join(&y, base, &x)
	b := a
	if upper != lower {
		b = upper.models.join(&y, base, &x)
	}
	if s.guides != nil && s.guides.newest.covers(p.wall, s.guides.block) {
		follow := s.guides.newest.at(p.wall, s.lay.bin, s.guides.block) + float64(keep*away)
		a += float64(lower.share * (follow - a))
		b += float64(upper.share * (follow - b))
	}
	return a + float64(w*(b-a)) + add.amount, add.doubt
}

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
	mean := s.bounded(point + float64(a.mean*scale))
	lower, upper := a.zone[:len(row)], b.zone[:len(row)]
	least, rises := math.Inf(-1), true
	for l := range row {
		z := lower[l] + float64(w*(upper[l]-lower[l]))
		v := centre + float64((z-middle)*wide)
		rises = rises && v >= least
		row[l], least = v, v
	}
	// Rows rise from bound to bound but for rounding and numbers that are none.
	if len(row) == 0 || rises && row[0] >= s.lay.lower && least <= s.lay.upper {
		return mean
	}
	least = math.Inf(-1)
	for l := range row {
		least = max(least, s.bounded(row[l]))
		row[l] = least
	}
	return mean
}
