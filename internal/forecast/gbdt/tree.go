package gbdt

import "math"

// node is a split, or a leaf where feature is negative.
type node struct {
	feature     int32
	bin         uint8 // rows in bins up to it go left
	threshold   float32
	left, right int32
	value       float32
}

// tree is nodes from the root at 0.
type tree []node

// cell is one bin of a histogram: how many rows in the lower half, how many of
// them lie above the prediction in the upper. The pinball loss has two slopes
// only, so that these two numbers hold the sum of the gradients exactly.
type cell uint64

const (
	belowRow cell = 1
	aboveRow cell = 1<<32 + 1
)

func (c cell) rows() int { return int(uint32(c)) }

// gradient is the sum of the slopes of the loss at a level.
func (c cell) gradient(level float64) float64 {
	above := float64(c >> 32)
	return above - float64((1-level)*float64(uint32(c)))
}

// leaf is a node that may still be split.
type leaf struct {
	node       int
	from, to   int // its rows in the grower's order
	histogram  []cell
	gain       float64
	feature    int
	bin        uint8
	splittable bool
}

// grower grows one tree after another on the same matrix.
type grower struct {
	m        *Matrix
	o        Options
	order    []int32
	spare    []int32
	side     []cell // belowRow or aboveRow, by row
	features []int
	pool     [][]cell
}

func (g *grower) histogram() []cell {
	if n := len(g.pool); n > 0 {
		h := g.pool[n-1]
		g.pool = g.pool[:n-1]
		clear(h)
		return h
	}
	return make([]cell, g.m.features*maxBins)
}

// fill counts a leaf's rows into its histogram.
func (g *grower) fill(l *leaf) {
	l.histogram = g.histogram()
	h, width := l.histogram, g.m.features
	for _, r := range g.order[l.from:l.to] {
		side := g.side[r]
		bins := g.m.bins[int(r)*width : int(r)*width+width]
		for _, f := range g.features {
			h[f*maxBins+int(bins[f]&(maxBins-1))] += side
		}
	}
}

// search finds a leaf's best split: the one that takes most off the squared
// error of the gradients.
func (g *grower) search(l *leaf) {
	l.gain, l.splittable = 0, false
	n := l.to - l.from
	var all cell
	if len(g.features) > 0 {
		f := g.features[0]
		for _, c := range l.histogram[f*maxBins : (f+1)*maxBins] {
			all += c
		}
	}
	total := all.gradient(g.o.Level)
	parent := total * total / (float64(n) + g.o.Shrink)
	for _, f := range g.features {
		h := l.histogram[f*maxBins : (f+1)*maxBins]
		var left cell
		for b := range len(g.m.edges[f]) + 1 {
			left += h[b]
			count := left.rows()
			if count < g.o.MinRows {
				continue
			}
			if n-count < g.o.MinRows {
				break
			}
			if h[b] == 0 {
				continue // the same split as one bin before
			}
			sum := left.gradient(g.o.Level)
			rest := total - sum
			gain := sum*sum/(float64(count)+g.o.Shrink) + rest*rest/(float64(n-count)+g.o.Shrink) - parent
			if gain > l.gain+1e-9 {
				l.gain, l.feature, l.bin, l.splittable = gain, f, uint8(b), true
			}
		}
	}
}

// partition orders a leaf's rows so that the left child's come first, keeping
// their order, and returns where the right child's begin.
func (g *grower) partition(l *leaf) int {
	bins, width := g.m.bins[l.feature:], g.m.features
	left, right := l.from, 0
	for _, r := range g.order[l.from:l.to] {
		if bins[int(r)*width] <= l.bin {
			g.order[left] = r
			left++
		} else {
			g.spare[right] = r
			right++
		}
	}
	copy(g.order[left:l.to], g.spare[:right])
	return left
}

// grow returns a tree on the rows in order[:n], and the leaves with their rows.
func (g *grower) grow(n int) (tree, []leaf) {
	t := tree{{feature: -1}}
	root := leaf{from: 0, to: n}
	g.fill(&root)
	g.search(&root)
	leaves := []leaf{root}
	for len(leaves) < g.o.Leaves {
		best := -1
		for i := range leaves {
			if leaves[i].splittable && (best < 0 || leaves[i].gain > leaves[best].gain) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		left, right := g.split(&t, leaves[best])
		leaves[best] = left
		leaves = append(leaves, right)
	}
	for i := range leaves {
		g.pool = append(g.pool, leaves[i].histogram)
	}
	return t, leaves
}

// split turns a leaf into a node with two leaves. Only the smaller one's
// histogram is counted; the other's is what is left of the parent's.
func (g *grower) split(t *tree, l leaf) (left, right leaf) {
	middle := g.partition(&l)
	at := len(*t)
	*t = append(*t, node{feature: -1}, node{feature: -1})
	threshold := float32(math.Inf(-1))
	if b := int(l.bin); b > 0 && b-1 < len(g.m.edges[l.feature]) {
		threshold = g.m.edges[l.feature][b-1]
	}
	(*t)[l.node] = node{feature: int32(l.feature), bin: l.bin, threshold: threshold, left: int32(at), right: int32(at + 1)}
	left = leaf{node: at, from: l.from, to: middle}
	right = leaf{node: at + 1, from: middle, to: l.to}
	small, large := &left, &right
	if right.to-right.from < left.to-left.from {
		small, large = large, small
	}
	g.fill(small)
	large.histogram = l.histogram
	for _, f := range g.features {
		for b := f * maxBins; b < (f+1)*maxBins; b++ {
			large.histogram[b] -= small.histogram[b]
		}
	}
	g.search(&left)
	g.search(&right)
	return left, right
}
