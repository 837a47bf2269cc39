package solver

// swap prices exchanging item i (on bin a) with item j (on bin b != a).
func (s *state) swap(i, j int32) (delta int64, soft int32, ok bool) {
	in := s.in
	a, b := s.at[i], s.at[j]
	if !s.swapFits(i, j, a, b) {
		return 0, 0, false
	}
	if !in.welcomes(i, b) || !in.welcomes(j, a) || in.quotas && !s.swapWithinQuotas(i, j, a, b) {
		return 0, 0, false
	}
	ri, rj := in.itemRow[i], in.itemRow[j]
	if ri != none && !s.meets(ri, b, rj) || rj != none && !s.meets(rj, a, ri) {
		return 0, 0, false
	}
	if ri != rj {
		soft = s.softSwap(ri, rj, a, b)
	}
	delta = s.swapLoad(i, j, a, b) +
		in.moveFee(i, b) - in.moveFee(i, a) + in.moveFee(j, a) - in.moveFee(j, b) +
		s.groupMoveSwap(i, j, a, b)
	if in.extras {
		qi, qj := in.row(i), in.row(j)
		delta += s.extrasWith(a, qj, qi, 0) + s.extrasWith(b, qi, qj, 0)
	}
	if s.pull != nil {
		delta += s.trafficWith(i, a, b) + s.trafficWith(j, b, a) + s.jointTraffic(i, j, a, b)
	}
	return delta, soft, true
}

// swapFits tells whether both bins have room after the exchange. An item's
// transient room at its start is taken whether it is there or not.
func (s *state) swapFits(i, j, a, b int32) bool {
	in := s.in
	qi, qj := in.row(i), in.row(j)
	fa := s.free[int(a)*in.dims:][:len(qi)]
	fb := s.free[int(b)*in.dims:][:len(qi)]
	qj = qj[:len(qi)]
	if in.trans > 0 {
		iHomeA, iHomeB := in.start[i] == a, in.start[i] == b
		jHomeA, jHomeB := in.start[j] == a, in.start[j] == b
		for d := range in.trans {
			ra, rb := fa[d], fb[d]
			if !iHomeA {
				ra += qi[d]
			}
			if !jHomeA {
				ra -= qj[d]
			}
			if !jHomeB {
				rb += qj[d]
			}
			if !iHomeB {
				rb -= qi[d]
			}
			if ra < 0 || rb < 0 {
				return false
			}
		}
	}
	for d := in.trans; d < len(qi); d++ {
		x := qj[d] - qi[d]
		if x > fa[d] || -x > fb[d] {
			return false
		}
	}
	return true
}

// swapLoad returns the change of load and balance cost of both bins.
func (s *state) swapLoad(i, j, a, b int32) int64 {
	in := s.in
	qi, qj := in.row(i), in.row(j)
	n := len(qi)
	qj = qj[:n]
	oa, ob := s.over[int(a)*in.dims:][:n], s.over[int(b)*in.dims:][:n]
	weight := in.loadCost[:n]
	var cost int64
	for d, q := range qi {
		x := qj[d] - q
		ua, ub := oa[d], ob[d]
		cost += weight[d] * (max(ua+x, 0) - max(ua, 0) + max(ub-x, 0) - max(ub, 0))
	}
	if len(in.balances) == 0 {
		return cost
	}
	ma, mb := in.margin[int(a)*in.dims:][:n], in.margin[int(b)*in.dims:][:n]
	for k := range in.balances {
		l := &in.balances[k]
		xa, xb := qj[l.a]-qi[l.a], qj[l.b]-qi[l.b]
		fa, ga := ma[l.a]-oa[l.a], ma[l.b]-oa[l.b]
		fb, gb := mb[l.a]-ob[l.a], mb[l.b]-ob[l.b]
		cost += l.weight * (max(0, l.target*(fa-xa)-(ga-xb)) - max(0, l.target*fa-ga) +
			max(0, l.target*(fb+xa)-(gb+xb)) - max(0, l.target*fb-gb))
	}
	return cost
}

// softSwap returns the change of broken soft constraints when an item of row ri
// goes from a to b and one of another row rj from b to a (rows may be none).
func (s *state) softSwap(ri, rj, a, b int32) int32 {
	if ri == none && rj == none {
		return 0
	}
	if ri == none {
		return s.softShift(rj, b, a)
	}
	if rj == none {
		return s.softShift(ri, a, b)
	}
	if !s.related(ri, rj) {
		return s.softShift(ri, a, b) + s.softShift(rj, b, a)
	}
	return s.softJoint(ri, rj, a, b)
}

// related tells whether one row depends on the other or wants it near.
func (s *state) related(ri, rj int32) bool {
	in := s.in
	for _, list := range [4][]int32{in.depends[ri], in.depends[rj], in.together[ri], in.together[rj]} {
		for _, x := range list {
			if x == ri || x == rj {
				return true
			}
		}
	}
	return false
}

// softJoint is softSwap for related rows, exact by doing and undoing. Affinity
// needs the items themselves where counters are scanned, so any item of each
// row on the bin stands for it.
func (s *state) softJoint(ri, rj, a, b int32) int32 {
	i, j := s.anyOf(ri, a), s.anyOf(rj, b)
	before := s.soft
	s.hop(i, ri, a, b)
	s.hop(j, rj, b, a)
	change := s.soft - before
	s.hop(j, rj, a, b)
	s.hop(i, ri, b, a)
	return change
}

// hop moves an item in the counters of its row only.
func (s *state) hop(i, row, a, b int32) {
	s.at[i] = none
	s.leave(row, a)
	s.at[i] = b
	s.join(row, b)
}

// anyOf returns an item of a row on bin b; there is one.
func (s *state) anyOf(row, b int32) int32 {
	for _, i := range s.in.rowItems[row] {
		if s.at[i] == b {
			return i
		}
	}
	return none
}

// applySwap exchanges items i and j and books the change of cost.
func (s *state) applySwap(i, j int32, delta int64) {
	a, b := s.at[i], s.at[j]
	s.take(i)
	s.take(j)
	s.put(i, b)
	s.put(j, a)
	s.cost += delta
}
