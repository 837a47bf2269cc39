package solver

import "math/bits"

// domains holds, for every free item of a constraint search, the set of bins it
// may still go to, as bits. Every change is written on a trail, so that a
// search can return to any earlier mark.
type domains struct {
	words int
	bits  []uint64 // slot*words+w
	size  []int32  // by slot
	trail []erased
}

// erased is one word as it was before bits were removed.
type erased struct {
	slot int32
	word int32
	old  uint64
	size int32
}

func newDomains(slots, bins int) *domains {
	words := (bins + 63) / 64
	return &domains{words: words, bits: make([]uint64, slots*words), size: make([]int32, slots)}
}

// has tells whether bin b is in the domain of a slot.
func (d *domains) has(slot int, b int32) bool {
	return d.bits[slot*d.words+int(b>>6)]>>(uint(b)&63)&1 != 0
}

// insert adds a bin while domains are built; it is not trailed.
func (d *domains) insert(slot int, b int32) {
	d.bits[slot*d.words+int(b>>6)] |= 1 << (uint(b) & 63)
	d.size[slot]++
}

// remove takes bin b out of a domain and tells whether something is left.
func (d *domains) remove(slot int, b int32) bool {
	k := slot*d.words + int(b>>6)
	mask := uint64(1) << (uint(b) & 63)
	if d.bits[k]&mask == 0 {
		return d.size[slot] > 0
	}
	d.trail = append(d.trail, erased{int32(slot), int32(b >> 6), d.bits[k], d.size[slot]})
	d.bits[k] &^= mask
	d.size[slot]--
	return d.size[slot] > 0
}

// each calls do for every bin of a domain, in rising order, until do says stop.
func (d *domains) each(slot int, do func(b int32) bool) {
	for w := range d.words {
		for word := d.bits[slot*d.words+w]; word != 0; word &= word - 1 {
			if !do(int32(w*64 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// mark returns the present end of the trail, backTo undoes everything after one.
func (d *domains) mark() int { return len(d.trail) }

func (d *domains) backTo(mark int) {
	for k := len(d.trail) - 1; k >= mark; k-- {
		e := d.trail[k]
		d.bits[int(e.slot)*d.words+int(e.word)] = e.old
		d.size[e.slot] = e.size
	}
	d.trail = d.trail[:mark]
}
