package graph

import (
	"cmp"
	"container/heap"
	"slices"

	"drover/internal/model"
)

// Path is a chain of calls from where requests enter to where they end.
type Path struct {
	Applications []model.ApplicationID
	// CallsPerSecond that its last call is made on behalf of its first application.
	CallsPerSecond float64
	// Share of the requests of the first application that go this way, at most 1.
	Share float64
	// WaitMicros is how long a request of the first application waits for the last
	// call, on average: calls per request times the median response time.
	WaitMicros float64
}

const (
	// longestPath in applications.
	longestPath = 64
	// mostExpansions bounds the search of CriticalPaths.
	mostExpansions = 5_000
)

// CriticalPaths returns up to n paths from the entries (applications that nobody
// calls, or, of a circle that nobody calls from outside, the busiest), those
// first along which the most time is spent waiting per second. Rates are split
// as if a call's own calls did not depend on who made it.
func (v *View) CriticalPaths(n int) []Path {
	search := &pathQueue{}
	for _, entry := range v.entries() {
		rate := v.requests[entry]
		if rate > 0 {
			search.paths = append(search.paths, partialPath{nodes: []int32{entry}, rate: rate, least: rate, entry: rate, waiting: rate * 1e12})
		}
	}
	heap.Init(search)
	var found []Path
	for expanded := 0; len(search.paths) > 0 && len(found) < n && expanded < mostExpansions; expanded++ {
		p := heap.Pop(search).(partialPath)
		if !v.extend(search, p) && len(p.nodes) > 1 {
			found = append(found, v.path(p))
		}
	}
	return found
}

// partialPath is a path that may go on.
type partialPath struct {
	nodes []int32
	// rate of the last call, the least rate on the way, and that of the entry.
	rate, least, entry float64
	micros             float64 // median of the last call
	waiting            float64 // rate times micros: the priority
}

// extend queues the path with each further call, and tells whether there is one.
func (v *View) extend(q *pathQueue, p partialPath) bool {
	last := p.nodes[len(p.nodes)-1]
	if len(p.nodes) == longestPath {
		return false
	}
	requests, further := v.requests[last], false
	for e := v.out[last]; e < v.out[last+1]; e++ {
		callee := v.ends[e].callee
		perRequest := v.callsPerRequest(e, requests)
		if perRequest <= 0 || slices.Contains(p.nodes, callee) {
			continue
		}
		further = true
		micros, rate := float64(v.edges[e].P50Micros), p.rate*perRequest
		// A microsecond more ranks by rate where no response time is known.
		heap.Push(q, partialPath{nodes: append(slices.Clone(p.nodes), callee), rate: rate, least: min(p.least, rate),
			entry: p.entry, micros: micros, waiting: rate * (micros + 1)})
	}
	return further
}

func (v *View) path(p partialPath) Path {
	path := Path{CallsPerSecond: p.rate, Share: p.least / p.entry, WaitMicros: p.rate / p.entry * p.micros}
	for _, n := range p.nodes {
		path.Applications = append(path.Applications, v.apps[n])
	}
	return path
}

// entries returns where requests come in.
func (v *View) entries() []int32 {
	var entries []int32
	for _, component := range v.Components() {
		inside := map[int32]bool{}
		for _, app := range component {
			inside[v.index[app]] = true
		}
		busiest, called := int32(-1), false
		for _, app := range component {
			n := v.index[app]
			for _, e := range v.byCallee[v.in[n]:v.in[n+1]] {
				called = called || !inside[v.ends[e].caller]
			}
			if busiest < 0 || v.requests[n] > v.requests[busiest] {
				busiest = n
			}
		}
		if !called {
			entries = append(entries, busiest)
		}
	}
	return entries
}

// pathQueue is a heap: the most waiting first, then the first by nodes.
type pathQueue struct{ paths []partialPath }

func (q *pathQueue) Len() int { return len(q.paths) }
func (q *pathQueue) Less(i, j int) bool {
	a, b := &q.paths[i], &q.paths[j]
	return cmp.Or(-cmp.Compare(a.waiting, b.waiting), slices.Compare(a.nodes, b.nodes)) < 0
}
func (q *pathQueue) Swap(i, j int) { q.paths[i], q.paths[j] = q.paths[j], q.paths[i] }

// Push implements heap.Interface.
func (q *pathQueue) Push(p any) { q.paths = append(q.paths, p.(partialPath)) }

// Pop implements heap.Interface.
func (q *pathQueue) Pop() any {
	last := q.paths[len(q.paths)-1]
	q.paths = q.paths[:len(q.paths)-1]
	return last
}
