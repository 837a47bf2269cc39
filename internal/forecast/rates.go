package forecast

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"drover/internal/model"
)

// Reading says what became of one reading of a counter.
type Reading uint8

// What a reading can be.
const (
	ReadingFirst     Reading = iota // nothing to compare with yet
	ReadingRate                     // a rate was formed
	ReadingReset                    // the counter began anew; the rate counts from zero
	ReadingDuplicate                // the same instant again, as retries and pairs produce
	ReadingLate                     // before the last one
	ReadingInvalid                  // negative or not a number
)

// Rates turns the running totals of one resource into rates, one state for
// each producer series: two producers of the same counter (a Prometheus pair)
// never mix. The zero value is ready. It is not safe for concurrent use.
type Rates struct {
	series map[string]counter
}

type counter struct {
	at    model.Instant
	value float64
}

// Observe takes one reading of a producer's counter and returns the mean rate
// per second since the one before, and the span that it covers. The rate is
// valid where the Reading is ReadingRate or ReadingReset. A reset takes the new
// value as the increase since the restart, as Prometheus' rate() does.
func (r *Rates) Observe(producer string, at model.Instant, value float64) (perSecond float64, over time.Duration, what Reading) {
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
		return 0, 0, ReadingInvalid
	}
	if r.series == nil {
		r.series = make(map[string]counter)
	}
	before, known := r.series[producer]
	switch {
	case !known:
		r.series[producer] = counter{at, value}
		return 0, 0, ReadingFirst
	case at == before.at:
		return 0, 0, ReadingDuplicate
	case at < before.at:
		return 0, 0, ReadingLate
	}
	r.series[producer] = counter{at, value}
	over = at.Sub(before.at)
	increase, what := value-before.value, ReadingRate
	if increase < 0 {
		increase, what = value, ReadingReset
	}
	return increase / over.Seconds(), over, what
}

// Forget drops producers whose last reading is before an instant, and returns
// how many.
func (r *Rates) Forget(before model.Instant) int {
	n := 0
	for name, c := range r.series {
		if c.at < before {
			delete(r.series, name)
			n++
		}
	}
	return n
}

// AppendBinary appends the state, producers in order of their names, so that
// the same state has the same bytes.
func (r *Rates) AppendBinary(b []byte) []byte {
	names := make([]string, 0, len(r.series))
	for name := range r.series {
		names = append(names, name)
	}
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		c := r.series[name]
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendVarint(b, int64(c.at))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(c.value))
	}
	return b
}

// ErrState is wrapped by the errors of UnmarshalBinary.
var ErrState = errors.New("forecast: state can't be read")

// UnmarshalBinary reads what AppendBinary wrote; on an error the state is as it was.
func (r *Rates) UnmarshalBinary(b []byte) error {
	n, b, ok := uvarint(b)
	if !ok || n > uint64(len(b)) {
		return ErrState
	}
	series := make(map[string]counter, n)
	for range n {
		var size uint64
		if size, b, ok = uvarint(b); !ok || size > uint64(len(b)) {
			return ErrState
		}
		name := string(b[:size])
		at, used := binary.Varint(b[size:])
		if used <= 0 || len(b) < int(size)+used+8 {
			return ErrState
		}
		b = b[int(size)+used:]
		series[name] = counter{model.Instant(at), math.Float64frombits(binary.LittleEndian.Uint64(b))}
		b = b[8:]
	}
	if len(b) != 0 {
		return ErrState
	}
	r.series = series
	return nil
}

func uvarint(b []byte) (uint64, []byte, bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 {
		return 0, b, false
	}
	return v, b[used:], true
}
