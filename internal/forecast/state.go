package forecast

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"drover/internal/model"
)

// maxValue bounds what a state may hold; what is observed stays far below it, so
// that products of it stay finite.
const maxValue = 1e38

// stateVersion stands first in a serialised Series; it rises with every change
// of the layout.
const stateVersion = 3

// plainVersion is the layout before the seasons' slots were written in runs and
// before errors were told apart by the time of the season; it is still read.
const plainVersion = 2

// coder walks over the state's fields once for writing, once for reading, so
// that the two can't drift apart.
type coder struct {
	b      []byte
	write  bool
	failed bool
	gaps   bool // NaN is allowed: it marks slots not seen yet
	plain  bool // as plainVersion has it
}

func (c *coder) u32(v *uint32) {
	if c.write {
		c.b = binary.LittleEndian.AppendUint32(c.b, *v)
		return
	}
	if len(c.b) < 4 {
		c.failed = true
		return
	}
	*v = binary.LittleEndian.Uint32(c.b)
	c.b = c.b[4:]
}

func (c *coder) instant(v *model.Instant) {
	low, high := uint32(uint64(*v)), uint32(uint64(*v)>>32)
	c.u32(&low)
	c.u32(&high)
	*v = model.Instant(uint64(high)<<32 | uint64(low))
}

func (c *coder) u8(v *uint8) {
	if c.write {
		c.b = append(c.b, *v)
		return
	}
	if len(c.b) < 1 {
		c.failed = true
		return
	}
	*v, c.b = c.b[0], c.b[1:]
}

func (c *coder) u16(v *uint16) {
	if c.write {
		c.b = binary.LittleEndian.AppendUint16(c.b, *v)
		return
	}
	if len(c.b) < 2 {
		c.failed = true
		return
	}
	*v = binary.LittleEndian.Uint16(c.b)
	c.b = c.b[2:]
}

func (c *coder) floats(v ...*float32) {
	for _, p := range v {
		bits := math.Float32bits(*p)
		c.u32(&bits)
		*p = math.Float32frombits(bits)
		c.check(*p)
	}
}

// check refuses what is no finite number within bounds.
func (c *coder) check(v float32) {
	if !(v >= -maxValue && v <= maxValue) && (v == v || !c.gaps) {
		c.failed = true
	}
}

func (c *coder) slice(v []float32) {
	if c.write {
		at := len(c.b)
		c.b = slices.Grow(c.b, 4*len(v))[:at+4*len(v)]
		b := c.b[at:]
		for _, x := range v {
			binary.LittleEndian.PutUint32(b[:4], math.Float32bits(x))
			b = b[4:]
		}
		return
	}
	if len(c.b) < 4*len(v) {
		c.failed = true
		return
	}
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(c.b[:4]))
		c.b = c.b[4:]
		c.check(v[i])
	}
}

// slots codes neighbours that are of a size: their highest bytes, sign and most
// of the exponent, are written in runs (length, byte), then the other three of
// each. A quarter of the bytes is saved where the values are alike, as a season's
// are. Values that jump from one to the next are written as they are, after a zero.
func (c *coder) slots(v []float32) {
	switch {
	case c.plain:
		c.slice(v)
	case c.write:
		c.writeSlots(v)
	default:
		c.readSlots(v)
	}
}

func (c *coder) writeSlots(v []float32) {
	runs := 0
	for i := range v {
		if i == 0 || math.Float32bits(v[i])>>24 != math.Float32bits(v[i-1])>>24 {
			runs++
		}
	}
	if 2*runs > len(v) {
		c.b = append(c.b, 0)
		c.slice(v)
		return
	}
	for i := 0; i < len(v); {
		top, run := byte(math.Float32bits(v[i])>>24), 1
		for i+run < len(v) && run < math.MaxUint8 && byte(math.Float32bits(v[i+run])>>24) == top {
			run++
		}
		c.b = append(c.b, byte(run), top)
		i += run
	}
	for _, x := range v {
		bits := math.Float32bits(x)
		c.b = append(c.b, byte(bits), byte(bits>>8), byte(bits>>16))
	}
}

func (c *coder) readSlots(v []float32) {
	if len(c.b) > 0 && c.b[0] == 0 {
		c.b = c.b[1:]
		c.slice(v)
		return
	}
	var tops [maxDaySlots]byte // the longest season's
	for i := 0; i < len(v); {
		if len(c.b) < 2 || c.b[0] == 0 || int(c.b[0]) > len(v)-i {
			c.failed = true
			return
		}
		for range c.b[0] {
			tops[i] = c.b[1]
			i++
		}
		c.b = c.b[2:]
	}
	if len(c.b) < 3*len(v) {
		c.failed = true
		return
	}
	for i := range v {
		b := c.b[3*i : 3*i+3]
		v[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(tops[i])<<24)
		c.check(v[i])
	}
	c.b = c.b[3*len(v):]
}

// fields visits everything that has to survive a restart.
func (s *Series) fields(c *coder) {
	c.instant(&s.first)
	c.instant(&s.last)
	c.u32(&s.count)
	c.floats(&s.value, &s.level, &s.spread, &s.fast, &s.slow, &s.up, &s.down, &s.naiveScale, &s.slotSum)
	slot := uint16(s.slot)
	c.u16(&slot)
	s.slot = int16(slot)
	c.u16(&s.slotN)
	c.u16(&s.shifts)
	c.gaps = true
	c.slots(s.profile[:s.lay.daySlots])
	c.slots(s.previous[:s.lay.daySlots])
	c.gaps = false
	c.slice(s.weekly[:s.lay.weekSlots])
	c.slice(s.recent[:])
	c.slice(s.pastFast[:])
	c.slice(s.pastSlow[:])
	c.slice(s.peaks[:])
	for i := range s.lay.blocks {
		b := &s.blocks[i]
		c.slice(b.gram[:])
		c.slice(b.coef[:])
		c.slice(b.error[:])
		c.slice(b.zone[:])
		c.floats(&b.seen, &b.covered, &b.below, &b.loss, &b.bias)
	}
	if !c.plain {
		for i := range s.lay.parts {
			c.u16(&s.shape[i])
		}
		for _, p := range []*pending{&s.dayPending, &s.weekPending} {
			c.u8(&p.slot)
			c.slice(p.sum[:])
		}
	}
	s.kindFields(c)
}

// kindFields visits the kinds of events that were learned; free places cost a
// byte of the mask each.
func (s *Series) kindFields(c *coder) {
	var used uint16
	for i := range s.kinds {
		if s.kinds[i].kind != 0 {
			used |= 1 << i
		}
	}
	c.u16(&used)
	for i := range s.kinds {
		if used&(1<<i) == 0 {
			continue
		}
		k := &s.kinds[i]
		c.u32(&k.kind)
		c.slice(k.mean[:])
		c.slice(k.bins[:])
		c.slice(k.error[:])
	}
}

// AppendBinary appends the state: at most 2,048 bytes. The configuration is
// not part of it.
func (s *Series) AppendBinary(b []byte) []byte {
	c := coder{b: append(b, stateVersion, byte(s.lay.daySlots), byte(s.lay.weekSlots), byte(s.lay.blocks)), write: true}
	s.fields(&c)
	return c.b
}

// UnmarshalBinary reads what AppendBinary wrote under the same configuration;
// from there on the series says bit for bit what the written one would have
// said. On an error, which wraps ErrState, the series is as it was.
func (s *Series) UnmarshalBinary(b []byte) error {
	if len(b) < 4 || b[0] != stateVersion && b[0] != plainVersion {
		return fmt.Errorf("%w: version is not %d", ErrState, stateVersion)
	}
	if int(b[1]) != s.lay.daySlots || int(b[2]) != s.lay.weekSlots || int(b[3]) != s.lay.blocks {
		return fmt.Errorf("%w: written with other seasons, bins or horizon", ErrState)
	}
	// One that has seen nothing, as when a whole partition is restored, needs no
	// second one to be read into.
	fresh := s
	if s.count > 0 || !s.history.empty() || s.guides != nil && len(s.guides.newest.Blocks) > 0 {
		fresh = s.Like()
	}
	c := coder{b: b[4:], plain: b[0] == plainVersion}
	fresh.fields(&c)
	var err error
	switch {
	case c.failed || len(c.b) != 0:
		err = fmt.Errorf("%w: %d bytes do not fit the layout or hold no finite numbers", ErrState, len(b))
	case !fresh.sound():
		err = fmt.Errorf("%w: values are out of range", ErrState)
	case fresh != s:
		*s = *fresh
	}
	if err != nil && fresh == s {
		*s = *s.Like()
	}
	return err
}

// sound checks what indices rely on.
func (s *Series) sound() bool {
	const far = 1 << 53 // beyond it, the time between two instants overflows
	if s.last < s.first || s.first < -far || s.last > far || int(s.slot) >= s.lay.daySlots || s.slot < -1 {
		return false
	}
	return int(s.dayPending.slot) < max(1, s.lay.daySlots) && int(s.weekPending.slot) < max(1, s.lay.weekSlots)
}
