package forecast

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"drover/internal/model"
)

// History is what models that are fitted now and then learn from: the median of
// each block (a twenty-fourth of the first season) of the quiet values, without
// what events added, for the latest blocks, numbered by the wall clock. NaN marks
// blocks that nothing came of. It is not part of the streaming state.
type History struct {
	block  int64     // milliseconds
	blocks int       // that are kept at most
	ring   []float32 // by number of the block; it grows up to blocks
	last   int64     // number of the newest complete block
	count  int       // complete blocks kept
	number int64     // of the open block
	open   []float32
}

// maxOpen bounds the values that a block's median is taken of.
const maxOpen = 64

func newHistory(block int64, blocks int) *History {
	return &History{block: block, blocks: blocks}
}

// add takes a quiet value by the number of its block on the wall clock; bins come
// in order, but for the hour that comes twice where clocks are set back: both are
// one block.
func (h *History) add(number int64, v float64) {
	if h.count > 0 && number <= h.last || len(h.open) > 0 && number < h.number {
		return
	}
	if len(h.open) > 0 && number != h.number {
		h.close(number)
	}
	h.number = number
	if h.open == nil {
		h.open = make([]float32, 0, 12) // a usual block's
	}
	if len(h.open) < maxOpen {
		h.open = append(h.open, float32(v))
	}
}

// close ends the open block and leaves gaps up to the next.
func (h *History) close(next int64) {
	slices.Sort(h.open)
	n := len(h.open)
	h.put(h.number, (h.open[n/2]+h.open[(n-1)/2])/2)
	h.open = h.open[:0]
	if next-h.number > int64(h.blocks) {
		h.count = 0
		return
	}
	for i := h.number + 1; i < next; i++ {
		h.put(i, float32(math.NaN()))
	}
}

func (h *History) put(number int64, v float32) {
	if h.count == len(h.ring) && h.count < h.blocks {
		h.grow(min(h.blocks, max(16, 2*h.count)))
	}
	n := int64(len(h.ring))
	h.ring[(number%n+n)%n] = v
	h.last = number
	h.count = min(h.count+1, len(h.ring))
}

// grow makes the ring longer: most series of a fleet that has just been found are
// young together.
func (h *History) grow(blocks int) {
	ring, n := make([]float32, blocks), int64(blocks)
	for number := h.last - int64(h.count) + 1; number <= h.last && h.count > 0; number++ {
		ring[(number%n+n)%n] = float32(h.at(number))
	}
	h.ring = ring
}

// Blocks returns the complete blocks, oldest first, and the start of the first.
func (h *History) Blocks() (values []float64, start model.Instant) {
	n := int64(len(h.ring))
	first := h.last - int64(h.count) + 1
	values = make([]float64, h.count)
	for i := range values {
		values[i] = float64(h.ring[((first+int64(i))%n+n)%n])
	}
	return values, model.Instant(first * h.block)
}

// at returns the value of a complete block by its number; NaN where there is none.
func (h *History) at(number int64) float64 {
	if number > h.last || number <= h.last-int64(h.count) {
		return math.NaN()
	}
	n := int64(len(h.ring))
	return float64(h.ring[(number%n+n)%n])
}

// empty tells whether nothing was added yet; nil keeps nothing.
func (h *History) empty() bool { return h == nil || h.count == 0 && len(h.open) == 0 }

// Len is how many complete blocks are kept.
func (h *History) Len() int { return h.count }

// Block is the width of a block.
func (h *History) Block() time.Duration { return time.Duration(h.block) * time.Millisecond }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// appendBinary appends the complete and the open blocks.
func (h *History) appendBinary(b []byte) []byte {
	b = binary.AppendVarint(b, h.last)
	b = binary.AppendUvarint(b, uint64(h.count))
	values, _ := h.Blocks()
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	b = binary.AppendVarint(b, h.number)
	b = binary.AppendUvarint(b, uint64(len(h.open)))
	for _, v := range h.open {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// read takes what appendBinary wrote off b.
func (h *History) read(b []byte) (rest []byte, err error) {
	last, b, ok := varint(b)
	if !ok {
		return nil, fmt.Errorf("%w: history is cut short", ErrState)
	}
	values, b, ok := float32s(b, h.blocks)
	if !ok {
		return nil, fmt.Errorf("%w: history is cut short or longer than %d blocks", ErrState, h.blocks)
	}
	number, b, ok := varint(b)
	if !ok {
		return nil, fmt.Errorf("%w: history is cut short", ErrState)
	}
	open, b, ok := float32s(b, maxOpen)
	if !ok {
		return nil, fmt.Errorf("%w: an open block is cut short or holds more than %d values", ErrState, maxOpen)
	}
	h.last = last
	h.grow(len(values))
	const far = 1 << 53 // beyond it, the blocks between two overflow
	if max(last, -last, number, -number) > far || min(last, number) < -far {
		return nil, fmt.Errorf("%w: blocks %d and %d belong to no time", ErrState, last, number)
	}
	for i, v := range values {
		h.put(last-int64(len(values)-1-i), v)
	}
	h.number, h.open = number, open
	return b, nil
}

func varint(b []byte) (int64, []byte, bool) {
	v, n := binary.Varint(b)
	if n <= 0 {
		return 0, b, false
	}
	return v, b[n:], true
}

// float32s reads a count and so many numbers, at most most.
func float32s(b []byte, most int) (v []float32, rest []byte, ok bool) {
	n, b, ok := uvarint(b)
	if !ok || n > uint64(most) || uint64(len(b)) < 4*n {
		return nil, b, false
	}
	for i := range n {
		x := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if math.IsInf(float64(x), 0) || math.Abs(float64(x)) > maxValue {
			return nil, b, false
		}
		v = append(v, x)
	}
	return v, b[4*n:], true
}
