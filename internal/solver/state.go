package solver

// state is one placement in progress. It is owned by one lane. All counters
// are kept exact by place and remove, whatever constraints they break; checks
// belong to the moves.
type state struct {
	in *instance
	at []int32 // by item: its bin or none

	// free[b*dims+d] is capacity less use, for transient dimensions less what
	// moved away from b too; over is use less safety capacity.
	free, over []int64
	items      [][]int32 // by bin, in no particular order
	place      []int32   // by item: its index in items[at]

	onBin    []uint16 // denseRow*bins+bin: items of the row there
	onLoc    []uint16 // row*locations+location
	onNear   []uint16 // row*nearbys+neighbourhood
	distinct []int32  // by row: locations with items
	// lack[row*nearbys+n] counts rows this one depends on that have nothing in
	// neighbourhood n; need counts rows with items in n that depend on this one.
	lack, need []int32

	moved      []int32 // by group: items that have left their start
	movedHist  []int32 // movedHist[k]: groups with k moved items
	mostMoved  int32
	movedItems int32
	fees       int64   // of all items that are away
	arrivals   []int32 // by bin, kept where quotas exist
	departures []int32
	pull       []int64 // group*zones+zone: traffic cost of an item there

	cost int64 // of all placed items; kept by apply
	soft int32 // broken spread, dependency and affinity constraints
}

// newState returns a state with nothing placed.
func newState(in *instance) *state {
	s := &state{
		in: in, at: make([]int32, in.items), place: make([]int32, in.items),
		free: append([]int64(nil), in.capacity...), over: make([]int64, len(in.capacity)),
		items:    make([][]int32, in.bins),
		onBin:    make([]uint16, in.denseRows*in.bins),
		onLoc:    make([]uint16, in.rows*in.locations),
		onNear:   make([]uint16, in.rows*in.nearbys),
		distinct: make([]int32, in.rows),
		lack:     make([]int32, in.rows*in.nearbys), need: make([]int32, in.rows*in.nearbys),
		moved: make([]int32, in.groups), movedHist: make([]int32, in.items+3),
	}
	for k := range s.over {
		s.over[k] = in.margin[k] - in.capacity[k]
	}
	for i := range s.at {
		s.at[i] = none
	}
	for row := range in.rows {
		for n := range in.nearbys {
			s.lack[row*in.nearbys+n] = int32(len(in.depends[row]))
		}
		s.soft += in.spread[row] * min(1, int32(len(in.rowItems[row])))
	}
	s.movedHist[0] = int32(in.groups)
	if in.quotas {
		s.arrivals, s.departures = make([]int32, in.bins), make([]int32, in.bins)
	}
	if in.flows != nil {
		s.pull = make([]int64, in.groups*in.zones)
	}
	s.reserve()
	s.makeRoom()
	s.cost = s.emptyCost()
	return s
}

// makeRoom gives every bin's list a capacity that rarely grows.
func (s *state) makeRoom() {
	each := s.in.items/max(1, s.in.bins) + 4
	backing := make([]int32, each*s.in.bins)
	for b := range s.items {
		s.items[b] = backing[b*each : b*each : (b+1)*each]
	}
}

// emptyCost is the load and balance cost of the bins without items.
func (s *state) emptyCost() int64 {
	var cost int64
	for b := range s.in.bins {
		cost += s.loadOf(int32(b))
	}
	return cost
}

// put places item i, which has no bin, on bin b. It keeps everything but cost.
func (s *state) put(i, b int32) {
	in := s.in
	s.at[i] = b
	s.place[i] = int32(len(s.items[b]))
	s.items[b] = append(s.items[b], i)
	base := int(b) * in.dims
	free, over := s.free[base:][:in.dims], s.over[base:][:in.dims]
	home := in.start[i] == b
	for d, q := range in.row(i) {
		over[d] += q
		// Coming home costs no transient room: the home bin keeps it reserved.
		if d >= in.trans || !home {
			free[d] -= q
		}
	}
	if row := in.itemRow[i]; row != none {
		s.join(row, b)
	}
	if in.start[i] >= 0 && !home {
		s.countMove(i, b, 1)
		s.fees += in.moveFee(i, b)
	}
	if s.pull != nil {
		s.updatePull(in.group[i], none, in.zone[b])
	}
}

// take removes item i from its bin. It keeps everything but cost.
func (s *state) take(i int32) {
	in := s.in
	b := s.at[i]
	list := s.items[b]
	last := list[len(list)-1]
	list[s.place[i]] = last
	s.place[last] = s.place[i]
	s.items[b] = list[:len(list)-1]
	s.at[i] = none
	base := int(b) * in.dims
	free, over := s.free[base:][:in.dims], s.over[base:][:in.dims]
	home := in.start[i] == b
	for d, q := range in.row(i) {
		over[d] -= q
		if d >= in.trans || !home {
			free[d] += q
		}
	}
	if row := in.itemRow[i]; row != none {
		s.leave(row, b)
	}
	if in.start[i] >= 0 && !home {
		s.countMove(i, b, -1)
		s.fees -= in.moveFee(i, b)
	}
	if s.pull != nil {
		s.updatePull(in.group[i], in.zone[b], none)
	}
}

// countMove adds n (1 or -1) moved items for item i standing on b.
func (s *state) countMove(i, b, n int32) {
	in := s.in
	g := in.group[i]
	s.movedItems += n
	s.movedHist[s.moved[g]]--
	s.moved[g] += n
	s.movedHist[s.moved[g]]++
	if s.moved[g] > s.mostMoved {
		s.mostMoved = s.moved[g]
	}
	for s.mostMoved > 0 && s.movedHist[s.mostMoved] == 0 {
		s.mostMoved--
	}
	if s.arrivals != nil {
		s.arrivals[b] += n
		s.departures[in.start[i]] += n
	}
}

// reserve takes the transient room that every item keeps at its start, whether
// it stays there or not. Where the start is overloaded there is no room left.
func (s *state) reserve() {
	in := s.in
	for i, home := range in.start {
		if home < 0 {
			continue
		}
		free := s.free[int(home)*in.dims:][:in.dims]
		row := in.row(int32(i))
		for d := range in.trans {
			free[d] -= row[d]
		}
	}
	for b := range in.bins {
		for d := range in.trans {
			k := b*in.dims + d
			s.free[k] = max(0, s.free[k])
		}
	}
}

// load puts a whole assignment onto an empty state and prices it.
func (s *state) load(at []int32) {
	for i, b := range at {
		if b >= 0 {
			s.put(int32(i), b)
		}
	}
	s.cost = s.price()
}

// price computes the cost afresh.
func (s *state) price() int64 {
	in := s.in
	cost := in.groupWeight * int64(s.mostMoved)
	for b := range in.bins {
		cost += s.loadOf(int32(b)) + s.extrasOf(int32(b))
	}
	var traffic int64
	for i, b := range s.at {
		cost += in.moveFee(int32(i), b)
		if s.pull != nil && b >= 0 {
			traffic += s.trafficWith(int32(i), none, b)
		}
	}
	return cost + traffic/2
}

// apply moves item i to bin b (or none) and books the change of cost.
func (s *state) apply(i, b int32, delta int64) {
	if s.at[i] >= 0 {
		s.take(i)
	}
	if b >= 0 {
		s.put(i, b)
	}
	s.cost += delta
}

// moveTo makes the placement equal to at, which costs cost.
func (s *state) moveTo(at []int32, cost int64) {
	for i, b := range at {
		if s.at[i] != b {
			s.apply(int32(i), b, 0)
		}
	}
	s.cost = cost
}
