package forecaster

import (
	"math/bits"
	"time"

	"github.com/cespare/xxhash/v2"

	"drover/internal/model"
)

// bin is one open interval of a series; it holds samples with times in
// (end-width, end], since a measured value describes the time before it.
//
// Producers that report the same thing (a pair that watches one server) are
// averaged. An application's producers are its instances: the averages of each
// over the bin are added, so that an instance that takes another's place in the
// middle of a bin counts for the rest of it.
type bin struct {
	end   model.Instant
	parts []part
	// slots has a bit for each part of the bin's time, as many as samples came in
	// the bin before, in which a sample lies.
	slots uint64
}

// part is what one producer has reported in a bin.
type part struct {
	producer uint64 // hash of its name; 0: all producers together
	sum      float64
	count    int64
	last     model.Instant
	seen     uint64 // the 64ths of the bin in which it has reported
}

// mostSlots is how many slots a bin can have.
const mostSlots = 64

// instance returns what a producer is told apart by: nothing where all of an
// entity's producers report the same.
func (e *entity) instance(producer string) uint64 {
	if !e.instances {
		return 0
	}
	return xxhash.Sum64String(producer) | 1
}

// find returns a producer's part; nil: there is none.
func (b *bin) find(producer uint64) *part {
	for i := range b.parts {
		if b.parts[i].producer == producer {
			return &b.parts[i]
		}
	}
	return nil
}

// part returns a producer's part, a new one if need be.
func (b *bin) part(producer uint64) *part {
	if p := b.find(producer); p != nil {
		return p
	}
	b.parts = append(b.parts, part{producer: producer})
	return &b.parts[len(b.parts)-1]
}

// put adds a value; bit is its 64th of the bin and cadence how many samples a
// producer is expected to send.
func (b *bin) put(producer uint64, at model.Instant, bit uint64, value float64, width time.Duration, cadence int64) {
	p := b.part(producer)
	p.sum += value
	p.count++
	p.last = max(p.last, at)
	p.seen |= bit
	slots := min(max(cadence, 1), mostSlots)
	into := max(0, int64(width/time.Millisecond)-int64(b.end-at)-1) // 0 is the bin's first millisecond
	b.slots |= 1 << min(into*slots/int64(width/time.Millisecond), slots-1)
}

// most is how many samples the busiest producer has sent.
func (b *bin) most() (n int64) {
	for i := range b.parts {
		n = max(n, b.parts[i].count)
	}
	return n
}

// value is what the bin says of the entity, where before is the bin before it.
// A producer is expected to send as many samples as it did then, a new one as
// many as the busiest; where nothing at all was heard of for a while, nobody is
// expected to have sent anything.
func (b *bin) value(before *bin) float64 {
	if len(b.parts) == 1 {
		return b.parts[0].sum / float64(b.parts[0].count)
	}
	heard := max(int64(bits.OnesCount64(b.slots)), 1)
	total := 0.0
	for i := range b.parts {
		p := &b.parts[i]
		expected := before.most()
		for j := range before.parts {
			if before.parts[j].producer == p.producer {
				expected = before.parts[j].count
			}
		}
		total += p.sum / float64(max(p.count, min(expected, heard)))
	}
	return total
}
