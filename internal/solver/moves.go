package solver

// Deltas of the two elementary moves. Both return ok == false where a hard
// constraint (capacity, transient capacity, conflict, anti-affinity, allowed
// bins, quotas) forbids the move; soft is the change in the number of broken
// spread, dependency and affinity constraints.

// loadOf returns load and balance cost of bin b as it stands.
func (s *state) loadOf(b int32) int64 {
	in := s.in
	base := int(b) * in.dims
	over := s.over[base:][:in.dims]
	var cost int64
	for d, w := range in.loadCost[:len(over)] {
		cost += w * max(over[d], 0)
	}
	for k := range in.balances {
		l := &in.balances[k]
		fa, fb := in.margin[base+l.a]-over[l.a], in.margin[base+l.b]-over[l.b]
		cost += l.weight * max(0, l.target*fa-fb)
	}
	return cost
}

// loadPlus returns the change of load and balance cost of bin b when demand row
// q comes.
func (s *state) loadPlus(b int32, q []int64) int64 {
	in := s.in
	base := int(b) * in.dims
	over := s.over[base:][:len(q)]
	weight := in.loadCost[:len(q)]
	var cost int64
	for d, x := range q {
		o := over[d]
		cost += weight[d] * (max(o+x, 0) - max(o, 0))
	}
	if len(in.balances) > 0 {
		margin := in.margin[base:][:len(q)]
		for k := range in.balances {
			l := &in.balances[k]
			fa, fb := margin[l.a]-over[l.a], margin[l.b]-over[l.b]
			cost += l.weight * (max(0, l.target*(fa-q[l.a])-(fb-q[l.b])) - max(0, l.target*fa-fb))
		}
	}
	return cost
}

// loadMinus returns the change of load and balance cost of bin b when demand
// row q goes.
func (s *state) loadMinus(b int32, q []int64) int64 {
	in := s.in
	base := int(b) * in.dims
	over := s.over[base:][:len(q)]
	weight := in.loadCost[:len(q)]
	var cost int64
	for d, x := range q {
		o := over[d]
		cost += weight[d] * (max(o-x, 0) - max(o, 0))
	}
	if len(in.balances) > 0 {
		margin := in.margin[base:][:len(q)]
		for k := range in.balances {
			l := &in.balances[k]
			fa, fb := margin[l.a]-over[l.a], margin[l.b]-over[l.b]
			cost += l.weight * (max(0, l.target*(fa+q[l.a])-(fb+q[l.b])) - max(0, l.target*fa-fb))
		}
	}
	return cost
}

// fits tells whether item i fits bin b, transient use included.
func (s *state) fits(i, b int32) bool {
	in := s.in
	q := in.row(i)
	free := s.free[int(b)*in.dims:][:len(q)]
	from := 0
	if in.start[i] == b {
		from = in.trans
	}
	for d := from; d < len(q); d++ {
		if q[d] > free[d] {
			return false
		}
	}
	return true
}

// leaveGain returns the change of load, balance, power and money cost of item
// i's bin when it leaves; 0 where it has no bin.
func (s *state) leaveGain(i int32) int64 {
	b := s.at[i]
	if b < 0 {
		return 0
	}
	q := s.in.row(i)
	gain := s.loadMinus(b, q)
	if s.in.extras {
		gain += s.extrasWith(b, nil, q, -1)
	}
	return gain
}

// shift prices moving item i to bin b, which must not be its bin; gain is
// leaveGain(i), computed once for several bins.
func (s *state) shift(i, b int32, gain int64) (delta int64, soft int32, ok bool) {
	in := s.in
	if !s.fits(i, b) {
		return 0, 0, false
	}
	a := s.at[i]
	if !s.mayEnter(i, b) {
		return 0, 0, false
	}
	if row := in.itemRow[i]; row != none {
		if !s.meets(row, b, none) {
			return 0, 0, false
		}
		soft = s.softShift(row, a, b)
	}
	q := in.row(i)
	delta = gain + s.loadPlus(b, q) + in.moveFee(i, b) - in.moveFee(i, a) + s.groupMoveShift(i, a, b)
	if in.extras {
		delta += s.extrasWith(b, q, nil, 1)
	}
	if s.pull != nil {
		delta += s.trafficWith(i, a, b)
	}
	return delta, soft, true
}

// mayEnter tells whether item i is admitted to bin b and within the quotas.
func (s *state) mayEnter(i, b int32) bool {
	return s.in.welcomes(i, b) && (!s.in.quotas || s.withinQuotas(i, b))
}

// welcomes is admits with a quick answer for bins that are open to all.
func (in *instance) welcomes(i, b int32) bool {
	return !(in.closed[b] || in.noNew[b] || in.shrink[b] || in.allowedSet[i] != none) || in.admits(i, b)
}

// groupMoveShift returns the change of the group move cost when item i goes
// from a to b.
func (s *state) groupMoveShift(i, a, b int32) int64 {
	in := s.in
	if in.groupWeight == 0 {
		return 0
	}
	was, is := a >= 0 && in.isMoved(i, a), b >= 0 && in.isMoved(i, b)
	if was == is {
		return 0
	}
	n := s.moved[in.group[i]]
	if is {
		if n+1 > s.mostMoved {
			return in.groupWeight
		}
		return 0
	}
	if n == s.mostMoved && s.movedHist[n] == 1 {
		return -in.groupWeight
	}
	return 0
}

// groupMoveSwap is groupMoveShift for i from a to b and j from b to a at once.
func (s *state) groupMoveSwap(i, j, a, b int32) int64 {
	in := s.in
	if in.groupWeight == 0 {
		return 0
	}
	di, dj := movedChange(in, i, a, b), movedChange(in, j, b, a)
	if di == 0 && dj == 0 {
		return 0
	}
	before := s.mostMoved
	s.shiftMoved(in.group[i], di)
	s.shiftMoved(in.group[j], dj)
	after := s.mostMoved + 2
	for after > 0 && s.movedHist[after] == 0 {
		after--
	}
	s.shiftMoved(in.group[j], -dj)
	s.shiftMoved(in.group[i], -di)
	return in.groupWeight * int64(after-before)
}

// shiftMoved changes a group's number of moved items without touching the
// maximum.
func (s *state) shiftMoved(g, n int32) {
	s.movedHist[s.moved[g]]--
	s.moved[g] += n
	s.movedHist[s.moved[g]]++
}

// movedChange is the change of moved items when item i goes from a to b; either
// may be none.
func movedChange(in *instance, i, a, b int32) int32 {
	return in.movedCount(i, b) - in.movedCount(i, a)
}
