package netmap

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"drover/internal/model"
)

// snapshotVersion is the first number of a snapshot.
const snapshotVersion = 1

// AppendBinary appends the whole state (not the configuration) to dst. A map
// restored from it behaves exactly as this one will. The error is always nil.
func (m *Map) AppendBinary(dst []byte) ([]byte, error) {
	c := &coder{bytes: dst}
	m.walk(c)
	return c.bytes, nil
}

// UnmarshalBinary replaces the state by a snapshot's; the configuration stays
// that of New. On an error the map is unchanged.
func (m *Map) UnmarshalBinary(data []byte) error {
	c, fresh := &coder{bytes: data, reading: true}, New(m.cfg)
	fresh.walk(c)
	if c.err == nil && len(c.bytes) > 0 {
		c.fail("%d bytes after its end", len(c.bytes))
	}
	if c.err != nil {
		return fmt.Errorf("%w; rebuild it from the topics", c.err)
	}
	*m = *fresh
	return nil
}

func (m *Map) walk(c *coder) {
	version := uint64(snapshotVersion)
	c.word(&version)
	if version != snapshotVersion {
		c.fail("version %d, this build reads %d", version, snapshotVersion)
	}
	whole(c, &m.ticked, math.MaxInt64)
	c.word(&m.refused)
	c.word(&m.impossible)
	m.fleets = slices.DeleteFunc(m.fleets, (*fleetMap).empty)
	list(c, &m.fleets, func(f **fleetMap) {
		if c.reading {
			*f = newFleetMap("")
		}
		(*f).walk(c)
	})
	for i := 1; i < len(m.fleets); i++ {
		if m.fleets[i-1].id >= m.fleets[i].id {
			c.fail("fleets out of order")
		}
	}
}

func (f *fleetMap) walk(c *coder) {
	name := string(f.id)
	c.text(&name)
	f.id = model.FleetID(name)
	f.walkNames(c)
	if c.err != nil {
		return
	}
	last := uint64(len(f.names)) - 1
	list(c, &f.pairs, func(p *pair) { p.walk(c, last) })
	for _, l := range []*legs{&f.legs, &f.tails} {
		list(c, &l.list, func(l *leg) {
			whole(c, &l.from, last)
			whole(c, &l.to, last)
			l.rtt.walk(c)
			l.median = -1
		})
	}
	for i := range f.coords {
		f.coords[i].walk(c)
		f.shadow[i].walk(c)
	}
	f.walkTold(c, last)
	c.word(&f.passes)
	list(c, &f.errors, c.number)
	if c.reading && c.err == nil {
		f.restore(c)
	}
}

// walkNames walks over the nodes' names and the aliases, sorted by address.
func (f *fleetMap) walkNames(c *coder) {
	names := f.names
	list(c, &names, c.text)
	addresses := slices.Sorted(maps.Keys(f.aliases))
	list(c, &addresses, func(address *string) {
		name := f.aliases[*address]
		c.text(address)
		c.text(&name)
		f.aliases[*address] = name
	})
	if !c.reading {
		return
	}
	for _, name := range names {
		if int(f.node(name)) != len(f.names)-1 {
			c.fail("name %q stands twice", name)
		}
	}
	if len(names) == 0 {
		c.fail("a fleet without servers")
	}
}

// walkTold walks over the estimates that readers know, sorted by pair.
func (f *fleetMap) walkTold(c *coder, last uint64) {
	keys := slices.SortedFunc(maps.Keys(f.told), func(a, b pairKey) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	list(c, &keys, func(key *pairKey) {
		micros := f.told[*key]
		whole(c, &key.from, last)
		whole(c, &key.to, last)
		c.number(&micros)
		f.told[*key] = micros
	})
}

// restore rebuilds what is derived from pairs and legs, in the order that they
// were found in.
func (f *fleetMap) restore(c *coder) {
	for i := range f.pairs {
		f.index(int32(i))
	}
	for i, l := range f.legs.list {
		f.legs.of[pairKey{l.from, l.to}] = int32(i)
		f.join(l.from, l.to, int32(i), true)
	}
	for i, l := range f.tails.list {
		f.tails.of[pairKey{l.from, l.to}] = int32(i)
		f.tailsTo[l.to] = append(f.tailsTo[l.to], int32(i))
	}
	if len(f.pairOf) != len(f.pairs) || len(f.legs.of) != len(f.legs.list) || len(f.tails.of) != len(f.tails.list) {
		c.fail("a pair stands twice")
	}
}

func (p *pair) walk(c *coder, last uint64) {
	whole(c, &p.from, last)
	whole(c, &p.to, last)
	p.rtt.walk(c)
	c.number(&p.median)
	c.number(&p.sent)
	c.number(&p.lost)
	whole(c, &p.at, math.MaxInt64)
	whole(c, &p.reached, math.MaxInt64)
	c.flag(&p.dirty)
	c.flag(&p.stale)
	whole(c, &p.routes.row, math.MaxUint32)
	whole(c, &p.routes.changes, math.MaxUint32)
	whole(c, &p.routes.paths, math.MaxUint32)
	whole(c, &p.routes.changed, math.MaxInt64)
	list(c, &p.routes.known, func(r *route) {
		whole(c, &r.seen, math.MaxUint32)
		whole(c, &r.at, math.MaxInt64)
		c.flag(&r.fresh)
		list(c, &r.hops, func(set *[]node) {
			list(c, set, func(n *node) { whole(c, n, last) })
		})
	})
}

func (s *samples) walk(c *coder) {
	list(c, &s.micros, func(v *uint32) { whole(c, v, math.MaxUint32) })
	whole(c, &s.next, sampleLimit-1)
	if len(s.micros) > sampleLimit {
		c.fail("%d samples", len(s.micros))
	}
}

func (p *coordinate) walk(c *coder) {
	c.flag(&p.placed)
	for i := range p.at {
		c.number(&p.at[i])
	}
	c.number(&p.height)
	c.number(&p.err)
}
