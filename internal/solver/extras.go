package solver

import (
	"math"
	"math/bits"

	"drover/internal/model"
)

// curve is a power curve in units of one bin class: breakpoints of use and the
// weighted cost there.
type curve struct {
	use  []int64
	cost []int64
}

// at returns the weighted power at a use, linear between breakpoints (rounded
// down) and flat beyond the last one.
func (c *curve) at(use int64) int64 {
	last := len(c.use) - 1
	if use >= c.use[last] {
		return c.cost[last]
	}
	k := 0
	for k < last-1 && use >= c.use[k+1] {
		k++
	}
	if use <= c.use[k] {
		return c.cost[k]
	}
	span := c.use[k+1] - c.use[k]
	if rise := c.cost[k+1] - c.cost[k]; rise >= 0 {
		return c.cost[k] + mulDiv(use-c.use[k], rise, span)
	} else {
		return c.cost[k] - mulDiv(use-c.use[k], -rise, span)
	}
}

// mulDiv returns a*b/c rounded down, for non-negative a, b and c > 0 whose
// result fits 63 bits; the product may be wider.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi == 0 {
		return int64(lo / uint64(c))
	}
	if hi >= uint64(c) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

// newCurve turns a curve over parts per million of capacity into one over use.
// A curve must not start above 0 %; it is extended flat if it does.
func newCurve(points []model.PowerPoint, capacity, weight int64) curve {
	var c curve
	for _, p := range points {
		use := mulDiv(capacity, p.UtilisationPPM, 1_000_000)
		if n := len(c.use); n > 0 && use <= c.use[n-1] {
			continue
		}
		c.use = append(c.use, use)
		c.cost = append(c.cost, p.PowerMilliwatts*weight)
	}
	if len(c.use) == 1 {
		c.use = append(c.use, c.use[0]+1)
		c.cost = append(c.cost, c.cost[0])
	}
	return c
}

// flowEnd is one end of an item's traffic.
type flowEnd struct {
	other int32
	rate  int64
}

// flowNetwork holds traffic between groups and between items. Rates are
// weighted.
type flowNetwork struct {
	zones    int
	distance []int64     // zone*zones+zone
	ofGroup  [][]flowEnd // by group
	ofItem   [][]flowEnd // by item, nil where there is none
}

// binUse returns the use of a dimension on a bin.
func (s *state) binUse(b, d int) int64 {
	at := b*s.in.dims + d
	return s.over[at] + s.in.capacity[at] - s.in.margin[at]
}

// extrasOf returns power, money and wake cost of a bin as it stands.
func (s *state) extrasOf(b int32) int64 {
	if len(s.items[b]) == 0 {
		return 0
	}
	in := s.in
	cost := in.upkeep[b]
	if k := in.curve[b]; k != none {
		for _, d := range in.powered {
			cost += in.curves[k].at(s.binUse(int(b), d))
		}
	}
	return cost
}

// extrasWith returns the change of power, money and wake cost of bin b when its
// use changes by plus (may be nil) less minus (may be nil) and its number of
// items by count.
func (s *state) extrasWith(b int32, plus, minus []int64, count int) int64 {
	in := s.in
	if in.upkeep[b] == 0 && in.curve[b] == none {
		return 0
	}
	before := len(s.items[b])
	var delta int64
	if before == 0 {
		delta += in.upkeep[b]
	}
	if before+count == 0 {
		delta -= in.upkeep[b]
	}
	k := in.curve[b]
	if k == none {
		return delta
	}
	c := &in.curves[k]
	for _, d := range in.powered {
		use := s.binUse(int(b), d)
		if before > 0 {
			delta -= c.at(use)
		}
		if before+count > 0 {
			if plus != nil {
				use += plus[d]
			}
			if minus != nil {
				use -= minus[d]
			}
			delta += c.at(use)
		}
	}
	return delta
}

// trafficWith returns the change of traffic cost when item i goes from bin a to
// bin b (either may be none), with everything else in place.
func (s *state) trafficWith(i, a, b int32) int64 {
	in := s.in
	f := in.flows
	za, zb := int32(none), int32(none)
	if a >= 0 {
		za = in.zone[a]
	}
	if b >= 0 {
		zb = in.zone[b]
	}
	if za == zb {
		return 0
	}
	g := in.group[i]
	var delta int64
	if za >= 0 {
		delta -= s.pull[int(g)*f.zones+int(za)]
	}
	if zb >= 0 {
		delta += s.pull[int(g)*f.zones+int(zb)]
	}
	if f.ofItem == nil {
		return delta
	}
	for _, e := range f.ofItem[i] {
		there := s.at[e.other]
		if there < 0 {
			continue
		}
		row := f.distance[int(in.zone[there])*f.zones:]
		if za >= 0 {
			delta -= e.rate * row[za]
		}
		if zb >= 0 {
			delta += e.rate * row[zb]
		}
	}
	return delta
}

// jointTraffic corrects the sum of two single changes of traffic for a swap of
// i (from a to b) and j (from b to a), which may talk to each other.
func (s *state) jointTraffic(i, j, a, b int32) int64 {
	in := s.in
	f := in.flows
	za, zb := in.zone[a], in.zone[b]
	if za == zb {
		return 0
	}
	var rate int64
	for _, e := range f.ofGroup[in.group[i]] {
		if e.other == in.group[j] {
			rate += e.rate
		}
	}
	if f.ofItem != nil {
		for _, e := range f.ofItem[i] {
			if e.other == j {
				rate += e.rate
			}
		}
	}
	// Each single change assumed the other stayed: i in b meets j in b, j in a
	// meets i in a, where in truth they keep their distance.
	d := func(x, y int32) int64 { return f.distance[int(x)*f.zones+int(y)] }
	return rate * (2*d(za, zb) - d(za, za) - d(zb, zb))
}

// updatePull brings the groups' pulls up to date after an item of group g went
// from zone za to zone zb (either may be none).
func (s *state) updatePull(g, za, zb int32) {
	f := s.in.flows
	for _, e := range f.ofGroup[g] {
		row := s.pull[int(e.other)*f.zones:][:f.zones]
		for z := range row {
			if za >= 0 {
				row[z] -= e.rate * f.distance[int(za)*f.zones+z]
			}
			if zb >= 0 {
				row[z] += e.rate * f.distance[int(zb)*f.zones+z]
			}
		}
	}
}
