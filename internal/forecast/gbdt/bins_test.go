package gbdt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEdgesAreQuantiles: what the digits sort is what a comparison sorts, with
// missing values, both zeros, infinities and denormal numbers.
func TestEdgesAreQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 7))
	strange := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-45, -1e-45, math.MaxFloat32}
	var s sorter
	for _, n := range []int{0, 1, 5, 62, 63, 700, 45_000} {
		column := make([]float32, n)
		for i := range column {
			column[i] = float32(rng.NormFloat64())
			if rng.IntN(4) == 0 {
				column[i] = strange[rng.IntN(len(strange))]
			}
		}
		var sorted []float32
		for i := 0; i < n; i += max(1, n/20000) {
			if v := column[i]; v == v {
				sorted = append(sorted, v)
			}
		}
		slices.Sort(sorted)
		var want []float32
		for b := 1; b < maxBins-1 && len(sorted) > 0; b++ {
			if v := sorted[b*len(sorted)/(maxBins-1)]; len(want) == 0 || v > want[len(want)-1] {
				want = append(want, v)
			}
		}
		if got := s.edges(column); !slices.Equal(got, want) {
			t.Errorf("%d values: edges %v, want %v", n, got, want)
		}
	}
}

// TestBinsCountEdges compares the halving with a count.
func TestBinsCountEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 7))
	for n := range maxBins - 1 {
		edges := make([]float32, n)
		for i := range edges {
			edges[i] = float32(2 * i)
		}
		padded := pad(edges)
		for range 50 {
			v := float32(rng.IntN(2*maxBins+4) - 2)
			want := 1
			for _, e := range edges {
				if v > e {
					want++
				}
			}
			if got := binOf(&padded, v); int(got) != want {
				t.Fatalf("%d edges: %v is in bin %d, not %d", n, v, got, want)
			}
		}
	}
}

// TestScorerFindsTheLeafThatTheSplitsLeadTo, also where values are missing, lie on
// a threshold, or the tree is a single leaf.
func TestScorerFindsTheLeafThatTheSplitsLeadTo(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 7))
	const features = 5
	trees := []tree{{{feature: -1, value: 3}}}
	for range 20 {
		trees = append(trees, grown63(rng, features))
	}
	s, words := newScorer(trees, features), make([]uint64, len(trees))
	row := make([]float32, features)
	for range 2000 {
		for f := range row {
			row[f] = float32(rng.IntN(11))
			if rng.IntN(8) == 0 {
				row[f] = float32(math.NaN())
			}
		}
		s.find(row, words)
		for k, tr := range trees {
			at := int32(0)
			for tr[at].feature >= 0 {
				if row[tr[at].feature] > tr[at].threshold {
					at = tr[at].right
				} else {
					at = tr[at].left
				}
			}
			if got := s.value(k, words[k]); got != tr[at].value {
				t.Fatalf("tree %d, row %v: leaf %v, want %v", k, row, got, tr[at].value)
			}
		}
	}
}

// grown63 splits leaves at random until there are as many as a word holds.
func grown63(rng *rand.Rand, features int) tree {
	tr, leaves := tree{{feature: -1}}, []int32{0}
	for len(leaves) < mostLeaves {
		k := rng.IntN(len(leaves))
		at, next := leaves[k], int32(len(tr))
		tr[at] = node{feature: int32(rng.IntN(features)), threshold: float32(rng.IntN(11)), left: next, right: next + 1}
		tr = append(tr, node{feature: -1, value: float32(next)}, node{feature: -1, value: float32(next + 1)})
		leaves[k] = next
		leaves = append(leaves, next+1)
	}
	return tr
}
