package netmap

import (
	"cmp"
	"maps"
	"slices"

	"drover/internal/model"
)

// Domain is a set of servers that share fate: all their ways out pass the same
// routers, so that the loss of one cuts them all off.
type Domain struct {
	// Routers are addresses; several stand in a row on the way of the same servers.
	Routers []string
	Servers []model.ServerID // sorted
}

// leastTargets is how many targets a server's routes must lead to before a
// router on all of them is called unavoidable.
const leastTargets = 2

// Domains returns the failure domains of a fleet, the smallest first, then by
// servers. A router counts as on a route also where the hop at its distance was
// silent. Servers that only one router's loss would cut off alone are left out.
func (m *Map) Domains(fleet model.FleetID) []Domain {
	f := m.find(fleet)
	if f == nil {
		return nil
	}
	behind := map[node][]model.ServerID{}
	bySource := map[node][]*pair{}
	for i := range f.pairs {
		bySource[f.pairs[i].from] = append(bySource[f.pairs[i].from], &f.pairs[i])
	}
	for _, server := range slices.Sorted(maps.Keys(bySource)) {
		for _, router := range unavoidable(bySource[server]) {
			behind[router] = append(behind[router], model.ServerID(f.names[server]))
		}
	}
	var domains []Domain
	for _, router := range slices.Sorted(maps.Keys(behind)) {
		servers := behind[router]
		if len(servers) < 2 {
			continue
		}
		slices.Sort(servers)
		i := slices.IndexFunc(domains, func(d Domain) bool { return slices.Equal(d.Servers, servers) })
		if i < 0 {
			i = len(domains)
			domains = append(domains, Domain{Servers: servers})
		}
		domains[i].Routers = append(domains[i].Routers, f.names[router])
	}
	for _, d := range domains {
		slices.Sort(d.Routers)
	}
	slices.SortFunc(domains, func(a, b Domain) int {
		return cmp.Or(cmp.Compare(len(a.Servers), len(b.Servers)), slices.Compare(a.Servers, b.Servers))
	})
	return domains
}

// unavoidable returns the routers that are on all usual routes of the pairs of
// one source, in no order.
func unavoidable(pairs []*pair) []node {
	candidates, targets := common(pairs)
	if targets < leastTargets {
		return nil
	}
	return slices.Collect(maps.Keys(candidates))
}

// routersOf returns the routers on every usual route of a pair, the nearest
// first, without its end.
func (f *fleetMap) routersOf(p *pair) []string {
	candidates, _ := common([]*pair{p})
	delete(candidates, p.to)
	nodes := slices.SortedFunc(maps.Keys(candidates), func(a, b node) int {
		return cmp.Or(cmp.Compare(candidates[a], candidates[b]), cmp.Compare(a, b))
	})
	var names []string
	for _, n := range nodes {
		names = append(names, f.names[n])
	}
	return names
}

// common returns the routers that are on all usual routes of some pairs, with
// their distances, and how many of the pairs have a route.
func common(pairs []*pair) (map[node]int, int) {
	var candidates map[node]int // with their distance
	targets := 0
	for _, p := range pairs {
		usual := p.routes.usual()
		if len(usual) > 0 {
			targets++
		}
		for _, r := range usual {
			if candidates == nil {
				candidates = map[node]int{}
				for ttl, set := range r.hops {
					if len(set) == 1 {
						candidates[set[0]] = ttl
					}
				}
				continue
			}
			maps.DeleteFunc(candidates, func(n node, ttl int) bool {
				silent := ttl < len(r.hops) && len(r.hops[ttl]) == 0
				return !silent && !slices.ContainsFunc(r.hops, func(set []node) bool { return len(set) == 1 && set[0] == n })
			})
		}
	}
	return candidates, targets
}

// usual returns the pair's routes that are not just candidates for a change.
func (r *routes) usual() []*route {
	var list []*route
	for i := range r.known {
		if !r.known[i].fresh {
			list = append(list, &r.known[i])
		}
	}
	return list
}

// SharedLink is a link between two routers with the pairs whose usual routes
// cross it.
type SharedLink struct {
	From, To string // addresses
	Pairs    int
	// RTTMicros is the difference of the round trips to both, where a server knows
	// both; negative differences count as 0.
	RTTMicros int64
}

// SharedLinks returns the links that at least pairs pairs share, the most shared
// first, then by address. Links next to a silent hop are not known.
func (m *Map) SharedLinks(fleet model.FleetID, pairs int) []SharedLink {
	f := m.find(fleet)
	if f == nil {
		return nil
	}
	count := map[pairKey]int{}
	delay := map[pairKey]samples{}
	for i := range f.pairs {
		crossed := map[pairKey]bool{}
		for _, r := range f.pairs[i].routes.usual() {
			for h := 1; h < len(r.hops); h++ {
				for _, a := range r.hops[h-1] {
					for _, b := range r.hops[h] {
						crossed[pairKey{a, b}] = true
					}
				}
			}
		}
		for key := range crossed {
			count[key]++
			near, known := f.legs.typical(f.pairs[i].from, key.from)
			far, also := f.legs.typical(f.pairs[i].from, key.to)
			if s := delay[key]; known && also {
				s.add(uint32(max(far-near, 0)))
				delay[key] = s
			}
		}
	}
	var shared []SharedLink
	for key, n := range count {
		if s := delay[key]; n >= pairs {
			shared = append(shared, SharedLink{f.names[key.from], f.names[key.to], n, int64(s.quantile(0.5))})
		}
	}
	slices.SortFunc(shared, func(a, b SharedLink) int {
		return cmp.Or(-cmp.Compare(a.Pairs, b.Pairs), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return shared
}

// Way is what is known of how a pair's packets travel.
type Way struct {
	// Routes are the usual ones, the most seen first: several where the network
	// balances load. A hop lists its routers' addresses; none: it was silent.
	Routes [][][]string
	// Changes of the way, the newest at Changed.
	Changes int
	Changed model.Instant
}

// Way returns the routes from a server to a target.
func (m *Map) Way(fleet model.FleetID, from model.ServerID, to string) (Way, bool) {
	f := m.find(fleet)
	if f == nil {
		return Way{}, false
	}
	a, known := f.nodes[string(from)]
	b, also := f.nodes[f.resolve(to)]
	p := f.lookup(a, b)
	if !known || !also || p == nil {
		return Way{}, false
	}
	usual := p.routes.usual()
	slices.SortStableFunc(usual, func(x, y *route) int { return -cmp.Compare(x.seen, y.seen) })
	way := Way{Changes: int(p.routes.changes), Changed: p.routes.changed}
	for _, r := range usual {
		hops := make([][]string, len(r.hops))
		for i, set := range r.hops {
			for _, n := range set {
				hops[i] = append(hops[i], f.names[n])
			}
		}
		way.Routes = append(way.Routes, hops)
	}
	return way, true
}
