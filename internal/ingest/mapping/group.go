package mapping

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"drover/internal/model"
)

// groupKey is what one metric stands for.
type groupKey struct {
	entity   model.EntityID
	producer string
	at       model.Instant
}

// group holds the sums for one place at one time.
type group struct {
	place *place
	at    model.Instant
	sums  []sum
	gone  bool // it has left
}

// sum is one output as far as it has been added up.
type sum struct {
	output int
	value  float64
	seen   uint64
	parts  hashes // of the series that have been added
	kind   model.SampleKind
	done   bool
}

// hashes are a set; most hold one or a few.
type hashes struct {
	few  []uint64
	many map[uint64]struct{}
}

// mostFew is how many hashes are looked through one by one.
const mostFew = 32

func (h *hashes) len() int { return len(h.few) + len(h.many) }

// add tells whether a hash is new.
func (h *hashes) add(v uint64) bool {
	if slices.Contains(h.few, v) {
		return false
	}
	if len(h.few) < mostFew {
		h.few = append(h.few, v)
		return true
	}
	if _, known := h.many[v]; known {
		return false
	}
	if h.many == nil {
		h.many = map[uint64]struct{}{}
	}
	h.many[v] = struct{}{}
	return true
}

// add adds a term's part to the sum that it belongs to.
func (g *group) add(t *term, value float64, kind model.SampleKind, series uint64) {
	for i := range g.sums {
		if s := &g.sums[i]; s.output == t.output {
			if s.parts.add(series) {
				s.value += value
				s.seen |= t.bit
			}
			return
		}
	}
	n := len(g.sums)
	if n < cap(g.sums) { // of a group that has left: its set's memory is there
		g.sums = g.sums[:n+1]
	} else {
		g.sums = append(g.sums, sum{})
	}
	s := &g.sums[n]
	*s = sum{output: t.output, value: value, seen: t.bit, kind: kind, parts: hashes{few: s.parts.few[:0]}}
	s.parts.add(series)
}

// placeOf returns the place of an entity and producer, that of a group which is
// open for them where there is one.
func (m *Mapper) placeOf(entity model.EntityID, producer string, at model.Instant) *place {
	if g := m.open[groupKey{entity, producer, at}]; g != nil {
		return g.place
	}
	p := &place{entity: entity, producer: producer, of: xxhash.Sum64String(string(entity))}
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(string(entity)) // a digest takes everything
	_, _ = d.WriteString("\xff")
	_, _ = d.WriteString(producer)
	p.hash = d.Sum64()
	return p
}

// groupOf returns the open group of a place and time, a new one if need be.
func (m *Mapper) groupOf(p *place, at model.Instant) *group {
	if g := p.recent; g != nil && !g.gone && g.place == p && g.at == at {
		return g
	}
	key := groupKey{p.entity, p.producer, at}
	g := m.open[key]
	if g == nil {
		if n := len(m.spare); n > 0 {
			g, m.spare = m.spare[n-1], m.spare[:n-1]
		} else {
			g = &group{}
		}
		*g = group{place: p, at: at, sums: g.sums[:0]}
		m.open[key] = g
		m.order = append(m.order, g)
		if m.latest[p.of] < at {
			m.latest[p.of] = at
		}
	}
	p.recent = g
	return g
}

// mostSpare is how many groups are kept to be used again.
const mostSpare = 4096

// drop forgets a group that has left.
func (m *Mapper) drop(g *group) {
	delete(m.open, groupKey{g.place.entity, g.place.producer, g.at})
	g.gone = true
	if len(m.spare) < mostSpare {
		m.spare = append(m.spare, g)
	}
}
