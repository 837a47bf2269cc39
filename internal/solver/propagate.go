package solver

// propagate narrows the domains after item i has come to a bin. It returns
// false where some item has no bin left or a group's constraint cannot be met
// any more.
func (b *brancher) propagate(i, bin int32) bool {
	// Packing, conflict, anti-affinity and quotas: what can no longer come here.
	for k, j := range b.free {
		if b.done[k] || !b.dom.has(k, bin) || b.mayTake(j, bin) {
			continue
		}
		if !b.dom.remove(k, bin) {
			return false
		}
	}
	row := b.in.itemRow[i]
	return row == none || b.propagateSpread(row) && b.propagateNearby(row, bin)
}

// propagateSpread checks that a row can still reach its number of locations:
// if every open item is needed for a new one, used locations are removed.
func (b *brancher) propagateSpread(row int32) bool {
	want := b.in.spread[row]
	if want == 0 {
		return true
	}
	var open int32
	for _, j := range b.in.rowItems[row] {
		if k := b.slot[j]; k != none && !b.done[k] {
			open++
		}
	}
	missing := want - b.s.distinct[row]
	if missing <= 0 || open > missing {
		return true
	}
	if open < missing {
		return false
	}
	for _, j := range b.in.rowItems[row] {
		k := b.slot[j]
		if k == none || b.done[k] {
			continue
		}
		ok := b.dom.size[k] > 0
		b.dom.each(int(k), func(bin int32) bool {
			if b.s.onLoc[int(row)*b.in.locations+int(b.in.location[bin])] > 0 {
				ok = b.dom.remove(int(k), bin)
			}
			return ok
		})
		if !ok {
			return false
		}
	}
	return true
}

// propagateNearby checks that everything a row depends on, or wants beside it,
// is or can still come to where its new item stands.
func (b *brancher) propagateNearby(row, bin int32) bool {
	n := b.in.nearby[bin]
	for _, x := range b.in.depends[row] {
		if b.s.onNear[int(x)*b.in.nearbys+int(n)] == 0 &&
			!b.canCome(x, func(c int32) bool { return b.in.nearby[c] == n }) {
			return false
		}
	}
	for _, x := range b.in.together[row] {
		if b.s.count(x, bin) == 0 && !b.canCome(x, func(c int32) bool { return c == bin }) {
			return false
		}
	}
	return true
}

// canCome tells whether some open item of a row has a bin that suits.
func (b *brancher) canCome(row int32, suits func(bin int32) bool) bool {
	for _, j := range b.in.rowItems[row] {
		k := b.slot[j]
		if k == none || b.done[k] {
			continue
		}
		found := false
		b.dom.each(int(k), func(bin int32) bool {
			found = suits(bin)
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
