package forecaster

import (
	"time"

	"drover/internal/forecast"
	"drover/internal/model"
)

// openBins is how many bins of a series are open at once: records of the
// coming tick mix with those of the one that is being completed.
const openBins = 3

// series is one resource of one entity: from raw samples to closed bins.
type series struct {
	rates    *forecast.Rates // counters only
	model    *forecast.Series
	key      string // of its forecasts
	open     [openBins + 1]bin
	opened   int // bins that are open, rising
	closed   model.Instant
	last     model.Instant // newest sample
	observed float64       // value of the last closed bin
	before   bin           // the last closed bin
	// room is where each bin's first part lies, so that a series is one piece: most
	// have one producer.
	room [openBins + 2]part
}

// newSeries returns a series that has seen nothing. It must not be copied.
func newSeries(m *forecast.Series, key string) *series {
	s := &series{model: m, key: key}
	for i := range s.open {
		s.open[i].parts = s.room[i : i : i+1]
	}
	s.before.parts = s.room[len(s.open):len(s.open):len(s.room)]
	return s
}

// arrival says what became of a sample.
type arrival uint8

const (
	counted arrival = iota
	duplicate
	late
	unused // a counter's first reading
	invalid
)

// moment is the time of a record's samples.
type moment struct {
	at  model.Instant
	end model.Instant // of the bin it falls into
	bit uint64        // its 64th of that bin
}

func newMoment(at model.Instant, width time.Duration) moment {
	end := ceil(at, width)
	into := int64(at-end) + width.Milliseconds() - 1
	return moment{at, end, 1 << uint64(into*64/width.Milliseconds())}
}

func ceil(at model.Instant, width time.Duration) model.Instant {
	floor := at.Floor(width)
	if floor < at {
		return floor.Add(width)
	}
	return floor
}

// add takes one sample of a producer, which is told apart in a bin by from. Late
// samples of the bin that was closed last count for the oldest bin still open;
// what is older can't be told from a repeat and is left out.
func (s *series) add(producer string, from uint64, when *moment, sample *model.Sample, width time.Duration, cal []model.CalendarEvent) arrival {
	value := sample.Value
	if sample.Kind == model.Counter {
		if s.rates == nil {
			s.rates = &forecast.Rates{}
		}
		rate, _, what := s.rates.Observe(producer, when.at, value)
		switch what {
		case forecast.ReadingDuplicate:
			return duplicate
		case forecast.ReadingInvalid:
			return invalid
		case forecast.ReadingFirst, forecast.ReadingLate:
			return unused
		}
		value = rate
	} else if s.repeats(from, when) {
		return duplicate
	}
	s.last = max(s.last, when.at)
	if when.end > s.closed {
		s.put(when.end, from, when.at, when.bit, value, width, cal)
		return counted
	}
	if when.end == s.closed {
		s.before.part(from).seen |= when.bit
		s.put(s.closed.Add(width), from, s.closed, 0, value, width, cal)
	}
	return late
}

// repeats tells whether a gauge's sample has come before. What a producer sends
// in order is new. A sample out of order is new where its 64th of the bin is
// still empty: a batch that is sent again, also in parts, thus counts once.
func (s *series) repeats(from uint64, when *moment) bool {
	b := s.binOf(when.end)
	if b == nil {
		return false
	}
	p := b.find(from)
	return p != nil && when.at <= p.last && (when.at == p.last || p.seen&when.bit != 0)
}

// binOf returns the bin that ends at an instant, also the last one closed; nil
// where there is none.
func (s *series) binOf(end model.Instant) *bin {
	for i := s.opened - 1; i >= 0; i-- {
		if s.open[i].end == end {
			return &s.open[i]
		}
	}
	if s.closed == end {
		return &s.before
	}
	return nil
}

// put adds a value to the bin that ends at end, closing the oldest if too many
// are open.
func (s *series) put(end model.Instant, from uint64, at model.Instant, bit uint64, value float64, width time.Duration, cal []model.CalendarEvent) {
	i := s.opened
	for i > 0 && s.open[i-1].end > end {
		i--
	}
	if i == 0 || s.open[i-1].end != end {
		spare := s.open[s.opened].parts[:0] // of a bin that was closed
		copy(s.open[i+1:], s.open[i:s.opened])
		s.open[i] = bin{end: end, parts: spare}
		s.opened++
		i++
	}
	s.open[i-1].put(from, at, bit, value, width, s.before.most())
	if s.opened > openBins {
		s.closeUpTo(s.open[0].end, width, cal)
	}
}

// closeUpTo hands every open bin that ends by an instant to the model.
func (s *series) closeUpTo(at model.Instant, width time.Duration, cal []model.CalendarEvent) {
	for s.opened > 0 && s.open[0].end <= at {
		closed := s.open[0]
		s.observed, s.closed = closed.value(&s.before), closed.end
		s.model.Observe(closed.end.Add(-width), s.observed, cal)
		spare := s.before.parts
		s.before = closed
		s.opened--
		copy(s.open[:], s.open[1:s.opened+1])
		s.open[s.opened] = bin{parts: spare}
	}
}
