package graph

import (
	"encoding/binary"
	"fmt"
	"math"
)

// writer appends the primitives of a snapshot.
type writer struct{ bytes []byte }

func (w *writer) uint(v uint64) { w.bytes = binary.AppendUvarint(w.bytes, v) }
func (w *writer) int(v int64)   { w.bytes = binary.AppendVarint(w.bytes, v) }
func (w *writer) float(v float64) {
	w.bytes = binary.LittleEndian.AppendUint64(w.bytes, math.Float64bits(v))
}
func (w *writer) string(v string) {
	w.uint(uint64(len(v)))
	w.bytes = append(w.bytes, v...)
}

// reader takes the primitives of a snapshot off bytes. After the first failure
// err is set and everything reads as zero.
type reader struct {
	bytes []byte
	err   error
}

// fail notes the first failure.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{errSnapshot}, args...)...)
	}
	r.bytes = nil
}

// take returns the next n bytes, or nil where there are fewer.
func (r *reader) take(n uint64) []byte {
	if r.err != nil || uint64(len(r.bytes)) < n {
		r.fail("cut off")
		return nil
	}
	taken := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// float refuses numbers that are negative, infinite or not a number: no sum of
// an edge is.
func (r *reader) float() float64 {
	v := math.Float64frombits(r.uint64())
	if !(v >= 0 && v <= math.MaxFloat64) {
		r.fail("number %g", v)
		return 0
	}
	return v
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.bytes)
	if n <= 0 {
		r.fail("bad integer")
		return 0
	}
	r.bytes = r.bytes[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.bytes)
	if n <= 0 {
		r.fail("bad integer")
		return 0
	}
	r.bytes = r.bytes[n:]
	return v
}

// length reads the number of items that take at least size bytes each; it
// refuses more than what is left can hold.
func (r *reader) length(size uint64) uint64 {
	n := r.uint()
	if n > uint64(len(r.bytes))/size {
		r.fail("%d items in %d bytes", n, len(r.bytes))
		return 0
	}
	return n
}

func (r *reader) string() string { return string(r.take(r.length(1))) }

// symbol reads a symbol that g knows.
func (r *reader) symbol(g *Graph) symbol {
	v := r.uint()
	if v >= uint64(len(g.symbols.names)) || g.symbols.names[v] == "" {
		r.fail("unknown name %d", v)
		return 0
	}
	return symbol(v)
}

// latency reads the bins of an edge's latency, by rising bucket.
func (r *reader) latency() latency {
	n := r.length(5)
	bins := make(latency, 0, n)
	for range n {
		b := latencyBin{bucket: r.byte(), weight: math.Float32frombits(r.uint32())}
		if !(b.weight >= 0 && b.weight <= math.MaxFloat32) || len(bins) > 0 && bins[len(bins)-1].bucket >= b.bucket {
			r.fail("latency bin %d", b.bucket)
			return nil
		}
		bins = append(bins, b)
	}
	return bins
}
