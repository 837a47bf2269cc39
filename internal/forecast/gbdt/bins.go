// Package gbdt holds gradient-boosted regression trees with quantile loss on
// histograms of binned features, and the global model that forecasts every
// series of a panel with one set of trees.
//
// Sources: Friedman, "Greedy function approximation" (Annals of Statistics
// 2001: boosting, and leaves set to the residuals' quantile) and "Stochastic
// gradient boosting" (2002); Ke et al., "LightGBM" (NeurIPS 2017: histograms,
// leaf-wise growth, the smaller child's histogram only).
package gbdt

import (
	"math"
	"slices"
)

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
	for f, column := range columns {
		edges := edgesOf(column)
		for i, v := range column {
			m.bins[i*m.features+f] = binOf(edges, v)
		}
		m.edges = append(m.edges, edges)
	}
	return m
}

func edgesOf(column []float32) []float32 {
	step := max(1, len(column)/20000)
	sample := make([]float32, 0, len(column)/step+1)
	for i := 0; i < len(column); i += step {
		if v := column[i]; v == v {
			sample = append(sample, v)
		}
	}
	slices.Sort(sample)
	var edges []float32
	for b := 1; b < maxBins-1; b++ {
		if len(sample) == 0 {
			break
		}
		v := sample[b*len(sample)/(maxBins-1)]
		if len(edges) == 0 || v > edges[len(edges)-1] {
			edges = append(edges, v)
		}
	}
	return edges
}

// binOf returns 0 for a missing value, else 1 + the number of edges below it.
func binOf(edges []float32, v float32) uint8 {
	if v != v || math.IsInf(float64(v), 0) {
		return 0
	}
	low, high := 0, len(edges)
	for low < high {
		if mid := (low + high) / 2; v > edges[mid] {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return uint8(low + 1)
}
