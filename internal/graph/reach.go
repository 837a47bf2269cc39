package graph

import (
	"cmp"
	"math"
	"slices"

	"drover/internal/model"
)

// Impact is what the loss of something does to an application.
type Impact struct {
	Application model.ApplicationID
	// Share of its requests that need what is lost, in 0..1.
	Share float64
	// Distance is the number of calls to the nearest lost application; 0: it is
	// one itself.
	Distance int
}

const (
	// settledShare is the change of a share below which the iteration over cycles ends.
	settledShare = 1e-6
	// mostRounds bounds it.
	mostRounds = 100
)

// BlastRadius returns whom it hits when applications lose a share of their
// requests (1: all of them): the lost ones and, through any number of calls,
// their callers, the hardest hit first, then the nearest, then by name. A request
// is hit with the probability that one of the calls it makes is, calls taken as
// independent and each callee as needed; retries and fallbacks are not known.
func (v *View) BlastRadius(lost map[model.ApplicationID]float64) []Impact {
	distance := map[int32]int{}
	var order []int32
	for _, app := range v.apps {
		if lost[app] > 0 {
			n := v.index[app]
			distance[n] = 0
			order = append(order, n)
		}
	}
	for i := 0; i < len(order); i++ {
		n := order[i]
		for _, e := range v.byCallee[v.in[n]:v.in[n+1]] {
			caller := v.ends[e].caller
			if _, known := distance[caller]; !known {
				distance[caller] = distance[n] + 1
				order = append(order, caller)
			}
		}
	}
	share := v.spread(order, lost)
	impacts := make([]Impact, 0, len(order))
	for _, n := range order {
		if share[n] > 0 {
			impacts = append(impacts, Impact{v.apps[n], share[n], distance[n]})
		}
	}
	for app, s := range lost {
		if _, known := v.index[app]; !known && s > 0 {
			impacts = append(impacts, Impact{app, min(s, 1), 0})
		}
	}
	slices.SortFunc(impacts, func(a, b Impact) int {
		return cmp.Or(-cmp.Compare(a.Share, b.Share), cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Application, b.Application))
	})
	return impacts
}

// spread returns the share of requests hit for each of the nodes, which are
// ordered by distance: the least fixed point, approached from below.
func (v *View) spread(order []int32, lost map[model.ApplicationID]float64) map[int32]float64 {
	share := make(map[int32]float64, len(order))
	requests := make([]float64, len(order))
	for i, n := range order {
		share[n] = min(lost[v.apps[n]], 1)
		requests[i] = v.requests(n)
	}
	for range mostRounds {
		moved := 0.0
		for i, n := range order {
			spared := 1 - min(lost[v.apps[n]], 1)
			for e := v.out[n]; e < v.out[n+1]; e++ {
				if callee := v.ends[e].callee; callee != n {
					spared *= 1 - min(v.callsPerRequest(e, requests[i]), 1)*share[callee]
				}
			}
			moved = max(moved, math.Abs(1-spared-share[n]))
			share[n] = 1 - spared
		}
		if moved < settledShare {
			break
		}
	}
	return share
}

// Lost returns which share of its replicas each application loses with servers:
// the input of BlastRadius for a server or a zone.
func Lost(placement model.Placement, servers ...model.ServerID) map[model.ApplicationID]float64 {
	all, lost := map[model.ApplicationID]float64{}, map[model.ApplicationID]float64{}
	for replica, server := range placement {
		app, _, err := replica.Split()
		if err != nil {
			continue // not a replica's identity: nothing of ours runs there
		}
		all[app]++
		if slices.Contains(servers, server) {
			lost[app]++
		}
	}
	for app := range lost {
		lost[app] /= all[app]
	}
	return lost
}
