package solver

// Ejection: a costly item is forced onto a bin that could hold it, what stands
// in its way is thrown out and finds new places, and the whole is accepted or
// undone (big-process rearrangement after Gavranović and Buljubašić 2016;
// ejection chains after Glover 1996).

// ejectLimit is the largest number of items one ejection may throw out.
const ejectLimit = 24

// scanLimit is how many bins a homeless item is offered; fleets with no more
// bins are scanned whole.
const scanLimit = 128

// roomyScan is how many bins are looked at for one that could hold an item.
const roomyScan = 256

// forceLimit is how many items of one compound move may be forced onto a bin.
const forceLimit = 3

// tryEject draws a costly item and a bin for it and plays the ejection out.
func (l *lane) tryEject(w *climate) {
	i := l.costlyItem()
	if i == none {
		return
	}
	b := l.roomyBin(i)
	if b == none {
		return
	}
	s := l.s
	cost, soft := s.cost, s.soft
	l.away = 0
	l.undo, l.pending = l.undo[:0], l.pending[:0]
	l.lift(i)
	l.drop(i, b, s.joinCost(i, b))
	if l.makeWay(i, b) && l.placePending(w) &&
		w.accepts(l.rng, s.cost-cost, s.soft-soft, l.away) {
		l.commit()
		return
	}
	l.rollback(cost)
}

// costlyItem draws an item whose leaving would save much.
func (l *lane) costlyItem() int32 {
	s, r := l.s, l.rng
	bin, most := int32(none), int64(-1)
	for range 3 {
		b := l.seedBin()
		if len(s.items[b]) == 0 {
			continue
		}
		if c := s.loadOf(b); c > most {
			bin, most = b, c
		}
	}
	if bin == none {
		return none
	}
	item, best := int32(none), int64(1)
	for range 3 {
		i := s.items[bin][r.below(len(s.items[bin]))]
		if l.held[i] {
			continue
		}
		if gain := s.leaveGain(i); gain < best {
			item, best = i, gain
		}
	}
	return item
}

// roomyBin draws a bin that could hold item i if others made way.
func (l *lane) roomyBin(i int32) int32 {
	in, s := l.in, l.s
	if l.hosts != nil {
		return l.roomyHost(i)
	}
	from := l.rng.below(in.bins)
	for k := range min(in.bins, roomyScan) {
		b := int32(from + k)
		if int(b) >= in.bins {
			b -= int32(in.bins)
		}
		if b == s.at[i] || b == l.barred || !in.couldHold(i, b) || !s.mayEnter(i, b) {
			continue
		}
		if row := in.itemRow[i]; row != none && !s.meets(row, b, none) {
			continue
		}
		return b
	}
	return none
}

// makeWay throws items off bin b until item i, which is on it, fits.
func (l *lane) makeWay(i, b int32) bool {
	s, in := l.s, l.in
	for range ejectLimit {
		d, lack := s.worstLack(b)
		if d < 0 {
			return true
		}
		list := s.items[b]
		victim, best := int32(none), int64(0)
		for range min(6, len(list)) {
			j := list[l.rng.below(len(list))]
			q := in.row(j)[d]
			if j == i || l.held[j] || q == 0 || d < in.trans && in.start[j] == b {
				continue
			}
			// The smallest that suffices is best, else the largest.
			score := q
			if q >= lack {
				score = 2*lack + lack*lack/max(q, 1)
			}
			if victim == none || score > best {
				victim, best = j, score
			}
		}
		if victim != none {
			l.lift(victim)
			l.pending = append(l.pending, victim)
		}
	}
	d, _ := s.worstLack(b)
	return d < 0
}

// worstLack returns the dimension of bin b that is most overused and by how
// much, or -1.
func (s *state) worstLack(b int32) (dim int, lack int64) {
	dim = -1
	worst := 0.0
	base := int(b) * s.in.dims
	for d, free := range s.free[base:][:s.in.dims] {
		if free >= 0 {
			continue
		}
		if share := float64(-free) / float64(s.in.capacity[base+d]+1); dim < 0 || share > worst {
			dim, lack, worst = d, -free, share
		}
	}
	return dim, lack
}

// placePending finds the cheapest bin for every pending item, largest first,
// with some noise so that repeats differ. An item without a bin is forced onto
// one, which lengthens the chain.
func (l *lane) placePending(w *climate) bool {
	for forced := 0; len(l.pending) > 0; {
		i := l.largestPending()
		if b, delta, ok := l.cheapestBin(i, w); ok {
			l.drop(i, b, delta)
			continue
		}
		b := l.roomyBin(i)
		if b == none || forced == forceLimit || len(l.pending) > ejectLimit {
			return false
		}
		forced++
		l.drop(i, b, l.s.joinCost(i, b))
		if !l.makeWay(i, b) {
			return false
		}
	}
	return true
}

// largestPending takes the largest item off the list.
func (l *lane) largestPending() int32 {
	list := l.pending
	k := 0
	for m := range list {
		if l.in.size[list[m]] > l.in.size[list[k]] {
			k = m
		}
	}
	i := list[k]
	list[k] = list[len(list)-1]
	l.pending = list[:len(list)-1]
	return i
}

// cheapestBin returns the best bin for an item that has none.
func (l *lane) cheapestBin(i int32, w *climate) (bin int32, change int64, ok bool) {
	in := l.in
	if l.hosts != nil {
		return l.cheapestHost(i, w)
	}
	n := min(in.bins, scanLimit)
	offset := 0
	if n < in.bins {
		offset = l.rng.below(in.bins)
	}
	t := tender{l: l, w: w, item: i}
	for k := range n {
		b := offset + k
		if b >= in.bins {
			b -= in.bins
		}
		t.offer(int32(b))
	}
	if home := in.start[i]; home >= 0 && n < in.bins {
		t.offer(home)
	}
	return t.bin, t.change, t.ok
}

// tender keeps the cheapest bin that was offered for an item that has none.
type tender struct {
	l    *lane
	w    *climate
	item int32

	bin    int32
	change int64
	least  float64
	ok     bool
}

// offer takes a bin in, unless it is barred or can't hold the item.
func (t *tender) offer(b int32) {
	l := t.l
	if b == l.barred {
		return
	}
	l.candidates++
	delta, soft, fits := l.s.shift(t.item, b, 0)
	if !fits {
		return
	}
	l.evaluations++
	if c := t.w.cost(delta, soft, l.in.awayChange(t.item, none, b)) + float64(t.w.t*l.rng.exponential()); !t.ok || c < t.least {
		t.bin, t.change, t.least, t.ok = b, delta, c, true
	}
}

// joinCost prices item i, which has no bin, coming to bin b, fit or not.
func (s *state) joinCost(i, b int32) int64 {
	in := s.in
	q := in.row(i)
	delta := s.loadPlus(b, q) + in.moveFee(i, b) + s.groupMoveShift(i, none, b)
	if in.extras {
		delta += s.extrasWith(b, q, nil, 1)
	}
	if s.pull != nil {
		delta += s.trafficWith(i, none, b)
	}
	return delta
}

// leaveCost prices item i leaving its bin for none.
func (s *state) leaveCost(i int32) int64 {
	in := s.in
	a := s.at[i]
	delta := s.leaveGain(i) - in.moveFee(i, a) + s.groupMoveShift(i, a, none)
	if s.pull != nil {
		delta += s.trafficWith(i, a, none)
	}
	return delta
}

// lift takes an item off its bin within a compound move.
func (l *lane) lift(i int32) {
	s := l.s
	l.undo = append(l.undo, change{i, s.at[i]})
	l.away += l.in.awayChange(i, s.at[i], none)
	s.apply(i, none, s.leaveCost(i))
}

// drop puts a lifted item on a bin within a compound move.
func (l *lane) drop(i, b int32, delta int64) {
	l.away += l.in.awayChange(i, none, b)
	l.s.apply(i, b, delta)
}

// commit books a finished compound move.
func (l *lane) commit() {
	for _, c := range l.undo {
		l.note(c.item)
	}
	l.noteBest()
}

// rollback undoes a compound move.
func (l *lane) rollback(cost int64) {
	s := l.s
	for k := len(l.undo) - 1; k >= 0; k-- {
		c := l.undo[k]
		if s.at[c.item] >= 0 {
			s.take(c.item)
		}
		if c.bin >= 0 {
			s.put(c.item, c.bin)
		}
	}
	s.cost = cost
}
