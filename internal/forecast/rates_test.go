package forecast

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"drover/internal/model"
)

func TestRates(t *testing.T) {
	type step struct {
		producer string
		second   int
		value    float64
		rate     float64
		what     Reading
	}
	steps := []step{
		{"a", 0, 100, 0, ReadingFirst},
		{"a", 60, 220, 2, ReadingRate},
		{"a", 60, 220, 0, ReadingDuplicate},
		{"a", 30, 150, 0, ReadingLate},
		{"b", 61, 5000, 0, ReadingFirst}, // the other of a pair has its own state
		{"a", 120, 30, 0.5, ReadingReset},
		{"a", 180, -1, 0, ReadingInvalid},
		{"a", 180, 90, 1, ReadingRate},
		{"b", 71, 5000, 0, ReadingRate},
	}
	var r Rates
	for i, s := range steps {
		rate, over, what := r.Observe(s.producer, model.Instant(s.second*1000), s.value)
		if rate != s.rate || what != s.what {
			t.Errorf("step %d: rate %v, reading %v; want %v, %v", i, rate, what, s.rate, s.what)
		}
		if (what == ReadingRate || what == ReadingReset) && over <= 0 {
			t.Errorf("step %d: span %v", i, over)
		}
	}
	state := r.AppendBinary(nil)
	var back Rates
	if err := back.UnmarshalBinary(state); err != nil || !bytes.Equal(back.AppendBinary(nil), state) {
		t.Errorf("round trip: %v", err)
	}
	if n := r.Forget(model.Instant((100 * time.Second).Milliseconds())); n != 1 {
		t.Errorf("forgot %d producers, want b alone", n)
	}
}

func FuzzRatesState(f *testing.F) {
	var r Rates
	r.Observe("a", 1, 2)
	f.Add(r.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Rates
		if err := r.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
			return
		}
		var again Rates
		if err := again.UnmarshalBinary(r.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
	})
}
