package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"drover/internal/model"
)

// snapshotVersion is the first byte of a snapshot.
const snapshotVersion = 1

// minimumEdgeBytes is the least size of an edge in a snapshot: thirteen varints,
// four numbers, the count of latency bins.
const minimumEdgeBytes = 13 + 4*8 + 1

// errSnapshot is wrapped by every error about a snapshot's bytes.
var errSnapshot = errors.New("graph snapshot")

// AppendBinary appends the whole state (not the configuration) to dst. A graph
// restored from it behaves exactly as this one will: same outcomes, same edges.
// Integers are varints, numbers IEEE 754 little-endian. The error is always nil.
func (g *Graph) AppendBinary(dst []byte) ([]byte, error) {
	w := writer{dst}
	w.bytes = append(w.bytes, snapshotVersion)
	w.float(g.decay.halfLifeMillis)
	w.int(int64(g.ticked))
	w.uint(g.refused)
	g.writeSymbols(&w)
	g.writeEdges(&w)
	w.uint(uint64(len(g.seen.ring)))
	g.seen.oldestFirst(func(hash uint64) { w.bytes = binary.LittleEndian.AppendUint64(w.bytes, hash) })
	return w.bytes, nil
}

// writeSymbols writes all symbols and, for those of fleets, the fleets' state.
func (g *Graph) writeSymbols(w *writer) {
	w.uint(uint64(len(g.symbols.names)))
	for id, name := range g.symbols.names {
		w.string(name)
		fleet, ok := g.fleets[symbol(id)]
		if !ok {
			w.uint(0)
			continue
		}
		w.uint(1)
		w.uint(fleet.counts.Folded)
		w.uint(fleet.counts.Late)
		w.uint(fleet.counts.Duplicates)
		w.int(int64(fleet.since))
	}
}

func (g *Graph) writeEdges(w *writer) {
	w.uint(uint64(len(g.index)))
	for slot := range g.edges {
		e := &g.edges[slot]
		if !e.inUse() {
			continue
		}
		flag := uint64(0)
		if e.dirty {
			flag = 1
		}
		for _, v := range []uint64{uint64(e.fleet), uint64(e.caller), uint64(e.callee), flag, e.totalCalls, e.totalErrors} {
			w.uint(v)
		}
		for _, v := range []int64{e.reference, int64(e.firstSeen), e.longestGap, int64(e.published),
			int64(e.lastSeen[0]), int64(e.lastSeen[1]), int64(e.lastSeen[2])} {
			w.int(v)
		}
		for _, v := range []float64{e.calls, e.errors, e.request, e.response} {
			w.float(v)
		}
		w.uint(uint64(len(e.latency)))
		for _, b := range e.latency {
			w.bytes = append(w.bytes, b.bucket)
			w.bytes = binary.LittleEndian.AppendUint32(w.bytes, math.Float32bits(b.weight))
		}
	}
}

// UnmarshalBinary replaces the state by a snapshot's. The configuration stays
// that of New: a changed half-life is applied to the sums, a shorter span memory
// keeps the newest spans. On an error the graph is unchanged.
func (g *Graph) UnmarshalBinary(data []byte) error {
	r := reader{bytes: data}
	if v := r.byte(); r.err == nil && v != snapshotVersion {
		return fmt.Errorf("%w: version %d, this build reads %d; rebuild it from the topics", errSnapshot, v, snapshotVersion)
	}
	fresh := New(g.cfg)
	old := decay{halfLifeMillis: r.float()}
	if r.err == nil && !(old.halfLifeMillis >= 1 && old.halfLifeMillis <= math.MaxInt64) {
		return fmt.Errorf("%w: half-life of %g ms", errSnapshot, old.halfLifeMillis)
	}
	fresh.ticked = model.Instant(r.int())
	fresh.refused = r.uint()
	fresh.readSymbols(&r)
	fresh.readEdges(&r, old)
	for range r.length(8) {
		fresh.seen.add(r.uint64())
	}
	if r.err == nil && len(r.bytes) > 0 {
		r.fail("%d bytes after its end", len(r.bytes))
	}
	if r.err != nil {
		return r.err
	}
	fresh.symbols.collect()
	*g = *fresh
	return nil
}

func (g *Graph) readSymbols(r *reader) {
	for id := range r.length(2) {
		name := r.string()
		if _, twice := g.symbols.ids[name]; twice && name != "" {
			r.fail("name %q stands twice", name)
		}
		g.symbols.names = append(g.symbols.names, name)
		g.symbols.uses = append(g.symbols.uses, 0)
		if name != "" {
			g.symbols.ids[name] = symbol(id)
		}
		if r.uint() == 0 {
			continue
		}
		g.symbols.uses[id]++
		g.fleets[symbol(id)] = &fleetState{
			counts: Counts{Folded: r.uint(), Late: r.uint(), Duplicates: r.uint()},
			since:  model.Instant(r.int()),
		}
	}
}

func (g *Graph) readEdges(r *reader, old decay) {
	for range r.length(minimumEdgeBytes) {
		var e edgeState
		e.fleet, e.caller, e.callee = r.symbol(g), r.symbol(g), r.symbol(g)
		e.dirty = r.uint() != 0
		e.totalCalls, e.totalErrors = r.uint(), r.uint()
		e.reference, e.firstSeen, e.longestGap = r.int(), model.Instant(r.int()), r.int()
		e.published = model.Instant(r.int())
		for i := range e.lastSeen {
			e.lastSeen[i] = model.Instant(r.int())
		}
		e.calls, e.errors, e.request, e.response = r.float(), r.float(), r.float(), r.float()
		e.latency = r.latency()
		if _, twice := g.index[e.edgeKey]; r.err == nil && (twice || !e.inUse() || g.fleets[e.fleet] == nil) {
			r.fail("edge %d is not whole", len(g.edges))
		}
		if r.err != nil {
			return
		}
		if old != g.decay {
			e.changeHalfLife(old, g.decay)
		}
		g.symbols.uses[e.caller]++
		g.symbols.uses[e.callee]++
		slot := int32(len(g.edges))
		g.index[e.edgeKey] = slot
		g.edges = append(g.edges, e)
		if e.dirty {
			g.dirty = append(g.dirty, slot)
		}
	}
}

// changeHalfLife makes sums that were kept under another half-life go on from
// their values as of the last call.
func (e *edgeState) changeHalfLife(old, d decay) {
	at := e.lastUsed()
	reference := d.reference(at)
	factor := d.weight(reference, at) / old.weight(e.reference, at)
	if !(factor <= math.MaxFloat32) {
		factor = 0 // so old that nothing of it counted under the old half-life
	}
	for _, sum := range []*float64{&e.calls, &e.errors, &e.request, &e.response} {
		*sum *= factor
	}
	for i := range e.latency {
		e.latency[i].weight *= float32(factor)
	}
	e.reference = reference
}

// collect frees the symbols that nothing uses.
func (s *symbols) collect() {
	for id, uses := range s.uses {
		if uses == 0 {
			delete(s.ids, s.names[id])
			s.names[id] = ""
			s.free = append(s.free, symbol(id))
		}
	}
}
