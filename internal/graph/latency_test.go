package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestLatencyBucketsTileTheLine(t *testing.T) {
	for bucket := range latencyLast {
		low, high := latencyBounds(uint8(bucket))
		if !(low < high) || high-low > math.Max(1, low/latencySub) {
			t.Errorf("bucket %d from %g to %g", bucket, low, high)
		}
		if got := latencyBucket(uint64(low)); got != uint8(bucket) {
			t.Errorf("%g is in bucket %d, want %d", low, got, bucket)
		}
		if got := latencyBucket(uint64(high) - 1); got != uint8(bucket) {
			t.Errorf("%g is in bucket %d, want %d", high-1, got, bucket)
		}
	}
	if latencyBucket(math.MaxUint64) != latencyLast {
		t.Error("the last bucket does not take the longest")
	}
}

// TestLatencyQuantileProperty compares with exact quantiles: never further off
// than a bucket is wide.
func TestLatencyQuantileProperty(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var l latency
		var exact []uint64
		for range 1 + r.IntN(500) {
			v := r.Uint64N(1 << (1 + r.UintN(32)))
			l.add(v, 1)
			exact = append(exact, v)
		}
		slices.Sort(exact)
		if !slices.IsSortedFunc(l, func(a, b latencyBin) int { return int(a.bucket) - int(b.bucket) }) {
			t.Fatal("bins are out of order")
		}
		for _, q := range []float64{0.01, 0.5, 0.95, 1} {
			want := float64(exact[max(0, int(math.Ceil(q*float64(len(exact))))-1)])
			if got := float64(l.quantile(q)); math.Abs(got-want) > want/latencySub+1 {
				t.Errorf("seed %d: quantile %g is %g, want %g", seed, q, got, want)
			}
		}
	}
}

func TestLatencyScaleDropsWhatIsNegligible(t *testing.T) {
	var l latency
	l.add(10, 1)
	l.add(1000, 1<<22)
	l.scale(21)
	if len(l) != 1 || l[0].weight != 2 {
		t.Errorf("%+v", l)
	}
	if l.scale(100); len(l) != 0 || l.quantile(0.5) != 0 {
		t.Errorf("%+v", l)
	}
}
