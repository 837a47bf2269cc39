package forecaster

import (
	"slices"
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
	open     []bin // rising
	closed   model.Instant
	last     model.Instant // newest sample
	observed float64       // value of the last closed bin
	before   bin           // the last closed bin
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

// add takes one sample. Late samples count for the oldest bin still open. from is
// what the producer is told apart by in a bin.
func (s *series) add(producer string, from uint64, at model.Instant, sample model.Sample, width time.Duration, cal []model.CalendarEvent) arrival {
	value := sample.Value
	if sample.Kind == model.Counter {
		if s.rates == nil {
			s.rates = &forecast.Rates{}
		}
		rate, _, what := s.rates.Observe(producer, at, value)
		switch what {
		case forecast.ReadingDuplicate:
			return duplicate
		case forecast.ReadingInvalid:
			return invalid
		case forecast.ReadingFirst, forecast.ReadingLate:
			return unused
		}
		value = rate
	} else if s.repeats(from, at) {
		return duplicate
	}
	s.last = max(s.last, at)
	end := ceil(at, width)
	result := counted
	if end <= s.closed {
		end, result = s.closed.Add(width), late
	}
	s.put(end, from, min(at, end), value, width, cal)
	return result
}

// repeats tells whether a gauge's sample is one that came before: the newest of
// the entity, or of the producer where producers are told apart.
func (s *series) repeats(from uint64, at model.Instant) bool {
	if from == 0 {
		return at == s.last
	}
	for i := range s.open {
		for _, p := range s.open[i].parts {
			if p.producer == from && p.last == at {
				return true
			}
		}
	}
	return false
}

func ceil(at model.Instant, width time.Duration) model.Instant {
	floor := at.Floor(width)
	if floor < at {
		return floor.Add(width)
	}
	return floor
}

// put adds a value to the bin that ends at end, closing the oldest if too many
// are open.
func (s *series) put(end model.Instant, from uint64, at model.Instant, value float64, width time.Duration, cal []model.CalendarEvent) {
	i := len(s.open)
	for i > 0 && s.open[i-1].end > end {
		i--
	}
	if i == 0 || s.open[i-1].end != end {
		s.open = slices.Insert(s.open, i, bin{end: end})
		i++
	}
	s.open[i-1].put(from, at, value, width, s.before.most())
	if len(s.open) > openBins {
		s.closeUpTo(s.open[0].end, width, cal)
	}
}

// closeUpTo hands every open bin that ends by an instant to the model.
func (s *series) closeUpTo(at model.Instant, width time.Duration, cal []model.CalendarEvent) {
	n := 0
	for n < len(s.open) && s.open[n].end <= at {
		b := &s.open[n]
		s.observed, s.closed = b.value(&s.before), b.end
		s.model.Observe(b.end.Add(-width), s.observed, cal)
		s.before = *b
		n++
	}
	if n > 0 {
		s.open = append(s.open[:0], s.open[n:]...)
	}
}
