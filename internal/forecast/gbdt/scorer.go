package gbdt

import (
	"cmp"
	"math/bits"
	"slices"
)

// scorer finds the leaves of a row in all trees of a forest at once (Lucchese et
// al., "QuickScorer", SIGIR 2015). The leaves of a tree are bits, from left to
// right; a split that sends the row right takes those of its left side away, and
// the first bit that is left is the row's leaf. A feature's splits lie in order of
// their thresholds, so that those that send it right come first.
type scorer struct {
	from   []int32 // splits of feature f are from[f] to from[f+1]
	splits []split
	leaves [][]float32 // values by tree, from left to right
}

type split struct {
	threshold float32
	tree      uint32
	keep      uint64 // leaves that remain where the row goes right
}

// mostLeaves is what a word holds.
const mostLeaves = 64

// newScorer lays trees of at most mostLeaves leaves out by feature.
func newScorer(trees []tree, features int) *scorer {
	s := &scorer{from: make([]int32, features+1), leaves: make([][]float32, len(trees))}
	type placed struct {
		split
		feature int32
	}
	var all []placed
	for k, t := range trees {
		var walk func(at int32) uint64
		walk = func(at int32) uint64 {
			n := t[at]
			if n.feature < 0 {
				s.leaves[k] = append(s.leaves[k], n.value)
				return 1 << (len(s.leaves[k]) - 1)
			}
			left := walk(n.left)
			all = append(all, placed{split{n.threshold, uint32(k), ^left}, n.feature})
			return left | walk(n.right)
		}
		walk(0)
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.feature, b.feature), cmp.Compare(a.threshold, b.threshold))
	})
	for _, p := range all {
		s.splits = append(s.splits, p.split)
		s.from[p.feature+1]++
	}
	for f := range features {
		s.from[f+1] += s.from[f]
	}
	return s
}

// find sets left to the leaves that remain of each tree; missing values go left.
func (s *scorer) find(row []float32, left []uint64) {
	for i := range left {
		left[i] = ^uint64(0)
	}
	for f, v := range row[:len(s.from)-1] {
		for _, at := range s.splits[s.from[f]:s.from[f+1]] {
			if !(v > at.threshold) {
				break
			}
			left[at.tree] &= at.keep
		}
	}
}

// value is a tree's leaf among those that remain.
func (s *scorer) value(tree int, left uint64) float32 {
	return s.leaves[tree][bits.TrailingZeros64(left)]
}
