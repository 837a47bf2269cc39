package graph

import (
	"math"
	"math/bits"
)

// The latency histogram has eight buckets to each power of two (as
// HdrHistogram does, Tene 2012): below 8 µs a bucket is one microsecond, above
// it a bucket is at most an eighth of its value wide. The last one takes
// everything from 4.4 hours on.
const (
	latencySubBits = 3
	latencySub     = 1 << latencySubBits
	latencyLast    = 255
)

// latencyBin is one filled bucket.
type latencyBin struct {
	bucket uint8
	weight float32
}

// latency is a sparse histogram of response times, by rising bucket: an edge
// fills few of the 256.
type latency []latencyBin

// latencyBucket returns the bucket of a duration in microseconds.
func latencyBucket(micros uint64) uint8 {
	if micros < latencySub {
		return uint8(micros)
	}
	shift := bits.Len64(micros) - latencySubBits - 1
	bucket := (shift+1)<<latencySubBits + int(micros>>shift) - latencySub
	return uint8(min(bucket, latencyLast))
}

// latencyBounds returns the least duration of a bucket and the least of the
// next, in microseconds.
func latencyBounds(bucket uint8) (low, high float64) {
	at := func(b int) float64 {
		if b < latencySub {
			return float64(b)
		}
		return math.Ldexp(float64(b%latencySub+latencySub), b/latencySub-1)
	}
	return at(int(bucket)), at(int(bucket) + 1)
}

// add counts a duration with a weight.
func (l *latency) add(micros uint64, weight float64) {
	bucket, bins := latencyBucket(micros), *l
	i := len(bins)
	for i > 0 && bins[i-1].bucket >= bucket {
		i--
	}
	if i < len(bins) && bins[i].bucket == bucket {
		bins[i].weight += float32(weight)
		return
	}
	if len(bins) == cap(bins) {
		// Grow by four: doubling would waste most memory of a million edges.
		grown := make(latency, len(bins), len(bins)+4)
		copy(grown, bins)
		bins = grown
	}
	bins = append(bins, latencyBin{})
	copy(bins[i+1:], bins[i:])
	bins[i] = latencyBin{bucket: bucket, weight: float32(weight)}
	*l = bins
}

// scale multiplies all weights by a power of two, 2^-shift, and drops bins
// that have become negligible.
func (l *latency) scale(shift int) {
	const negligible = 1.0 / (1 << 20)
	kept := (*l)[:0]
	for _, b := range *l {
		b.weight = float32(math.Ldexp(float64(b.weight), -shift))
		if b.weight > negligible {
			kept = append(kept, b)
		}
	}
	*l = kept
}

// quantile returns the q-quantile in microseconds, interpolated within its
// bucket; 0 where nothing was measured.
func (l latency) quantile(q float64) uint64 {
	total := 0.0
	for _, b := range l {
		total += float64(b.weight)
	}
	if total <= 0 {
		return 0
	}
	rank := q * total
	for i, b := range l {
		w := float64(b.weight)
		if rank > w && i < len(l)-1 {
			rank -= w
			continue
		}
		low, high := latencyBounds(b.bucket)
		if b.bucket < latencySub {
			return uint64(b.bucket)
		}
		return uint64(low + (high-low)*min(rank/w, 1))
	}
	return 0
}
