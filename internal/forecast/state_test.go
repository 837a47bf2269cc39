package forecast

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"drover/internal/model"
)

// plainState is a state as plainVersion has it.
func plainState(s *Series) []byte {
	c := coder{b: []byte{plainVersion, byte(s.lay.daySlots), byte(s.lay.weekSlots), byte(s.lay.blocks)}, write: true, plain: true}
	s.fields(&c)
	return c.b
}

func TestSlotsRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	nan := float32(math.NaN())
	alike, wild, some := make([]float32, maxDaySlots), make([]float32, maxDaySlots), make([]float32, maxDaySlots)
	for i := range alike {
		alike[i] = 20 + float32(rng.Float64())
		wild[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(200)-100))
		some[i] = nan
	}
	some[3], some[4] = 5, -5
	for name, v := range map[string][]float32{"alike": alike, "wild": wild, "some": some, "none": nil, "one": {1}} {
		w := coder{write: true}
		w.slots(v)
		if most := 4*len(v) + 1; len(w.b) > most || name == "alike" && len(w.b) > 3*len(v)+2 {
			t.Errorf("%s: %d bytes for %d values", name, len(w.b), len(v))
		}
		r, back := coder{b: bytes.Clone(w.b), gaps: true}, make([]float32, len(v))
		r.slots(back)
		if r.failed || len(r.b) != 0 {
			t.Fatalf("%s: failed %v, %d bytes left", name, r.failed, len(r.b))
		}
		for i := range v {
			if math.Float32bits(back[i]) != math.Float32bits(v[i]) {
				t.Errorf("%s: value %d is %v, was %v", name, i, back[i], v[i])
			}
		}
		for cut := range w.b { // nothing that is cut short is taken
			if r := (coder{b: w.b[:cut], gaps: true}); len(v) > 0 {
				if r.slots(make([]float32, len(v))); !r.failed {
					t.Errorf("%s: %d of %d bytes were taken", name, cut, len(w.b))
				}
			}
		}
	}
}

func TestTheFormerLayoutIsRead(t *testing.T) {
	for _, bins := range []int{0, 1, 400, 2500} {
		s, _ := fed(DefaultConfig(), bins, 3)
		former, state := plainState(s), s.AppendBinary(nil)
		back := NewSeries(DefaultConfig())
		if err := back.UnmarshalBinary(former); err != nil {
			t.Fatal(err)
		}
		// It knew nothing of errors by the time of the season, nor of what slots
		// are yet to learn: a series without them writes the same.
		fresh := NewSeries(DefaultConfig())
		bare := *s
		bare.shape, bare.dayPending, bare.weekPending = fresh.shape, fresh.dayPending, fresh.weekPending
		if !bytes.Equal(back.AppendBinary(nil), bare.AppendBinary(nil)) {
			t.Errorf("%d bins: the former layout was read as something else", bins)
		}
		if bins > 0 && len(state) >= len(former) {
			t.Errorf("%d bins: %d bytes, the former layout had %d", bins, len(state), len(former))
		}
	}
}

func TestAFailedReadChangesNothing(t *testing.T) {
	full, _ := fed(DefaultConfig(), 400, 3)
	state := full.AppendBinary(nil)
	other, _ := fed(DefaultConfig(), 300, 4)
	for name, s := range map[string]*Series{"that has seen nothing": NewSeries(DefaultConfig()), "that has seen much": other} {
		before := s.AppendBinary(nil)
		for _, broken := range [][]byte{state[:len(state)-1], append(bytes.Clone(state), 0), state[:40], nil} {
			if err := s.UnmarshalBinary(broken); err == nil {
				t.Fatalf("a series %s took %d bytes of %d", name, len(broken), len(state))
			}
			if !bytes.Equal(s.AppendBinary(nil), before) {
				t.Fatalf("a failed read changed a series %s", name)
			}
		}
	}
}

// TestAStateOfNoTimeIsRefused: instants that are further apart than a number holds
// would lead astray what is counted from the first.
func TestAStateOfNoTimeIsRefused(t *testing.T) {
	s, _ := fed(DefaultConfig(), 400, 3)
	for name, first := range map[string]model.Instant{"after the last": s.last + 1, "before all time": math.MinInt64, "far": -1 << 60} {
		damaged := *s
		damaged.first = first
		if err := NewSeries(DefaultConfig()).UnmarshalBinary(damaged.AppendBinary(nil)); !errors.Is(err, ErrState) {
			t.Errorf("first %s: %v, want a refusal", name, err)
		}
	}
}
