package solver

// Quotas of moves: in all, per group, onto a bin and off a bin. What exceeds a
// quota already is only kept from exceeding it further.

// withinQuotas tells whether moving item i to bin b keeps every quota.
func (s *state) withinQuotas(i, b int32) bool {
	in := s.in
	if !in.isMoved(i, b) {
		return true
	}
	if !s.mayArrive(b, 1) {
		return false
	}
	n := movedChange(in, i, s.at[i], b)
	return s.mayMove(n) && s.groupMayMove(in.group[i], n) && s.mayDepart(in.start[i], n)
}

// swapWithinQuotas tells whether exchanging item i on bin a with item j on bin b
// keeps every quota: what one of them uses the other may give back.
func (s *state) swapWithinQuotas(i, j, a, b int32) bool {
	in := s.in
	if !s.mayArrive(b, in.movedCount(i, b)-in.movedCount(j, b)) || !s.mayArrive(a, in.movedCount(j, a)-in.movedCount(i, a)) {
		return false
	}
	di, dj := movedChange(in, i, a, b), movedChange(in, j, b, a)
	if !s.mayMove(di + dj) {
		return false
	}
	if in.group[i] == in.group[j] {
		if !s.groupMayMove(in.group[i], di+dj) {
			return false
		}
	} else if !s.groupMayMove(in.group[i], di) || !s.groupMayMove(in.group[j], dj) {
		return false
	}
	if in.start[i] == in.start[j] {
		return s.mayDepart(in.start[i], di+dj)
	}
	return s.mayDepart(in.start[i], di) && s.mayDepart(in.start[j], dj)
}

// movedCount is 1 where standing on b means that item i has left its start; b may
// be none.
func (in *instance) movedCount(i, b int32) int32 {
	if b >= 0 && in.isMoved(i, b) {
		return 1
	}
	return 0
}

// mayMove tells whether n more items may leave their starts.
func (s *state) mayMove(n int32) bool {
	return n <= 0 || s.in.maxMoves == 0 || int(s.movedItems+n) <= s.in.maxMoves
}

// groupMayMove tells whether n more items of group g may leave their starts.
func (s *state) groupMayMove(g, n int32) bool {
	limit := s.in.groupMaxMoves[g]
	return n <= 0 || limit == 0 || s.moved[g]+n <= limit
}

// mayArrive tells whether n more items may come to bin b.
func (s *state) mayArrive(b, n int32) bool {
	limit := s.in.maxArrivals[b]
	return n <= 0 || limit == 0 || s.arrivals[b]+n <= limit
}

// mayDepart tells whether n more items may leave bin b, their start.
func (s *state) mayDepart(b, n int32) bool {
	if n <= 0 {
		return true
	}
	limit := s.in.maxDepartures[b]
	return limit == 0 || s.departures[b]+n <= limit
}
