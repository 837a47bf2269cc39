package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"drover/internal/codec/avro"
	"drover/internal/model"
)

// coder walks the fields of an event in the schema's order, in one of two
// directions: it appends them to buf, or reads them from it. One function per
// type serves both, so that what is written is what is read. After the first
// error every call does nothing.
type coder struct {
	buf     []byte
	reading bool
	err     error
	names   *names // of texts that repeat; nil: none kept
	samples slab
	// metric is where metrics are read before they are boxed: the hot path.
	metric model.Metric
	// recentFleet and recentProducer are the last metric's.
	recentFleet, recentProducer recent
	// fleet and producer are the envelope's, for the events that hold them.
	fleet    string
	producer string
}

// head gives an event that is being read the envelope's fields. Events without
// a producer pass nil.
func (c *coder) head(fleet *model.FleetID, producer *string) {
	if !c.reading {
		return
	}
	*fleet = model.FleetID(c.fleet)
	if producer != nil {
		*producer = c.producer
	}
}

func (c *coder) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// short marks the value as cut off.
func (c *coder) short() { c.fail(avro.ErrShort) }

func (c *coder) long(v *int64) {
	if !c.reading {
		c.buf = avro.AppendLong(c.buf, *v)
		return
	}
	if len(c.buf) > 0 && c.buf[0] < 0x80 && c.err == nil { // one byte: the common case
		u := uint64(c.buf[0])
		*v, c.buf = int64(u>>1)^-int64(u&1), c.buf[1:]
		return
	}
	x, rest, err := avro.ReadLong(c.buf)
	if err != nil {
		c.fail(err)
		x, rest = 0, nil
	}
	*v, c.buf = x, rest
}

// whole codes any integer type as a long. A value that the Go type can't hold
// is an error.
func whole[T ~int | ~int32 | ~int64 | ~uint64 | ~uint8](c *coder, v *T) {
	x := int64(*v)
	c.long(&x)
	if !c.reading {
		return
	}
	*v = T(x)
	if int64(*v) != x {
		c.fail(fmt.Errorf("number %d is out of range", x))
	}
}

// symbol codes an enum of n symbols.
func symbol[T ~uint8](c *coder, v *T, n int64) {
	x := int64(*v)
	if !c.reading && x >= n {
		c.fail(&Error{Class: ClassValue, Err: fmt.Errorf("%T %d: want less than %d", *v, x, n)})
	}
	c.long(&x)
	if x < 0 || x >= n {
		c.fail(fmt.Errorf("symbol %d of %d", x, n))
		return
	}
	*v = T(x)
}

func (c *coder) double(v *float64) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, math.Float64bits(*v))
		return
	}
	if len(c.buf) < 8 {
		c.short()
		c.buf = nil
		return
	}
	*v = math.Float64frombits(binary.LittleEndian.Uint64(c.buf))
	c.buf = c.buf[8:]
}

func (c *coder) boolean(v *bool) {
	if !c.reading {
		if *v {
			c.buf = append(c.buf, 1)
		} else {
			c.buf = append(c.buf, 0)
		}
		return
	}
	switch {
	case len(c.buf) == 0:
		c.short()
		return
	case c.buf[0] > 1:
		c.fail(fmt.Errorf("boolean %d", c.buf[0]))
	}
	*v = c.buf[0] == 1
	c.buf = c.buf[1:]
}

// span reads a length and so many bytes, which stay part of the payload.
func (c *coder) span() []byte {
	var n int64
	c.long(&n)
	if n < 0 || n > int64(len(c.buf)) {
		c.short()
		c.buf = nil
		return nil
	}
	s := c.buf[:n]
	c.buf = c.buf[n:]
	return s
}

// text codes a string that is seldom the same twice.
func text[T ~string](c *coder, v *T) {
	if !c.reading {
		if !utf8.ValidString(string(*v)) {
			c.fail(&Error{Class: ClassValue, Err: fmt.Errorf("text %q is no UTF-8", string(*v))})
		}
		c.buf = append(avro.AppendLong(c.buf, int64(len(*v))), *v...)
		return
	}
	s := c.span()
	if !utf8.Valid(s) {
		c.fail(fmt.Errorf("text %q is no UTF-8", s))
		return
	}
	*v = T(s)
}

// name codes a string that many records share: reading returns the one already
// in memory where there is one.
func name[T ~string](c *coder, v *T) {
	if !c.reading || c.names == nil {
		text(c, v)
		return
	}
	s, ok := c.names.get(c.span())
	if !ok {
		c.fail(fmt.Errorf("text %q is no UTF-8", s))
		return
	}
	*v = T(s)
}

func (c *coder) bytes(v *[]byte) {
	if !c.reading {
		c.buf = append(avro.AppendLong(c.buf, int64(len(*v))), *v...)
		return
	}
	*v = nil
	if s := c.span(); len(s) > 0 {
		*v = slices.Clone(s)
	}
}

// duration codes a time.Duration in nanoseconds.
func duration(c *coder, v *time.Duration) { c.long((*int64)(v)) }

// block reads a block's count: 0 ends a list. Each item takes a byte at least,
// which bounds what a hostile count can allocate.
func (c *coder) block() int {
	var n, size int64
	c.long(&n)
	if n < 0 {
		n = -n
		c.long(&size)
	}
	if c.err != nil {
		return 0
	}
	if n < 0 || n > int64(len(c.buf)) {
		c.short()
		return 0
	}
	return int(n)
}

// list codes an array; an empty one is read as nil.
func list[T any](c *coder, v *[]T, item func(*coder, *T)) {
	if !c.reading {
		if len(*v) > 0 {
			c.buf = avro.AppendLong(c.buf, int64(len(*v)))
			for i := range *v {
				item(c, &(*v)[i])
			}
		}
		c.buf = append(c.buf, 0)
		return
	}
	*v = nil
	for n := c.block(); n > 0; n = c.block() {
		at := len(*v)
		*v = slices.Grow(*v, min(n, 4096)) // a hostile count gets no memory ahead
		for i := at; i < at+n && c.err == nil; i++ {
			var zero T
			*v = append(*v, zero)
			item(c, &(*v)[i])
		}
	}
}

// dictionary codes a map, by rising key, so that equal maps give equal bytes;
// an empty one is read as nil.
func dictionary[V any](c *coder, v *map[string]V, item func(*coder, *V)) {
	if !c.reading {
		keys := make([]string, 0, len(*v))
		for k := range *v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if len(keys) > 0 {
			c.buf = avro.AppendLong(c.buf, int64(len(keys)))
		}
		for _, k := range keys {
			text(c, &k)
			value := (*v)[k]
			item(c, &value)
		}
		c.buf = append(c.buf, 0)
		return
	}
	*v = nil
	for n := c.block(); n > 0; n = c.block() {
		if *v == nil {
			*v = map[string]V{}
		}
		for range n {
			var k string
			var value V
			name(c, &k)
			item(c, &value)
			if c.err != nil {
				return
			}
			(*v)[k] = value
		}
	}
}
