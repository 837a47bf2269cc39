package forecast

import (
	"errors"
	"math"
	"slices"
	"testing"

	"drover/internal/model"
)

// TestHistoryKeepsTheLatestBlocks compares the ring, which grows, with a plain
// list, over gaps of all lengths and a restart at every moment.
func TestHistoryKeepsTheLatestBlocks(t *testing.T) {
	const block, blocks = 1000, 50
	h := newHistory(block, blocks)
	var want []float64
	at := int64(-7)
	for i, gap := range []int64{1, 1, 1, 2, 1, 3, 1, 1, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 30, 1, 1, 60, 1, 1, 51, 1, 50, 1, 1} {
		if i > 0 { // the block before is complete now
			if gap > blocks {
				want = nil
			} else {
				want = append(want, float64(i-1))
				for range gap - 1 {
					want = append(want, math.NaN())
				}
			}
		}
		want = want[max(0, len(want)-blocks):]
		at += gap
		h.add(at, float64(i))
		values, start := h.Blocks()
		same := slices.EqualFunc(values, want, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
		if !same || len(want) > 0 && start != model.Instant((at-int64(len(want)))*block) {
			t.Fatalf("after block %d: %v from %v, want %v", at, values, start, want)
		}
		again := newHistory(block, blocks)
		if rest, err := again.read(h.appendBinary(nil)); err != nil || len(rest) != 0 {
			t.Fatalf("after block %d: %d bytes are left, %v", at, len(rest), err)
		}
		if !slices.Equal(again.appendBinary(nil), h.appendBinary(nil)) {
			t.Fatalf("after block %d: a restart gives another history", at)
		}
		if i%2 == 1 {
			h = again
		}
	}
}

func TestHistoryOfAYoungSeriesIsSmall(t *testing.T) {
	h := newHistory(1000, 9600)
	for i := range 40 {
		h.add(floorDiv(int64(i)*1000, h.block), 1)
	}
	if len(h.ring) > 64 {
		t.Errorf("room for %d blocks after 40", len(h.ring))
	}
}

// TestAHistoryOfNoTimeIsRefused: a damaged one could make a gap that never ends.
func TestAHistoryOfNoTimeIsRefused(t *testing.T) {
	h := newHistory(3_600_000, 48)
	for i := range 10 {
		h.add(floorDiv(int64(i)*3_600_000, h.block), 1)
	}
	for name, damage := range map[string]func(h *History){
		"last": func(h *History) { h.last = math.MinInt64 }, "number": func(h *History) { h.number = math.MaxInt64 },
	} {
		damaged := *h
		damage(&damaged)
		if _, err := newHistory(3_600_000, 48).read(damaged.appendBinary(nil)); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}
