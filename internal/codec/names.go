package codec

import (
	"hash/maphash"
	"unicode/utf8"

	"drover/internal/model"
)

// nameSlots is how many texts are kept; a power of two.
const nameSlots = 1 << 14

// names keeps texts that many records share, so that reading one again costs no
// allocation. It is a table of fixed size in which a newcomer takes the place of
// the one that was there: bounded, and which texts are kept changes no value.
type names struct {
	seed  maphash.Seed
	slots []string
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), slots: make([]string, nameSlots)}
}

// get returns b as a string; ok is false where it is no UTF-8.
func (n *names) get(b []byte) (s string, ok bool) {
	slot := &n.slots[maphash.Bytes(n.seed, b)&(nameSlots-1)]
	if *slot == string(b) {
		return *slot, true
	}
	if !utf8.Valid(b) {
		return string(b), false
	}
	if len(b) <= 128 { // a long text is no name, and would keep much memory
		*slot = string(b)
		return *slot, true
	}
	return string(b), true
}

// slabSize is how many samples are allocated at a time.
const slabSize = 256

// slab hands out slices of samples cut from larger allocations.
type slab struct{ free []model.Sample }

// take returns n samples that nothing else refers to.
func (s *slab) take(n int) []model.Sample {
	if n > slabSize/4 {
		return make([]model.Sample, n)
	}
	if n > len(s.free) {
		s.free = make([]model.Sample, slabSize)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
