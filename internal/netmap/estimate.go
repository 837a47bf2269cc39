package netmap

import (
	"cmp"
	"math"
	"slices"

	"drover/internal/model"
)

// composedError is the relative half width of the 80 % interval of a round trip
// that is composed of parts, beside a quarter of the spread of its tail (measured: see docs/graph.md).
const composedError = 0.02

// Estimate returns what is known of the way between two servers (or a server
// and a target): the measured round trip, in either direction, as long as it is
// fresh as of the newest path, and otherwise an estimate with its error. ok is
// false where one of them is unknown or was never reached.
func (m *Map) Estimate(fleet model.FleetID, from, to model.ServerID) (link model.Link, ok bool) {
	f := m.find(fleet)
	if f == nil {
		return model.Link{}, false
	}
	a, known := f.nodes[f.resolve(string(from))]
	b, also := f.nodes[f.resolve(string(to))]
	if !known || !also || a == b {
		return model.Link{}, false
	}
	link, ok = f.link(a, b, m.ticked, &m.cfg)
	link.From, link.To = from, to
	return link, ok
}

// link returns the way between two nodes as of at.
func (f *fleetMap) link(a, b node, at model.Instant, cfg *Config) (model.Link, bool) {
	link := model.Link{Fleet: f.id, From: model.ServerID(f.names[a]), To: model.ServerID(f.names[b]), At: at}
	forth, back := f.lookup(a, b), f.lookup(b, a)
	if forth != nil {
		link.LossPPM, link.At, link.Routers = forth.lossPPM(), forth.at, f.routersOf(forth)
	}
	for _, p := range []*pair{forth, back} {
		if p != nil && p.measured(at, cfg) {
			link.RTTMicros = int64(math.Round(p.median))
			link.RTTErrorMicros = int64(math.Ceil(p.rtt.spread()))
			link.LossPPM, link.Measured, link.At = p.lossPPM(), true, p.at
			return link, true
		}
	}
	micros, halfWidth, ok := f.estimate(a, b)
	link.RTTMicros, link.RTTErrorMicros = int64(math.Round(micros)), int64(math.Ceil(halfWidth))
	return link, ok
}

// moved tells whether an estimate is worth telling again.
func moved(told, micros float64) bool { return math.Abs(micros-told) > 0.2*told }

// appendEstimates appends the ways from sources that are not measured in either
// direction and that readers do not know, or know otherwise.
func (f *fleetMap) appendEstimates(links []model.Link, at model.Instant, cfg *Config) []model.Link {
	for _, a := range f.targets {
		for _, b := range f.targets {
			key := pairKey{a, b}
			if a == b || !f.isSource[a] || f.lookup(a, b) != nil {
				delete(f.told, key)
				continue
			}
			if back := f.lookup(b, a); back != nil && back.measured(at, cfg) {
				delete(f.told, key)
				continue
			}
			link, ok := f.link(a, b, at, cfg)
			if told, known := f.told[key]; ok && (!known || moved(told, float64(link.RTTMicros))) {
				f.told[key] = float64(link.RTTMicros)
				links = append(links, link)
			}
		}
	}
	return links
}

// lookup returns the pair, or nil.
func (f *fleetMap) lookup(a, b node) *pair {
	if i, ok := f.pairOf[pairKey{a, b}]; ok {
		return &f.pairs[i]
	}
	return nil
}

// estimate returns the round-trip time between two nodes in microseconds by
// their coordinates, kept within what measured legs allow, and half the width of
// its 80 % interval.
func (f *fleetMap) estimate(a, b node) (micros, halfWidth float64, ok bool) {
	x, y := &f.coords[a], &f.coords[b]
	if !x.placed || !y.placed {
		return 0, 0, false
	}
	if micros, halfWidth, ok = f.compose(a, b); ok {
		return micros, halfWidth, true
	}
	micros = x.distance(y)
	low, high := f.bounds(a, b)
	if low <= high {
		micros = min(max(micros, low), high)
	}
	halfWidth = micros * f.relativeError(x, y)
	if low <= high {
		halfWidth = min(halfWidth, max(high-micros, micros-low, micros/100))
	}
	return micros, halfWidth, true
}

// relativeError returns the 80 % quantile of the relative error: that of the
// hidden pairs, or, while there are few of them, of the nodes' own errors.
func (f *fleetMap) relativeError(x, y *coordinate) float64 {
	if n := len(f.errors); n >= 10 {
		return f.errors[n*8/10]
	}
	return 1.28 * math.Sqrt(x.err*x.err+y.err*y.err)
}

// bounds returns between which times the round trip must lie if the triangle
// inequality holds, from legs of both nodes to a common third one.
func (f *fleetMap) bounds(a, b node) (low, high float64) {
	high = math.Inf(1)
	if len(f.near[a]) > len(f.near[b]) {
		a, b = b, a
	}
	for _, n := range f.near[a] {
		p, q := f.micros(n), f.between(n.to, b)
		if n.to == b || p <= 0 || q <= 0 {
			continue
		}
		low = max(low, math.Abs(p-q))
		high = min(high, p+q)
	}
	return low, high
}

// micros returns the round-trip time of a neighbour, or 0 where it is unknown.
func (f *fleetMap) micros(n neighbour) float64 {
	if n.leg {
		return f.legs.list[n.index].typical()
	}
	return f.pairs[n.index].median
}

// between returns the measured time between two nodes in either direction, or 0.
func (f *fleetMap) between(a, b node) float64 {
	for _, key := range []pairKey{{a, b}, {b, a}} {
		if i, ok := f.pairOf[key]; ok && f.pairs[i].median > 0 {
			return f.pairs[i].median
		}
		if micros, ok := f.legs.typical(key.from, key.to); ok {
			return micros
		}
	}
	return 0
}

// compose returns the round trip over a router that one node's paths pass and
// from which paths lead on to the other: since routing goes by destination, the
// way from the router on is the same for both (path composition; Madhyastha et
// al.: iPlane, OSDI 2006). Most such routers are on the way and agree but for
// noise, some make a detour: the lower tercile of all is taken.
func (f *fleetMap) compose(a, b node) (micros, halfWidth float64, ok bool) {
	var ways []composed
	for _, ends := range [2][2]node{{a, b}, {b, a}} {
		for _, i := range f.tailsTo[ends[1]] {
			tail := &f.tails.list[i]
			if part, known := f.legs.typical(ends[0], tail.from); known {
				ways = append(ways, composed{part + tail.typical(), tail})
			}
		}
	}
	if len(ways) == 0 {
		return 0, 0, false
	}
	slices.SortFunc(ways, func(x, y composed) int { return cmp.Compare(x.micros, y.micros) })
	way := ways[len(ways)/3]
	disagreement := (ways[len(ways)*2/3].micros - ways[0].micros) / 2
	return way.micros, max(composedError*way.micros+way.tail.rtt.spread()/4, disagreement), true
}

// composed is a way over one router.
type composed struct {
	micros float64
	tail   *leg
}
