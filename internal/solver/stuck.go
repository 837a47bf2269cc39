package solver

// stuckPasses is how often fixed items are looked for again, since each one
// found takes room that others might have gone to.
const stuckPasses = 4

// fixStuck marks items that can stand on no bin but their start: pinned ones,
// and those that no other bin could hold even if everything that can make way
// did. They leave the search, and their load tightens the lower bound.
func (in *instance) fixStuck() {
	in.settled = make([]int64, in.bins*in.dims)
	for pass := range stuckPasses {
		found := false
		for i := range in.items {
			item, home := int32(i), in.start[i]
			if in.fixed[i] && pass == 0 {
				in.settle(item)
				found = true
			}
			if in.fixed[i] || home < 0 || !in.admits(item, home) || in.hasElsewhere(item) {
				continue
			}
			in.fixed[i] = true
			in.settle(item)
			found = true
		}
		if !found {
			break
		}
	}
	in.movable = in.movable[:0]
	for i := range in.items {
		if !in.fixed[i] {
			in.movable = append(in.movable, int32(i))
		}
	}
}

// settle books a fixed item's load on its start.
func (in *instance) settle(i int32) {
	at := in.settled[int(in.start[i])*in.dims:]
	for d, q := range in.row(i) {
		at[d] += q
	}
}

// hasElsewhere tells whether some bin other than its start could hold item i.
func (in *instance) hasElsewhere(i int32) bool {
	// Starting beyond the home bin spreads the search, so that it ends soon.
	home := int(in.start[i])
	for k := 1; k < in.bins; k++ {
		b := home + k
		if b >= in.bins {
			b -= in.bins
		}
		if in.canHost(i, int32(b)) {
			return true
		}
	}
	return false
}

// couldHold tells whether item i fits bin b if everything else that can leave
// room there does: transient room is what the start leaves, other room what
// fixed items leave.
func (in *instance) couldHold(i, b int32) bool {
	q := in.row(i)
	if in.start[i] != b {
		room := in.room[int(b)*in.trans:][:in.trans]
		for d, free := range room {
			if q[d] > free {
				return false
			}
		}
	}
	base := int(b) * in.dims
	capacity, settled := in.capacity[base:][:len(q)], in.settled[base:][:len(q)]
	for d := in.trans; d < len(q); d++ {
		if q[d] > capacity[d]-settled[d] {
			return false
		}
	}
	return true
}
