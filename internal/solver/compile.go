package solver

import (
	"sort"

	"drover/internal/model"
)

// denseLimit is the largest number of group-by-bin counters that are kept as
// one array a state; groups of few items beyond it are scanned instead.
const denseLimit = 1 << 26

// farLimit is the largest number of distances that are kept in one piece too.
const farLimit = 1 << 22

// compile checks a problem and lays it out flat.
func compile(p *model.Problem) (*instance, error) {
	if err := validate(p); err != nil {
		return nil, err
	}
	in := &instance{problem: p, items: len(p.Items), bins: len(p.Bins), groups: len(p.Groups)}
	in.compileDimensions()
	in.compileBins()
	in.compileItems()
	in.compileGroups()
	in.compileCosts()
	in.compileExtras()
	in.compileFlows()
	in.findHosts()
	in.rising = !in.extras && in.flows == nil
	in.findRelief()
	in.floor = in.lowerBound()
	in.findAway()
	in.findNear()
	in.mostFee = 2*in.greatestFee() + float64(in.groupWeight)
	return in, nil
}

func periods(p *model.Problem) int { return max(p.Periods, 1) }

// compileDimensions orders resource x period with transient resources first.
func (in *instance) compileDimensions() {
	p := in.problem
	n := len(p.Resources)
	in.dims = n * periods(p)
	order := make([]int, in.dims)
	for d := range order {
		order[d] = d
	}
	sort.SliceStable(order, func(a, b int) bool {
		return p.Resources[order[a]%n].Transient && !p.Resources[order[b]%n].Transient
	})
	in.dimOf = make([]int, in.dims)
	in.loadCost = make([]int64, in.dims)
	for d, from := range order {
		in.dimOf[from] = d
		in.loadCost[d] = p.Resources[from%n].LoadWeight
		if p.Resources[from%n].Transient {
			in.trans++
		}
	}
	for t := range periods(p) {
		for _, b := range p.Balances {
			in.balances = append(in.balances, balance{in.dimOf[t*n+b.A], in.dimOf[t*n+b.B], b.Target, b.Weight})
		}
	}
}

// spreadOut writes a vector of the problem (per resource, or per period and
// resource) to a row by dimension.
func (in *instance) spreadOut(row, vector []int64) {
	for k, d := range in.dimOf {
		row[d] = vector[k%len(vector)]
	}
}

func (in *instance) compileBins() {
	p := in.problem
	in.capacity = make([]int64, in.bins*in.dims)
	in.margin = make([]int64, in.bins*in.dims)
	in.location, in.nearby, in.zone = make([]int32, in.bins), make([]int32, in.bins), make([]int32, in.bins)
	in.closed, in.noNew, in.shrink = make([]bool, in.bins), make([]bool, in.bins), make([]bool, in.bins)
	in.maxArrivals, in.maxDepartures = make([]int32, in.bins), make([]int32, in.bins)
	safety := make([]int64, in.dims)
	for b := range p.Bins {
		bin := &p.Bins[b]
		row := in.capacity[b*in.dims:][:in.dims]
		if in.dims > 0 {
			in.spreadOut(row, bin.Capacity)
			copy(safety, row)
			if len(bin.Safety) > 0 {
				in.spreadOut(safety, bin.Safety)
			}
		}
		for d := range row {
			in.margin[b*in.dims+d] = row[d] - safety[d]
		}
		in.location[b], in.nearby[b], in.zone[b] = int32(bin.Location), int32(bin.Neighbourhood), int32(bin.Zone)
		in.locations = max(in.locations, bin.Location+1)
		in.nearbys = max(in.nearbys, bin.Neighbourhood+1)
		in.zones = max(in.zones, bin.Zone+1)
		in.closed[b], in.noNew[b] = bin.Closed, bin.NoArrivals
		in.maxArrivals[b], in.maxDepartures[b] = int32(bin.MaxArrivals), int32(bin.MaxDepartures)
		in.quotas = in.quotas || bin.MaxArrivals > 0 || bin.MaxDepartures > 0
	}
}

func (in *instance) compileItems() {
	p := in.problem
	in.demand = make([]int64, in.items*in.dims)
	in.group, in.start = make([]int32, in.items), make([]int32, in.items)
	in.moveCost = make([]int64, in.items)
	in.fixed = make([]bool, in.items)
	in.allowedSet = make([]int32, in.items)
	sets := map[string]int32{}
	for i := range p.Items {
		item := &p.Items[i]
		if in.dims > 0 {
			in.spreadOut(in.demand[i*in.dims:][:in.dims], item.Demand)
		}
		in.group[i], in.start[i] = int32(item.Group), int32(item.Start)
		in.moveCost[i] = item.MoveCost * p.Weights.ItemMove
		in.allowedSet[i] = in.allowedSetOf(item, sets)
		in.fixed[i] = item.Pinned && item.Start >= 0 && in.admits(int32(i), int32(item.Start))
	}
	in.rankSizes()
	in.findShrinking()
	in.fixStuck()
}

// findShrinking measures the transient room of every bin at the start and marks
// bins that exceed a transient capacity.
func (in *instance) findShrinking() {
	use := make([]int64, in.bins*in.dims)
	for i, b := range in.start {
		if b >= 0 {
			for d, q := range in.row(int32(i)) {
				use[int(b)*in.dims+d] += q
			}
		}
	}
	in.room = make([]int64, in.bins*in.trans)
	for b := range in.bins {
		for d := range in.trans {
			k := b*in.dims + d
			in.room[b*in.trans+d] = max(0, in.capacity[k]-use[k])
			if use[k] > in.capacity[k] {
				in.shrink[b] = true
			}
		}
	}
}

// allowedSetOf returns the index of the item's set of bins; equal sets share one.
func (in *instance) allowedSetOf(item *model.Item, sets map[string]int32) int32 {
	pinned := item.Pinned && item.Start >= 0
	if len(item.Allowed) == 0 && len(item.Forbidden) == 0 && !pinned {
		return none
	}
	words := make([]uint64, (in.bins+63)/64)
	for _, b := range item.Allowed {
		words[b>>6] |= 1 << (uint(b) & 63)
	}
	if len(item.Allowed) == 0 {
		for b := range in.bins {
			words[b>>6] |= 1 << (uint(b) & 63)
		}
	}
	for _, b := range item.Forbidden {
		words[b>>6] &^= 1 << (uint(b) & 63)
	}
	if pinned {
		home := words[item.Start>>6] & (1 << (uint(item.Start) & 63))
		clear(words)
		words[item.Start>>6] = home
	}
	key := make([]byte, 0, len(words)*8)
	for _, w := range words {
		for k := 0; k < 64; k += 8 {
			key = append(key, byte(w>>k))
		}
	}
	if k, ok := sets[string(key)]; ok {
		return k
	}
	k := int32(len(in.allowed))
	in.allowed = append(in.allowed, words)
	sets[string(key)] = k
	return k
}

// rankSizes computes each item's size: the sum over dimensions of its share of
// the whole capacity, dearer where the fleet is fuller.
func (in *instance) rankSizes() {
	total, used := make([]float64, in.dims), make([]float64, in.dims)
	for b := range in.bins {
		for d := range in.dims {
			total[d] += float64(in.capacity[b*in.dims+d])
		}
	}
	for i := range in.items {
		for d, q := range in.row(int32(i)) {
			used[d] += float64(q)
		}
	}
	in.size = make([]float64, in.items)
	for i := range in.items {
		for d, q := range in.row(int32(i)) {
			if total[d] > 0 {
				in.size[i] += float64(q) / total[d] * (used[d] / total[d])
			}
		}
	}
}

func (in *instance) compileCosts() {
	p := in.problem
	in.moveWeight, in.groupWeight = p.Weights.BinMove, p.Weights.GroupMove
	switch {
	case len(p.MoveDistance) > 0:
		in.moveRows = p.MoveDistance
		if in.bins*in.bins <= farLimit {
			for _, row := range in.moveRows {
				in.far = append(in.far, row...)
			}
		}
	case len(p.ZoneMoveDistance) > 0:
		in.zoneMove = p.ZoneMoveDistance
	default:
		in.moveWeight = 0
	}
	in.maxMoves = p.MaxMoves
	in.quotas = in.quotas || p.MaxMoves > 0
	in.groupMaxMoves = make([]int32, in.groups)
	for g := range p.Groups {
		in.groupMaxMoves[g] = int32(p.Groups[g].MaxMoves)
		in.quotas = in.quotas || p.Groups[g].MaxMoves > 0
	}
}

// findRelief bounds what an item's arrival can save in balance cost: max(0, x)
// falls by no more than x does.
func (in *instance) findRelief() {
	in.relief = make([]int64, in.items)
	for i := range in.relief {
		q := in.row(int32(i))
		for k := range in.balances {
			l := &in.balances[k]
			in.relief[i] += l.weight * max(0, l.target*q[l.a]-q[l.b])
		}
	}
}

// greatestFee bounds what one item can pay for a move.
func (in *instance) greatestFee() float64 {
	var cost int64
	for _, c := range in.moveCost {
		cost = max(cost, c)
	}
	var far int32
	for _, rows := range [][][]int32{in.moveRows, in.zoneMove} {
		for _, row := range rows {
			for _, v := range row {
				far = max(far, v)
			}
		}
	}
	return float64(cost) + float64(in.moveWeight)*float64(far)
}

func (in *instance) compileExtras() {
	p := in.problem
	n := len(p.Resources)
	in.upkeep = make([]int64, in.bins)
	in.curve = make([]int32, in.bins)
	if n > 0 && p.Weights.Power != 0 {
		for t := range periods(p) {
			in.powered = append(in.powered, in.dimOf[t*n+p.PowerResource])
		}
	}
	for b := range p.Bins {
		bin := &p.Bins[b]
		in.upkeep[b] = bin.Money * p.Weights.Money
		if bin.Asleep {
			in.upkeep[b] += bin.WakeCost * p.Weights.Wake
		}
		in.curve[b] = none
		if len(bin.Power) > 0 && len(in.powered) > 0 {
			in.curve[b] = int32(len(in.curves))
			capacity := in.capacity[b*in.dims+in.powered[0]]
			in.curves = append(in.curves, newCurve(bin.Power, capacity, p.Weights.Power))
		}
		in.extras = in.extras || in.upkeep[b] != 0 || in.curve[b] != none
	}
}

func (in *instance) compileFlows() {
	p := in.problem
	if len(p.Distance) == 0 || p.Weights.Traffic == 0 || len(p.GroupFlows)+len(p.ItemFlows) == 0 {
		return
	}
	f := &flowNetwork{zones: in.zones, ofGroup: make([][]flowEnd, in.groups)}
	f.distance = make([]int64, in.zones*in.zones)
	for a := range in.zones {
		copy(f.distance[a*in.zones:][:in.zones], p.Distance[a])
	}
	connect := func(ends [][]flowEnd, flows []model.Flow) {
		for _, e := range flows {
			if e.A == e.B || e.Rate == 0 {
				continue
			}
			rate := e.Rate * p.Weights.Traffic
			ends[e.A] = append(ends[e.A], flowEnd{int32(e.B), rate})
			ends[e.B] = append(ends[e.B], flowEnd{int32(e.A), rate})
		}
	}
	connect(f.ofGroup, p.GroupFlows)
	if len(p.ItemFlows) > 0 {
		f.ofItem = make([][]flowEnd, in.items)
		connect(f.ofItem, p.ItemFlows)
	}
	in.flows = f
}
