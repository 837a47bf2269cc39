package netmap

import (
	"slices"

	"drover/internal/model"
)

const (
	// forgetAfter is after how many times Config.StaleAfter without a path a pair
	// is forgotten.
	forgetAfter = 7
	// forgetShare of the pairs must be due before the map is rebuilt without them.
	forgetShare = 0.25
)

// withoutForgotten returns the map of the pairs that were seen lately enough,
// with what their routes pass; f itself while few are due.
func (f *fleetMap) withoutForgotten(at model.Instant, cfg *Config) *fleetMap {
	limit := model.Instant(forgetAfter * cfg.StaleAfter.Milliseconds())
	due := 0
	for i := range f.pairs {
		if at-f.pairs[i].at > limit {
			due++
		}
	}
	if due == 0 || float64(due) < forgetShare*float64(len(f.pairs)) {
		return f
	}
	fresh := newFleetMap(f.id)
	fresh.passes = f.passes
	for i := range f.pairs {
		if p := &f.pairs[i]; at-p.at <= limit {
			f.movePair(p, fresh)
		}
	}
	f.moveLegs(fresh)
	for address, name := range f.aliases {
		if _, known := fresh.nodes[name]; known {
			fresh.aliases[address] = name
		}
	}
	for key, micros := range f.told {
		a, known := fresh.nodes[f.names[key.from]]
		b, also := fresh.nodes[f.names[key.to]]
		if known && also {
			fresh.told[pairKey{a, b}] = micros
		}
	}
	return fresh
}

// moveNode returns the node of another map with the same name and place.
func (f *fleetMap) moveNode(n node, fresh *fleetMap) node {
	moved := fresh.node(f.names[n])
	fresh.coords[moved], fresh.shadow[moved] = f.coords[n], f.shadow[n]
	return moved
}

// movePair copies a pair with its routes.
func (f *fleetMap) movePair(p *pair, fresh *fleetMap) {
	moved := fresh.pair(f.moveNode(p.from, fresh), f.moveNode(p.to, fresh), len(f.pairs))
	from, to := moved.from, moved.to
	*moved = *p
	moved.from, moved.to = from, to
	moved.routes.known = slices.Clone(p.routes.known)
	for i := range moved.routes.known {
		r := &moved.routes.known[i]
		hops := make([][]node, len(r.hops))
		for h, set := range r.hops {
			for _, n := range set {
				hops[h] = append(hops[h], f.moveNode(n, fresh))
			}
			slices.Sort(hops[h])
		}
		r.hops = hops
	}
}

// moveLegs copies the legs and tails between nodes that are still known.
func (f *fleetMap) moveLegs(fresh *fleetMap) {
	for _, old := range []struct {
		from, to *legs
		found    func(l *leg, index int32)
	}{
		{&f.legs, &fresh.legs, func(l *leg, index int32) { fresh.join(l.from, l.to, index, true) }},
		{&f.tails, &fresh.tails, func(l *leg, index int32) { fresh.tailsTo[l.to] = append(fresh.tailsTo[l.to], index) }},
	} {
		for i := range old.from.list {
			l := old.from.list[i]
			a, known := fresh.nodes[f.names[l.from]]
			b, also := fresh.nodes[f.names[l.to]]
			if !known || !also {
				continue
			}
			index := int32(len(old.to.list))
			l.from, l.to = a, b
			old.to.list = append(old.to.list, l)
			old.to.of[pairKey{a, b}] = index
			old.found(&l, index)
		}
	}
}
