package gbdt

import (
	"math/rand/v2"
	"slices"

	"drover/internal/forecast/panel"
)

// Options of boosting.
type Options struct {
	Trees   int
	Leaves  int
	MinRows int     // in a leaf
	Rate    float64 // learning rate
	Rows    float64 // share of rows a tree sees
	Columns float64 // share of features a tree sees
	Shrink  float64 // added to the rows of a leaf when splits are compared
	Level   float64 // the quantile to learn
	Seed    uint64
}

// Forest is the boosted trees.
type Forest struct {
	base  float32
	rate  float32
	trees []tree
	score *scorer
}

// Boost fits a forest to targets, one a row of the matrix, with the pinball
// loss at a level.
func Boost(m *Matrix, target []float32, o Options) *Forest {
	o.Leaves = min(o.Leaves, mostLeaves)
	rng := rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15))
	f := &Forest{rate: float32(o.Rate), base: quantile(slices.Clone(target), o.Level)}
	g := &grower{m: m, o: o, order: make([]int32, m.rows), spare: make([]int32, m.rows), side: make([]cell, m.rows)}
	left := make([]float32, m.rows) // residuals
	for i, y := range target {
		left[i] = y - f.base
	}
	residuals := make([]float32, 0, m.rows)
	seen := make([]bool, m.rows)
	for range o.Trees {
		n := g.draw(rng, left, seen)
		g.features = pick(rng, m.features, o.Columns)
		t, leaves := g.grow(n)
		for _, l := range leaves {
			residuals = residuals[:0]
			for _, r := range g.order[l.from:l.to] {
				residuals = append(residuals, left[r])
			}
			value := quantile(residuals, o.Level)
			t[l.node].value = value
			for _, r := range g.order[l.from:l.to] {
				left[r] -= f.rate * value
			}
		}
		f.trees = append(f.trees, t)
		for i := range left {
			if !seen[i] {
				left[i] -= f.rate * t.binned(m, i)
			}
		}
	}
	f.score = newScorer(f.trees, m.features)
	return f
}

// draw picks the rows of one tree and notes on which side of the prediction
// each row lies.
func (g *grower) draw(rng *rand.Rand, left []float32, seen []bool) (n int) {
	for i, r := range left {
		g.side[i] = belowRow
		if r > 0 {
			g.side[i] = aboveRow
		}
		if seen[i] = rng.Float64() < g.o.Rows; seen[i] {
			g.order[n] = int32(i)
			n++
		}
	}
	return n
}

// pick returns a share of the features, at least one, in rising order.
func pick(rng *rand.Rand, n int, share float64) []int {
	var out []int
	for f := range n {
		if rng.Float64() < share {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		out = append(out, rng.IntN(n))
	}
	return out
}

// binned returns the leaf value for one row of the matrix.
func (t tree) binned(m *Matrix, row int) float32 {
	i, bins := int32(0), m.bins[row*m.features:(row+1)*m.features]
	for t[i].feature >= 0 {
		if bins[t[i].feature] <= t[i].bin {
			i = t[i].left
		} else {
			i = t[i].right
		}
	}
	return t[i].value
}

// Predict returns the forest's value for one row of features.
func (f *Forest) Predict(row []float32) float64 {
	return f.predict(row, make([]uint64, len(f.trees)))
}

// predict is Predict with room for a word for each tree.
func (f *Forest) predict(row []float32, words []uint64) float64 {
	words = words[:len(f.trees)]
	f.score.find(row, words)
	sum := float64(f.base)
	for k, left := range words {
		sum += float64(f.rate * f.score.value(k, left))
	}
	return sum
}

// quantile returns the lower sample quantile; v is reordered.
func quantile(v []float32, level float64) float32 {
	if len(v) == 0 {
		return 0
	}
	return panel.Nth(v, min(len(v)-1, int(level*float64(len(v)))))
}
