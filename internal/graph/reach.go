package graph

import (
	"cmp"
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
	settledShare = 1e-4
	// mostRounds bounds it.
	mostRounds = 50
)

// BlastRadius returns whom it hits when applications lose a share of their
// requests (1: all of them): the lost ones and, through any number of calls,
// their callers, the hardest hit first, then the nearest, then by name. A request
// is hit with the probability that one of the calls it makes is, calls taken as
// independent and each callee as needed; retries and fallbacks are not known.
func (v *View) BlastRadius(lost map[model.ApplicationID]float64) []Impact {
	order, distance := v.callersOf(lost)
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

// callersOf returns the nodes that are lost and all that call them, over any
// number of calls, by distance, and the distances by node.
func (v *View) callersOf(lost map[model.ApplicationID]float64) (order []int32, distance []int) {
	distance = make([]int, len(v.apps))
	known := make([]bool, len(v.apps))
	for app, s := range lost {
		if n, ok := v.index[app]; ok && s > 0 {
			known[n] = true
			order = append(order, n)
		}
	}
	slices.Sort(order)
	for i := 0; i < len(order); i++ {
		n := order[i]
		for _, e := range v.byCallee[v.in[n]:v.in[n+1]] {
			if caller := v.ends[e].caller; !known[caller] {
				known[caller] = true
				distance[caller] = distance[n] + 1
				order = append(order, caller)
			}
		}
	}
	return order, distance
}

// spread returns, by node, the share of requests hit for each of the nodes in
// order: the least fixed point, approached from below, round by round for those
// of which a callee's share has grown.
func (v *View) spread(order []int32, lost map[model.ApplicationID]float64) []float64 {
	share, own := make([]float64, len(v.apps)), make([]float64, len(v.apps))
	stale := make([]bool, len(v.apps))
	for _, n := range order {
		own[n] = min(lost[v.apps[n]], 1)
		stale[n] = true
	}
	for range mostRounds {
		moved := false
		for _, n := range order {
			if !stale[n] {
				continue
			}
			stale[n] = false
			spared := 1 - own[n]
			for e := v.out[n]; e < v.out[n+1]; e++ {
				if callee := v.ends[e].callee; callee != n && share[callee] > 0 {
					spared *= 1 - min(v.callsPerRequest(e, v.requests[n]), 1)*share[callee]
				}
			}
			if 1-spared-share[n] <= settledShare {
				continue
			}
			share[n], moved = 1-spared, true
			for _, e := range v.byCallee[v.in[n]:v.in[n+1]] {
				stale[v.ends[e].caller] = true
			}
		}
		if !moved {
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
