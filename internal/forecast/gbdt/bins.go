// Package gbdt holds gradient-boosted regression trees with quantile loss on
// histograms of binned features, and the global model that forecasts every
// series of a panel with one set of trees.
//
// Sources: Friedman, "Greedy function approximation" (Annals of Statistics
// 2001: boosting, and leaves set to the residuals' quantile) and "Stochastic
// gradient boosting" (2002); Ke et al., "LightGBM" (NeurIPS 2017: histograms,
// leaf-wise growth, the smaller child's histogram only).
package gbdt

import "math"

// maxBins is the number of bins of a feature; bin 0 holds missing values.
const maxBins = 64

// Matrix is the rows to learn from, in bins, row by row: a leaf's rows lie
// scattered, and one row's features share a cache line.
type Matrix struct {
	rows, features int
	bins           []uint8     // bins[row*features+f]
	edges          [][]float32 // edges[f][b] is the upper end of bin b+1
}

// NewMatrix bins columns of equal length; NaN is missing. Edges stand at
// quantiles of at most 20,000 evenly spaced rows.
func NewMatrix(columns [][]float32) *Matrix {
	m := &Matrix{features: len(columns)}
	if len(columns) > 0 {
		m.rows = len(columns[0])
	}
	m.bins = make([]uint8, m.rows*m.features)
	var s sorter
	for f, column := range columns {
		edges := s.edges(column)
		padded := pad(edges)
		for i, v := range column {
			m.bins[i*m.features+f] = binOf(&padded, v)
		}
		m.edges = append(m.edges, edges)
	}
	return m
}

// sorter sorts columns in the same two buffers.
type sorter struct{ keys, spare []uint32 }

func (s *sorter) edges(column []float32) []float32 {
	step := max(1, len(column)/20000)
	s.keys = s.keys[:0]
	for i := 0; i < len(column); i += step {
		if v := column[i]; v == v {
			s.keys = append(s.keys, keyOf(v))
		}
	}
	s.sort()
	var edges []float32
	for b := 1; b < maxBins-1; b++ {
		if len(s.keys) == 0 {
			break
		}
		v := valueOf(s.keys[b*len(s.keys)/(maxBins-1)])
		if len(edges) == 0 || v > edges[len(edges)-1] {
			edges = append(edges, v)
		}
	}
	return edges
}

// sort orders the keys by their digits, the last first (Knuth, vol. 3, 5.2.5).
func (s *sorter) sort() {
	const digit, digits = 11, 3
	if len(s.spare) < len(s.keys) {
		s.spare = make([]uint32, cap(s.keys))
	}
	from, to := s.keys, s.spare[:len(s.keys)]
	for d := range digits {
		var start [1 << digit]uint32
		shift := d * digit
		for _, k := range from {
			start[k>>shift&(1<<digit-1)]++
		}
		sum := uint32(0)
		for b, n := range start {
			start[b], sum = sum, sum+n
		}
		for _, k := range from {
			at := &start[k>>shift&(1<<digit-1)]
			to[*at] = k
			*at++
		}
		from, to = to, from
	}
	s.keys, s.spare = from, to[:cap(to)]
}

// keyOf maps numbers to integers of the same order, and valueOf back.
func keyOf(v float32) uint32 {
	b := math.Float32bits(v + 0) // no negative zero
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

func valueOf(k uint32) float32 {
	if k>>31 == 1 {
		return math.Float32frombits(k &^ (1 << 31))
	}
	return math.Float32frombits(^k)
}

// pad fills edges up with what nothing lies above.
func pad(edges []float32) (out [maxBins]float32) {
	for i := copy(out[:], edges); i < len(out); i++ {
		out[i] = float32(math.Inf(1))
	}
	return out
}

// binOf returns 0 for a missing value, else 1 + the number of edges below it. It
// halves without branches, which would be guessed wrong half of the time.
func binOf(edges *[maxBins]float32, v float32) uint8 {
	if v != v || math.IsInf(float64(v), 0) {
		return 0
	}
	low := 0
	for half := maxBins / 2; half > 0; half /= 2 {
		next := low + half
		if v > edges[(next-1)&(maxBins-1)] {
			low = next
		}
	}
	return uint8(low + 1)
}
