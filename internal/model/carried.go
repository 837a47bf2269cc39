package model

import (
	"cmp"
	"slices"
)

// Carried returns which share of each application's requests is made on behalf of
// an entry application, over any number of calls: what a change of the entry's
// load does to it. The entry itself is 1; applications that it does not reach are
// left out. Edges say how often each application calls the others; one that is
// called is believed to have no requests but those.
//
// Shares that go round in a circle of calls are followed until they have faded.
func Carried(edges []Edge, entry ApplicationID) map[ApplicationID]float64 {
	into := map[ApplicationID]float64{}
	var calls []Edge
	for _, e := range edges {
		if !e.Gone && e.CallsPerSecond > 0 && e.Caller != e.Callee {
			into[e.Callee] += e.CallsPerSecond
			calls = append(calls, e)
		}
	}
	slices.SortFunc(calls, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	const rounds, faded = 64, 1e-3
	share := map[ApplicationID]float64{entry: 1}
	for range rounds {
		next := map[ApplicationID]float64{entry: 1}
		for _, e := range calls {
			if e.Callee != entry && share[e.Caller] > 0 {
				next[e.Callee] += share[e.Caller] * e.CallsPerSecond / into[e.Callee]
			}
		}
		moved := len(next) != len(share)
		for id, s := range next {
			if s-share[id] > faded || share[id]-s > faded {
				moved = true
			}
		}
		share = next
		if !moved {
			break
		}
	}
	return share
}
