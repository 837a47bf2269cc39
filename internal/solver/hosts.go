package solver

// hosts lists, for every movable item, the bins other than its start that could
// hold it if everything that can make way did. Where transient room is scarce
// they are few, and moves drawn from them are feasible far more often than moves
// drawn from all bins.
type hosts struct {
	from, to []int32 // by item: where its list in bins begins and ends
	bins     []int32
}

// Lists are kept where they are short enough to pay: at most hostsLimit entries
// in all, and at most hostsShare of the fleet on average, judged by hostsSample
// items.
const (
	hostsLimit  = 1 << 23
	hostsShare  = 0.6
	hostsSample = 256
)

// of returns the hosts of item i.
func (h *hosts) of(i int32) []int32 { return h.bins[h.from[i]:h.to[i]] }

// findHosts fills in.hosts, or leaves it nil where lists would not pay.
func (in *instance) findHosts() {
	if len(in.movable) == 0 || in.bins < 2 {
		return
	}
	stride := max(1, len(in.movable)/hostsSample)
	seen, found := 0, 0
	for k := 0; k < len(in.movable); k += stride {
		seen++
		found += in.countHosts(in.movable[k])
	}
	mean := float64(found) / float64(seen)
	if mean > hostsShare*float64(in.bins) || mean*float64(len(in.movable)) > hostsLimit {
		return
	}
	h := &hosts{from: make([]int32, in.items), to: make([]int32, in.items), bins: make([]int32, 0, int(mean*1.1)*len(in.movable))}
	for i := range int32(in.items) {
		h.from[i] = int32(len(h.bins))
		if !in.fixed[i] {
			for b := range int32(in.bins) {
				if in.canHost(i, b) {
					h.bins = append(h.bins, b)
				}
			}
		}
		h.to[i] = int32(len(h.bins))
	}
	in.hosts = h
}

// canHost tells whether a bin other than its start could hold item i.
func (in *instance) canHost(i, b int32) bool {
	return b != in.start[i] && in.couldHold(i, b) && in.admits(i, b)
}

// countHosts returns how many bins other than its start could hold item i.
func (in *instance) countHosts(i int32) int {
	n := 0
	for b := range int32(in.bins) {
		if in.canHost(i, b) {
			n++
		}
	}
	return n
}

// someBin draws a bin that item i might go to: one of its hosts or its start,
// or any bin where no lists are kept.
func (l *lane) someBin(i int32) int32 {
	in := l.in
	if l.hosts == nil {
		if b := l.nearBin(i); b != none {
			return b
		}
		return int32(l.rng.below(in.bins))
	}
	list := l.hosts.of(i)
	k := l.rng.below(len(list) + 1)
	if k < len(list) {
		return list[k]
	}
	return in.start[i]
}

// somePartner draws an item to exchange item i with, or none.
func (l *lane) somePartner(i int32) int32 {
	movable := l.movable
	b := int32(none)
	if l.hosts != nil {
		b = l.someBin(i)
	} else if b = l.nearBin(i); b == none {
		return movable[l.rng.below(len(movable))]
	}
	if b == none || len(l.s.items[b]) == 0 {
		return none
	}
	j := l.someItem(l.s.items[b])
	if l.held[j] {
		return none
	}
	return j
}

// roomyHost is roomyBin by lists.
func (l *lane) roomyHost(i int32) int32 {
	s, in := l.s, l.in
	for range roomyTries {
		b := l.someBin(i)
		if b == none || b == s.at[i] || b == l.barred || !s.mayEnter(i, b) {
			continue
		}
		if row := in.itemRow[i]; row != none && !s.meets(row, b, none) {
			continue
		}
		return b
	}
	return none
}

// roomyTries is how many hosts are drawn for one that may take an item.
const roomyTries = 8

// cheapestHost is cheapestBin by lists.
func (l *lane) cheapestHost(i int32, w *climate) (bin int32, change int64, ok bool) {
	t := tender{l: l, w: w, item: i}
	list := l.hosts.of(i)
	from, n := 0, len(list)
	if n > scanLimit {
		from, n = l.rng.below(n), scanLimit
	}
	for k := range n {
		at := from + k
		if at >= len(list) {
			at -= len(list)
		}
		t.offer(list[at])
	}
	if home := l.in.start[i]; home >= 0 {
		t.offer(home)
	}
	return t.bin, t.change, t.ok
}
