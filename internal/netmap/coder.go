package netmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// errSnapshot is wrapped by every error about a snapshot's bytes.
var errSnapshot = errors.New("network map snapshot")

// coder walks over state and either appends it to bytes or, where reading, takes
// it off them: each type is described once, for both directions. After the first
// failure err is set and everything reads as zero.
type coder struct {
	bytes   []byte
	reading bool
	err     error
}

// fail notes the first failure.
func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{errSnapshot}, args...)...)
	}
	c.bytes = nil
}

// word walks over an unsigned integer as a varint.
func (c *coder) word(v *uint64) {
	if !c.reading {
		c.bytes = binary.AppendUvarint(c.bytes, *v)
		return
	}
	read, n := binary.Uvarint(c.bytes)
	if n <= 0 {
		c.fail("bad integer or cut off")
		read, n = 0, 0
	}
	*v, c.bytes = read, c.bytes[n:]
}

// whole walks over an integer that is at most limit.
func whole[T ~uint8 | ~uint32 | ~uint64 | ~int | ~int32 | ~int64](c *coder, v *T, limit uint64) {
	w := uint64(*v)
	c.word(&w)
	if w > limit {
		c.fail("%d where at most %d is possible", w, limit)
		w = 0
	}
	*v = T(w)
}

// flag walks over a truth value.
func (c *coder) flag(v *bool) {
	w := uint8(0)
	if *v {
		w = 1
	}
	whole(c, &w, 1)
	*v = w == 1
}

// number walks over a finite number.
func (c *coder) number(v *float64) {
	if !c.reading {
		c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(*v))
		return
	}
	if len(c.bytes) < 8 {
		c.fail("cut off")
		*v = 0
		return
	}
	*v = math.Float64frombits(binary.LittleEndian.Uint64(c.bytes))
	c.bytes = c.bytes[8:]
	if math.IsNaN(*v) || math.IsInf(*v, 0) {
		c.fail("number %g", *v)
		*v = 0
	}
}

// text walks over a string.
func (c *coder) text(v *string) {
	n := c.length(len(*v))
	if !c.reading {
		c.bytes = append(c.bytes, *v...)
		return
	}
	*v = string(c.bytes[:n])
	c.bytes = c.bytes[n:]
}

// length walks over the number of items that take a byte each or more.
func (c *coder) length(n int) int {
	w := uint64(n)
	c.word(&w)
	if c.reading && w > uint64(len(c.bytes)) {
		c.fail("%d items in %d bytes", w, len(c.bytes))
		return 0
	}
	return int(w)
}

// list walks over a slice.
func list[T any](c *coder, v *[]T, each func(*T)) {
	n := c.length(len(*v))
	for i := range n {
		if c.reading {
			var item T
			each(&item)
			if c.err != nil {
				return
			}
			*v = append(*v, item)
			continue
		}
		each(&(*v)[i])
	}
}
