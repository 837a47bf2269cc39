package netmap

import (
	"slices"

	"drover/internal/model"
)

// pairKey identifies a pair or a leg.
type pairKey struct{ from, to node }

// fleetMap is the map of one fleet.
type fleetMap struct {
	id      model.FleetID
	names   []string // by node
	nodes   map[string]node
	aliases map[string]string // address -> the name it is probed by
	pairs   []pair
	pairOf  map[pairKey]int32
	legs    legs // from servers to routers
	tails   legs // from routers to targets
	// near lists, for each node, whom it has a measured round-trip time with.
	near [][]neighbour
	// tailsTo lists the tails to each node.
	tailsTo [][]int32
	coords  []coordinate // by node
	// shadow is a second set of coordinates that never sees every fifth pair: the
	// error of estimates is measured on those.
	shadow []coordinate
	passes uint64
	// targets are the sources and targets of pairs, in order of appearance.
	targets            []node
	isSource, isTarget []bool // by node
	// told holds the estimates that readers know, in microseconds.
	told map[pairKey]float64
	// errors are relative errors of the shadow on the pairs hidden from it, sorted.
	errors []float64
}

// neighbour is a node with the pair or leg that reaches it.
type neighbour struct {
	to    node
	index int32
	leg   bool
}

func newFleetMap(id model.FleetID) *fleetMap {
	return &fleetMap{id: id, nodes: map[string]node{}, aliases: map[string]string{},
		pairOf: map[pairKey]int32{}, told: map[pairKey]float64{}, legs: newLegs(), tails: newLegs()}
}

// empty tells whether nothing is known of the fleet.
func (f *fleetMap) empty() bool { return len(f.names) == 0 }

// node returns the node of a name, new where it is not known yet.
func (f *fleetMap) node(name string) node {
	if n, ok := f.nodes[name]; ok {
		return n
	}
	n := node(len(f.names))
	f.names = append(f.names, name)
	f.nodes[name] = n
	f.near = append(f.near, nil)
	f.tailsTo = append(f.tailsTo, nil)
	f.isSource, f.isTarget = append(f.isSource, false), append(f.isTarget, false)
	f.coords = append(f.coords, coordinate{})
	f.shadow = append(f.shadow, coordinate{})
	return n
}

// alias notes that an address answers for a server.
func (f *fleetMap) alias(address, name string) {
	if _, isSource := f.nodes[address]; !isSource {
		f.aliases[address] = name
	}
}

// resolve returns the name that an address or a name stands for.
func (f *fleetMap) resolve(name string) string {
	if known, ok := f.aliases[name]; ok {
		return known
	}
	return name
}

// pair returns the pair of two nodes, new where it is not known yet; nil where
// there are limit pairs already.
func (f *fleetMap) pair(from, to node, limit int) *pair {
	key := pairKey{from, to}
	if i, ok := f.pairOf[key]; ok {
		return &f.pairs[i]
	}
	if len(f.pairs) >= limit {
		return nil
	}
	i := int32(len(f.pairs))
	f.pairs = append(f.pairs, pair{from: from, to: to})
	f.index(i)
	return &f.pairs[i]
}

// index notes a pair's ends.
func (f *fleetMap) index(i int32) {
	p := &f.pairs[i]
	f.pairOf[pairKey{p.from, p.to}] = i
	f.join(p.from, p.to, i, false)
	f.isSource[p.from] = true
	for _, n := range []node{p.from, p.to} {
		if !f.isTarget[n] {
			f.isTarget[n] = true
			f.targets = append(f.targets, n)
		}
	}
}

// join makes two nodes neighbours over a pair or a leg.
func (f *fleetMap) join(a, b node, index int32, leg bool) {
	f.near[a] = append(f.near[a], neighbour{to: b, index: index, leg: leg})
	f.near[b] = append(f.near[b], neighbour{to: a, index: index, leg: leg})
}

// touch notes that a pair was seen and lets its coordinates feel it.
func (f *fleetMap) touch(p *pair) {
	p.dirty = true
	if p.median > 0 {
		const step = 0.25 // the paper's c_c
		attract(&f.coords[p.from], &f.coords[p.to], p.median, step, uint64(p.from)<<32|uint64(p.to))
	}
}

// readHops returns the routers of a path by distance, an empty set for a silent
// one, and folds the round-trip times to them. The target and what lies behind
// it is left out, and so is silence at the end.
func (f *fleetMap) readHops(p *model.Path, end endOfPath, m *Map) [][]node {
	var hops [][]node
	for i := range p.Hops {
		h := &p.Hops[i]
		if h.TTL < 1 || h.TTL >= min(end.ttl, 255) || h.Address == "" || h.Address == end.address || h.Address == p.To {
			continue
		}
		for len(hops) < h.TTL {
			hops = append(hops, nil)
		}
		router := f.node(h.Address)
		if at, found := slices.BinarySearch(hops[h.TTL-1], router); !found {
			hops[h.TTL-1] = slices.Insert(hops[h.TTL-1], at, router)
		}
		f.foldParts(p, router, end, m.readMicros(h.RTTMicros, nil), m.cfg.MaxPairs)
	}
	return hops
}

// foldParts adds the round-trip times from a path's source to a router on its
// way, and what is left of the way from there to the target.
func (f *fleetMap) foldParts(p *model.Path, router node, end endOfPath, micros []uint32, limit int) {
	from := f.nodes[string(p.From)]
	if len(micros) == 0 || from == router {
		return
	}
	leg := f.legs.get(from, router, limit, func(index int32) { f.join(from, router, index, true) })
	if leg == nil {
		return
	}
	leg.add(micros...)
	target := f.node(f.resolve(p.To))
	if len(end.micros) == 0 || target == router {
		return
	}
	if tail := f.tails.get(router, target, limit, func(index int32) {
		f.tailsTo[target] = append(f.tailsTo[target], index)
	}); tail != nil {
		whole, part := slices.Min(end.micros), slices.Min(micros)
		tail.add(whole - min(part, whole))
	}
}
