package readmodel

import (
	"math"
	"time"

	"drover/internal/model"
)

// SeriesKey names one measured resource of one entity.
type SeriesKey struct {
	Entity   model.EntityID
	Resource model.Resource
}

// series is what is known of one resource of one entity: measured bins in a
// ring, the forecast, and earlier forecasts in short form.
type series struct {
	ring    []float32 // bin b stands at b modulo its length; NaN: nothing measured
	last    int64     // the newest bin, counted from the epoch; 0: none
	sum     float64   // of the newest bin
	count   int
	counter lastCount
	now     *Forecast
	pasts   []Past // oldest first
}

// lastCount is a counter's last value, to form rates.
type lastCount struct {
	at    model.Instant
	value float64
}

// History is a run of equally wide bins; NaN stands where nothing was measured.
// A bin's time is its end.
type History struct {
	Start  model.Instant // end of the first bin
	Step   time.Duration
	Values []float32
}

const firstRing = 64

var nan32 = float32(math.NaN())

func (f *Fleet) seriesOf(key SeriesKey) *series {
	s := f.series[key]
	if s == nil {
		s = &series{}
		f.series[key] = s
	}
	return s
}

// measure takes a producer's samples in.
func (f *Fleet) measure(m *model.Metric) {
	for _, sample := range m.Samples {
		s := f.seriesOf(SeriesKey{m.Entity, sample.Resource})
		value := sample.Value
		if sample.Kind == model.Counter {
			before := s.counter
			s.counter = lastCount{m.At, sample.Value}
			seconds := m.At.Sub(before.at).Seconds()
			if before.at == 0 || seconds <= 0 || sample.Value < before.value {
				continue
			}
			value = (sample.Value - before.value) / seconds
		}
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			f.put(s, binOf(m.At), value)
		}
	}
}

// binOf returns the bin that ends at or after a time.
func binOf(at model.Instant) int64 {
	step := HistoryStep.Milliseconds()
	return (int64(at) + step - 1) / step
}

// put adds a value to a bin; values of one bin are averaged, those of bins that
// have been closed replace nothing.
func (f *Fleet) put(s *series, bin int64, value float64) {
	switch {
	case bin == s.last:
		s.sum, s.count = s.sum+value, s.count+1
	case bin > s.last:
		f.room(s, bin)
		s.last, s.sum, s.count = bin, value, 1
	default:
		return
	}
	s.ring[bin%int64(len(s.ring))] = float32(s.sum / float64(s.count))
}

// room makes the ring ready for a new bin: it grows as long as the fleet's
// budget allows, and bins that were skipped become gaps.
func (f *Fleet) room(s *series, bin int64) {
	if s.last == 0 {
		f.grow(s, firstRing)
		return
	}
	if n := len(s.ring); s.full() && n < f.limits.HistoryBins && f.floats+n <= f.limits.HistoryFloats {
		f.grow(s, min(2*n, f.limits.HistoryBins))
	}
	n := int64(len(s.ring))
	for b := max(s.last+1, bin-n+1); b <= bin; b++ {
		s.ring[b%n] = nan32
	}
}

// full tells whether the oldest place of the ring is in use.
func (s *series) full() bool {
	n := int64(len(s.ring))
	return !math.IsNaN(float64(s.ring[(s.last+1)%n]))
}

func (f *Fleet) grow(s *series, n int) {
	ring := make([]float32, n)
	for i := range ring {
		ring[i] = nan32
	}
	for i := range int64(min(len(s.ring), n)) {
		b := s.last - i
		ring[b%int64(n)] = s.ring[b%int64(len(s.ring))]
	}
	f.floats += n - len(s.ring)
	s.ring = ring
}

// HistoryOf returns the measured bins of a series that end within (from, to].
func (f *Fleet) HistoryOf(key SeriesKey, from, to model.Instant) History {
	h := History{Step: HistoryStep}
	s := f.series[key]
	if s == nil || s.last == 0 {
		return h
	}
	n := int64(len(s.ring))
	first := max(binOf(from+1), s.last-n+1)
	last := min(int64(to)/HistoryStep.Milliseconds(), s.last)
	for first <= last && math.IsNaN(float64(s.ring[first%n])) {
		first++
	}
	h.Start = model.Instant(first * HistoryStep.Milliseconds())
	for b := first; b <= last; b++ {
		h.Values = append(h.Values, s.ring[b%n])
	}
	return h
}

// ValueAt returns the measured value of the bin that a time falls into, or the
// newest one before it within an hour; NaN where there is none.
func (f *Fleet) ValueAt(key SeriesKey, at model.Instant) float64 {
	s := f.series[key]
	if s == nil || s.last == 0 {
		return math.NaN()
	}
	n := int64(len(s.ring))
	b := min(int64(at)/HistoryStep.Milliseconds(), s.last)
	for oldest := max(b-12, s.last-n+1); b >= oldest && b > 0; b-- {
		if v := s.ring[b%n]; !math.IsNaN(float64(v)) {
			return float64(v)
		}
	}
	return math.NaN()
}
