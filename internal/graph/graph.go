package graph

import (
	"cmp"
	"slices"

	"drover/internal/model"
)

// Outcome says what became of an observed call.
type Outcome uint8

// What may become of a call.
const (
	// Folded: the call is in the graph.
	Folded Outcome = iota
	// FoldedLate: it is in the graph, but readers were told of that time already.
	FoldedLate
	// Duplicate: a call of the same span was folded before; this one is dropped.
	Duplicate
	// Refused: the call has no fleet, caller, callee or time; it is dropped.
	Refused
)

// Counts says what became of a fleet's calls (records, not calls within them).
type Counts struct{ Folded, Late, Duplicates uint64 }

// fleetState is what a Graph keeps of a fleet.
type fleetState struct {
	counts Counts
	// since is the time of the earliest call: rates are averaged from there.
	since model.Instant
}

// Graph is the dependency graph of the callers of one partition, of any number
// of fleets, as a fold of calls. It is not safe for concurrent use.
type Graph struct {
	cfg     Config
	decay   decay
	symbols symbols
	fleets  map[symbol]*fleetState // symbols of fleets are never released
	index   map[edgeKey]int32
	edges   []edgeState // firstSeen is 0 in free slots
	free    []int32
	dirty   []int32
	seen    seenSpans
	ticked  model.Instant // of the last Changed
	refused uint64
}

// New returns an empty graph.
func New(cfg Config) *Graph {
	cfg = cfg.withDefaults()
	return &Graph{
		cfg:     cfg,
		decay:   decay{halfLifeMillis: float64(cfg.HalfLife.Milliseconds())},
		symbols: newSymbols(),
		fleets:  map[symbol]*fleetState{},
		index:   map[edgeKey]int32{},
		seen:    newSeenSpans(cfg.SpanMemory),
	}
}

// Observe folds a call into its edge. A call whose span was folded already is
// dropped. A call without origin counts as observed; a declared one adds no
// calls. Times far in the future are the caller's to refuse: they age all else.
func (g *Graph) Observe(c model.Call) Outcome {
	if c.Fleet == "" || c.Caller == "" || c.Callee == "" || c.At <= 0 {
		g.refused++
		return Refused
	}
	if c.Origin&allOrigins == 0 {
		c.Origin = model.Observed
	}
	fleetSymbol, fleet := g.fleet(c.Fleet)
	if c.SpanID != "" && g.seen.add(hashSpan(string(c.Fleet), c.SpanID, string(c.Caller), string(c.Callee))) {
		fleet.counts.Duplicates++
		return Duplicate
	}
	if fleet.since == 0 || c.At < fleet.since {
		fleet.since = c.At
	}
	slot := g.slot(fleetSymbol, &c)
	e := &g.edges[slot]
	e.fold(&c, g.decay)
	if !e.dirty {
		e.dirty = true
		g.dirty = append(g.dirty, slot)
	}
	fleet.counts.Folded++
	if c.At <= g.ticked {
		fleet.counts.Late++
		return FoldedLate
	}
	return Folded
}

// fleet returns the state of a fleet, new where it is not known yet.
func (g *Graph) fleet(id model.FleetID) (symbol, *fleetState) {
	if s, ok := g.symbols.find(string(id)); ok {
		if f, ok := g.fleets[s]; ok {
			return s, f
		}
	}
	s, f := g.symbols.acquire(string(id)), &fleetState{}
	g.fleets[s] = f
	return s, f
}

// slot returns where the edge of a call is kept, and makes it where needed.
func (g *Graph) slot(fleet symbol, c *model.Call) int32 {
	caller, known := g.symbols.find(string(c.Caller))
	callee, also := g.symbols.find(string(c.Callee))
	if known && also {
		if slot, ok := g.index[edgeKey{fleet, caller, callee}]; ok {
			return slot
		}
	}
	key := edgeKey{fleet, g.symbols.acquire(string(c.Caller)), g.symbols.acquire(string(c.Callee))}
	slot := int32(len(g.edges))
	if n := len(g.free); n > 0 {
		slot, g.free = g.free[n-1], g.free[:n-1]
	} else {
		g.edges = append(g.edges, edgeState{})
	}
	g.edges[slot] = edgeState{edgeKey: key, reference: g.decay.reference(c.At)}
	g.index[key] = slot
	return slot
}

// Changed returns the edges that changed since the last Changed, decayed to at,
// sorted by fleet, caller and callee: those that calls were folded into, those
// whose rate has fallen to half of what readers know, and, once and with Gone
// set, those that have aged out and are forgotten. at must not go backwards.
func (g *Graph) Changed(at model.Instant) []model.Edge {
	for slot := range g.edges {
		e := &g.edges[slot]
		if !e.dirty && e.inUse() && (e.origins(at, &g.cfg) == 0 || g.faded(e, at)) {
			e.dirty = true
			g.dirty = append(g.dirty, int32(slot))
		}
	}
	changed := make([]model.Edge, 0, len(g.dirty))
	for _, slot := range g.dirty {
		e := &g.edges[slot]
		edge := g.export(e, at)
		changed = append(changed, edge)
		e.dirty, e.published = false, at
		if edge.Gone {
			g.remove(slot)
		}
	}
	g.dirty = g.dirty[:0]
	g.ticked = max(g.ticked, at)
	sortEdges(changed)
	return changed
}

// inUse tells whether the slot holds an edge.
func (e *edgeState) inUse() bool { return e.firstSeen != 0 }

// faded tells whether the rate that readers know has fallen to half and is
// still worth telling about: more than a call per GoneAfter.
func (g *Graph) faded(e *edgeState, at model.Instant) bool {
	if at-e.published < model.Instant(g.cfg.HalfLife.Milliseconds()) || e.calls == 0 {
		return false
	}
	return g.rate(e, e.published)*g.cfg.GoneAfter.Seconds() > 1
}

// Edges returns all edges, decayed to at, sorted by fleet, caller and callee.
// Edges that would be gone at at are left out. It changes nothing.
func (g *Graph) Edges(at model.Instant) []model.Edge {
	edges := make([]model.Edge, 0, len(g.index))
	for slot := range g.edges {
		if e := &g.edges[slot]; e.inUse() {
			if edge := g.export(e, at); !edge.Gone {
				edges = append(edges, edge)
			}
		}
	}
	sortEdges(edges)
	return edges
}

// Len returns the number of edges, those included that have aged but were not
// yet reported as gone.
func (g *Graph) Len() int { return len(g.index) }

// Counts returns what became of a fleet's calls.
func (g *Graph) Counts(fleet model.FleetID) Counts {
	if s, ok := g.symbols.find(string(fleet)); ok {
		if f, ok := g.fleets[s]; ok {
			return f.counts
		}
	}
	return Counts{}
}

// Refused returns how many calls had no fleet, caller, callee or time.
func (g *Graph) Refused() uint64 { return g.refused }

// remove forgets an edge.
func (g *Graph) remove(slot int32) {
	e := &g.edges[slot]
	delete(g.index, e.edgeKey)
	g.symbols.release(e.caller)
	g.symbols.release(e.callee)
	*e = edgeState{}
	g.free = append(g.free, slot)
}

// rate returns the edge's calls per second as of at.
func (g *Graph) rate(e *edgeState, at model.Instant) float64 { return e.calls * g.rateFactor(e, at) }

// rateFactor is what the edge's sums are multiplied by to be rates as of at.
func (g *Graph) rateFactor(e *edgeState, at model.Instant) float64 {
	at = max(at, e.last())
	window := max(seconds(g.fleets[e.fleet].since, at), g.cfg.MinimumWindow.Seconds())
	return g.decay.perSecond(window) / g.decay.weight(e.reference, at)
}

// export returns the edge as readers see it.
func (g *Graph) export(e *edgeState, at model.Instant) model.Edge {
	origins, factor := e.origins(at, &g.cfg), g.rateFactor(e, at)
	edge := model.Edge{
		Fleet:   model.FleetID(g.symbols.name(e.fleet)),
		Caller:  model.ApplicationID(g.symbols.name(e.caller)),
		Callee:  model.ApplicationID(g.symbols.name(e.callee)),
		Origins: origins,
		Calls:   e.totalCalls, Errors: e.totalErrors,
		FirstSeen: e.firstSeen, LastSeen: e.last(),
	}
	if origins == 0 {
		edge.Gone = true
		return edge
	}
	edge.CallsPerSecond = e.calls * factor
	edge.ErrorsPerSecond = e.errors * factor
	edge.RequestBytesPerSecond = e.request * factor
	edge.ResponseBytesPerSecond = e.response * factor
	edge.P50Micros = e.latency.quantile(0.5)
	edge.P95Micros = e.latency.quantile(0.95)
	edge.Confidence = e.confidence(at, origins, &g.cfg)
	return edge
}

// sortEdges sorts by fleet, caller and callee.
func sortEdges(edges []model.Edge) { slices.SortFunc(edges, compareEdges) }

// compareEdges orders edges by fleet, caller and callee.
func compareEdges(a, b model.Edge) int {
	return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
}
