package graph

import (
	"cmp"
	"slices"

	"drover/internal/model"
)

// result is the graph as it is printed.
type result struct {
	Nodes []model.ApplicationID `json:"nodes"`
	Edges []edge                `json:"edges"`
}

// edge is one dependency. The quantiles are in milliseconds, 0 where no call
// has a known duration.
type edge struct {
	Caller        model.ApplicationID `json:"caller"`
	Callee        model.ApplicationID `json:"callee"`
	Calls         uint64              `json:"calls"`
	Errors        uint64              `json:"errors"`
	RequestBytes  uint64              `json:"request_bytes"`
	ResponseBytes uint64              `json:"response_bytes"`
	P50           float64             `json:"p50_ms"`
	P95           float64             `json:"p95_ms"`
}

// newResult sums calls to edges, sorted by caller and callee, with exact
// quantiles of their durations.
func newResult(calls []model.Call) result {
	type key struct{ caller, callee model.ApplicationID }
	sums, micros := map[key]*edge{}, map[key][]uint64{}
	nodes := map[model.ApplicationID]bool{}
	for _, c := range calls {
		k := key{c.Caller, c.Callee}
		e := sums[k]
		if e == nil {
			e = &edge{Caller: c.Caller, Callee: c.Callee}
			sums[k] = e
		}
		e.Calls += c.Calls
		e.Errors += c.Errors
		e.RequestBytes += c.RequestBytes
		e.ResponseBytes += c.ResponseBytes
		micros[k] = append(micros[k], c.DurationMicros...)
		nodes[c.Caller], nodes[c.Callee] = true, true
	}
	r := result{Nodes: make([]model.ApplicationID, 0, len(nodes)), Edges: make([]edge, 0, len(sums))}
	for n := range nodes {
		r.Nodes = append(r.Nodes, n)
	}
	slices.Sort(r.Nodes)
	for k, e := range sums {
		slices.Sort(micros[k])
		e.P50, e.P95 = quantile(micros[k], 50), quantile(micros[k], 95)
		r.Edges = append(r.Edges, *e)
	}
	slices.SortFunc(r.Edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return r
}

// quantile returns, in milliseconds, the measured duration below which the
// given percentage of the n sorted ones lie: that at index floor(percent n / 100).
func quantile(sorted []uint64, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[len(sorted)*percent/100]) / 1000
}
