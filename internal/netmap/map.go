package netmap

import (
	"cmp"
	"math"
	"slices"

	"drover/internal/model"
)

// Outcome says what became of an observed path.
type Outcome uint8

// What may become of a path.
const (
	// Folded: the path is in the map.
	Folded Outcome = iota
	// FoldedLate: it is in the map, but readers were told of that time already.
	FoldedLate
	// RouteChanged: it is in the map, and with it the pair's route counts as changed.
	RouteChanged
	// Refused: the path has no fleet, source, other target or time, or the map is
	// full; it is dropped.
	Refused
)

// longestRTT in microseconds: what took longer is no round trip.
const longestRTT = 60_000_000

// Map is the network map of the paths of one partition's sources, of any number
// of fleets. It is not safe for concurrent use.
type Map struct {
	cfg    Config
	fleets []*fleetMap // sorted by name
	ticked model.Instant
	// refused counts paths, impossible round-trip times.
	refused, impossible uint64
}

// New returns an empty map.
func New(cfg Config) *Map { return &Map{cfg: cfg.withDefaults()} }

// Observe folds a path.
func (m *Map) Observe(p model.Path) Outcome {
	if p.Fleet == "" || p.From == "" || p.To == "" || p.At <= 0 {
		m.refused++
		return Refused
	}
	f := m.fleet(p.Fleet)
	end := m.readEnd(&p)
	if p.Reached && end.address != "" && end.address != p.To {
		f.alias(end.address, p.To)
	}
	target := f.resolve(p.To)
	if target == string(p.From) {
		m.refused++
		return Refused
	}
	pr := f.pair(f.node(string(p.From)), f.node(target), m.cfg.MaxPairs)
	if pr == nil {
		m.refused++
		return Refused
	}
	hops := f.readHops(&p, end, m)
	changed := len(hops) > 0 && pr.routes.observe(p.At, hops)
	if changed {
		pr.rtt = samples{} // those of the old way
	}
	pr.observe(p.At, end.micros, end.lost, float64(m.cfg.HalfLife.Milliseconds()))
	f.touch(pr)
	switch {
	case changed:
		return RouteChanged
	case p.At <= m.ticked:
		return FoldedLate
	}
	return Folded
}

// endOfPath is what a path says about its target.
type endOfPath struct {
	ttl     int
	address string // of the target, where it answered
	micros  []uint32
	lost    int
}

// readEnd returns the answers of the target, or a lost probe where it never
// answered.
func (m *Map) readEnd(p *model.Path) endOfPath {
	var end endOfPath
	if !p.Reached {
		end.ttl, end.lost = math.MaxInt, 1
		return end
	}
	for i := range p.Hops {
		if h := &p.Hops[i]; h.Address != "" && h.TTL >= end.ttl {
			end.ttl, end.address = h.TTL, h.Address
		}
	}
	for i := range p.Hops {
		h := &p.Hops[i]
		if h.TTL != end.ttl {
			continue
		}
		end.lost += max(h.Lost, 0)
		if h.Address == end.address {
			end.micros = m.readMicros(h.RTTMicros, end.micros)
		}
	}
	return end
}

// readMicros appends the possible round-trip times and counts the others.
func (m *Map) readMicros(from []int64, to []uint32) []uint32 {
	for _, v := range from {
		if v < 0 || v > longestRTT {
			m.impossible++
			continue
		}
		to = append(to, uint32(max(v, 1)))
	}
	return to
}

// Changed returns the links that changed since the last Changed, sorted by
// fleet, from and to: pairs that were probed, pairs that have gone stale, which
// are estimated from then on, and, for fleets of up to Config.EstimateServers,
// estimates that are new or have moved by a fifth. It also improves the
// coordinates, within Config.RelaxSteps. at must not go backwards.
func (m *Map) Changed(at model.Instant) []model.Link {
	var changed []model.Link
	for i := range m.fleets {
		m.fleets[i] = m.fleets[i].withoutForgotten(at, &m.cfg)
		f := m.fleets[i]
		f.relax(m.cfg.RelaxSteps, at, &m.cfg)
		for i := range f.pairs {
			p := &f.pairs[i]
			stale := p.reached != 0 && !p.measured(at, &m.cfg)
			if !p.dirty && stale == p.stale {
				continue
			}
			p.dirty, p.stale = false, stale
			if link, ok := f.link(p.from, p.to, at, &m.cfg); ok {
				changed = append(changed, link)
			}
		}
		if len(f.targets) <= m.cfg.EstimateServers {
			changed = f.appendEstimates(changed, at, &m.cfg)
		}
	}
	m.fleets = slices.DeleteFunc(m.fleets, (*fleetMap).empty)
	m.ticked = max(m.ticked, at)
	sortLinks(changed)
	return changed
}

// Links returns all measured pairs as of at, sorted by fleet, from and to. It
// changes nothing.
func (m *Map) Links(at model.Instant) []model.Link {
	var links []model.Link
	for _, f := range m.fleets {
		for i := range f.pairs {
			if p := &f.pairs[i]; p.measured(at, &m.cfg) {
				link, _ := f.link(p.from, p.to, at, &m.cfg)
				links = append(links, link)
			}
		}
	}
	sortLinks(links)
	return links
}

// Refused returns how many paths were dropped, and how many round-trip times
// were negative or above a minute.
func (m *Map) Refused() (paths, roundTrips uint64) { return m.refused, m.impossible }

// fleet returns the part of a fleet, new where it is not known yet.
func (m *Map) fleet(id model.FleetID) *fleetMap {
	i, found := slices.BinarySearchFunc(m.fleets, id, func(f *fleetMap, id model.FleetID) int { return cmp.Compare(f.id, id) })
	if !found {
		m.fleets = slices.Insert(m.fleets, i, newFleetMap(id))
	}
	return m.fleets[i]
}

// find returns the part of a fleet, or nil.
func (m *Map) find(id model.FleetID) *fleetMap {
	i, found := slices.BinarySearchFunc(m.fleets, id, func(f *fleetMap, id model.FleetID) int { return cmp.Compare(f.id, id) })
	if !found {
		return nil
	}
	return m.fleets[i]
}

// sortLinks sorts by fleet, from and to.
func sortLinks(links []model.Link) {
	slices.SortFunc(links, func(a, b model.Link) int {
		return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
}
