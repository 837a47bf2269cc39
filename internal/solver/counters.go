package solver

// count returns how many items of a row stand on bin b.
func (s *state) count(row, b int32) int32 {
	in := s.in
	if in.dense[row] {
		return int32(s.onBin[int(in.denseRow[row])*in.bins+int(b)])
	}
	var n int32
	for _, i := range in.rowItems[row] {
		if s.at[i] == b {
			n++
		}
	}
	return n
}

// join counts an item of a row that has come to bin b (s.at already says so).
func (s *state) join(row, b int32) {
	in := s.in
	if len(in.together[row])+len(in.wantedBy[row]) > 0 && s.count(row, b) == s.newcomer(row) {
		s.soft += s.affinityOf(row, b)
	}
	if in.dense[row] {
		s.onBin[int(in.denseRow[row])*in.bins+int(b)]++
	}
	loc := int(row)*in.locations + int(in.location[b])
	s.onLoc[loc]++
	if s.onLoc[loc] == 1 {
		s.distinct[row]++
		if s.distinct[row] <= in.spread[row] {
			s.soft--
		}
	}
	near := int(row)*in.nearbys + int(in.nearby[b])
	s.onNear[near]++
	if s.onNear[near] == 1 {
		s.soft += s.lack[near] - s.need[near]
		n := int(in.nearby[b])
		for _, x := range in.dependents[row] {
			s.lack[int(x)*in.nearbys+n]--
		}
		for _, x := range in.depends[row] {
			s.need[int(x)*in.nearbys+n]++
		}
	}
}

// newcomer is what count says of a bin that had nothing of the row before the
// item that is just being counted.
func (s *state) newcomer(row int32) int32 {
	if s.in.dense[row] {
		return 0
	}
	return 1
}

// leave counts an item of a row that has left bin b (s.at already says so).
func (s *state) leave(row, b int32) {
	in := s.in
	if in.dense[row] {
		s.onBin[int(in.denseRow[row])*in.bins+int(b)]--
	}
	if len(in.together[row])+len(in.wantedBy[row]) > 0 && s.count(row, b) == 0 {
		s.soft -= s.affinityOf(row, b)
	}
	loc := int(row)*in.locations + int(in.location[b])
	s.onLoc[loc]--
	if s.onLoc[loc] == 0 {
		if s.distinct[row] <= in.spread[row] {
			s.soft++
		}
		s.distinct[row]--
	}
	near := int(row)*in.nearbys + int(in.nearby[b])
	s.onNear[near]--
	if s.onNear[near] == 0 {
		n := int(in.nearby[b])
		for _, x := range in.dependents[row] {
			s.lack[int(x)*in.nearbys+n]++
		}
		for _, x := range in.depends[row] {
			s.need[int(x)*in.nearbys+n]--
		}
		s.soft -= s.lack[near] - s.need[near]
	}
}

// affinityOf is the change of broken affinities when a row comes to bin b where
// it had nothing: what it misses there less what others missed of it.
func (s *state) affinityOf(row, b int32) int32 {
	var n int32
	for _, x := range s.in.together[row] {
		if s.count(x, b) == 0 {
			n++
		}
	}
	for _, x := range s.in.wantedBy[row] {
		if s.count(x, b) > 0 {
			n--
		}
	}
	return n
}

// softShift returns the change of broken soft constraints when one item of a
// row goes from bin a to bin b (either may be none), and nothing else moves.
func (s *state) softShift(row, a, b int32) int32 {
	in := s.in
	var change int32
	la, lb, na, nb := int32(none), int32(none), int32(none), int32(none)
	if a >= 0 {
		la, na = in.location[a], in.nearby[a]
	}
	if b >= 0 {
		lb, nb = in.location[b], in.nearby[b]
	}
	if want := in.spread[row]; want > 0 && la != lb {
		before := s.distinct[row]
		after := before
		if la >= 0 && s.onLoc[int(row)*in.locations+int(la)] == 1 {
			after--
		}
		if lb >= 0 && s.onLoc[int(row)*in.locations+int(lb)] == 0 {
			after++
		}
		change += max(0, want-after) - max(0, want-before)
	}
	if na != nb {
		if na >= 0 {
			if k := int(row)*in.nearbys + int(na); s.onNear[k] == 1 {
				change += s.need[k] - s.lack[k]
			}
		}
		if nb >= 0 {
			if k := int(row)*in.nearbys + int(nb); s.onNear[k] == 0 {
				change += s.lack[k] - s.need[k]
			}
		}
	}
	if len(in.together[row])+len(in.wantedBy[row]) > 0 && a != b {
		if a >= 0 && s.count(row, a) == 1 {
			change -= s.affinityOf(row, a)
		}
		if b >= 0 && s.count(row, b) == 0 {
			change += s.affinityOf(row, b)
		}
	}
	return change
}

// meets tells whether an item of a row may come to bin b as far as the row's
// limit a bin and anti-affinity go; out is the row of an item that leaves b at
// the same time, or none.
func (s *state) meets(row, b, out int32) bool {
	in := s.in
	if limit := in.perBin[row]; limit > 0 && row != out && s.count(row, b) >= limit {
		return false
	}
	for _, x := range in.apart[row] {
		n := s.count(x, b)
		if x == out {
			n--
		}
		if n > 0 {
			return false
		}
	}
	return true
}
