package solver

import "drover/internal/model"

// none marks the absence of a bin or of a constrained group.
const none = -1

// instance is a compiled problem: read only, shared by all lanes.
//
// A dimension is a resource in a period. Dimensions are ordered with the
// transient ones first, so that loops over them need no test.
type instance struct {
	problem *model.Problem
	items   int
	bins    int
	groups  int
	dims    int // dimensions
	trans   int // the first trans dimensions are transient
	dimOf   []int

	demand   []int64 // item*dims+d
	group    []int32 // by item
	start    []int32 // by item, none for new items
	moveCost []int64 // by item, weighted
	fixed    []bool  // by item: pinned where it is allowed to be
	movable  []int32 // items that are not fixed
	hosts    *hosts  // nil where lists of bins by item do not pay

	capacity []int64 // bin*dims+d
	margin   []int64 // bin*dims+d: capacity - safety
	settled  []int64 // bin*dims+d: load of fixed items
	room     []int64 // bin*trans+d: transient capacity that is free at the start
	loadCost []int64 // by dimension
	balances []balance
	location []int32 // by bin
	nearby   []int32 // neighbourhood by bin
	zone     []int32 // by bin
	closed   []bool  // by bin: nothing may come or stay
	noNew    []bool  // by bin: only items that started here may come
	shrink   []bool  // by bin: a transient capacity is exceeded at the start, so nothing may come

	locations int
	nearbys   int
	zones     int

	constrained []int32 // by group: row of its counters, or none
	itemRow     []int32 // by item: the same
	rows        int
	rowGroup    []int32   // by row
	rowItems    [][]int32 // by row: the group's items
	perBin      []int32   // by row: MaxPerBin, 0 for no limit
	spread      []int32   // by row: least number of locations
	depends     [][]int32 // by row: rows it depends on
	dependents  [][]int32 // by row: rows that depend on it
	apart       [][]int32 // by row: rows of anti-affinity
	together    [][]int32 // by row: rows wanted on the same bin
	wantedBy    [][]int32 // by row: the inverse of together
	dense       []bool    // by row: counters per bin are kept
	denseRow    []int32   // by row: index into them
	denseRows   int

	moveWeight  int64     // of the bin move distance
	moveRows    [][]int32 // by bin: distance to every bin, or nil
	far         []int32   // bin*bins+bin: moveRows in one piece, nil where that is too large
	zoneMove    [][]int32 // by zone, or nil
	near        [][]int32 // by bin: see findNear
	groupWeight int64     // of the largest number of moved items
	allowedSet  []int32   // by item: index into allowed, or none
	allowed     [][]uint64

	maxMoves      int
	groupMaxMoves []int32 // by group, 0 for none
	maxArrivals   []int32 // by bin
	maxDepartures []int32 // by bin

	// rising tells that an arrival never lowers a bin's cost by more than the
	// item's relief: no power, money or traffic. Then a departure's saving bounds
	// a move's.
	rising              bool
	relief              []int64 // by item: the most that balance cost can fall by where it arrives
	floor               int64   // lowerBound, computed once
	mostFee             float64 // the most that move fees can fall by in one exchange
	roomy               bool    // see findAway
	meanFee             float64 // of an item that is away
	awayBase, awayByFee float64 // see away
	quotas              bool    // some quota of moves exists
	extras              bool    // some of power, money, wake, traffic exists
	soft                bool    // some of spread, dependency, affinity exists
	upkeep              []int64
	curve               []int32 // by bin: index into curves*, or none
	curves              []curve
	powered             []int // dimensions of the power resource
	flows               *flowNetwork
	size                []float64 // by item: its share of the capacity, summed over dimensions
}

// balance is one balance cost in one period.
type balance struct {
	a, b   int // dimensions
	target int64
	weight int64
}

// row returns the demand of an item by dimension.
func (in *instance) row(i int32) []int64 {
	return in.demand[int(i)*in.dims:][:in.dims:in.dims]
}

// moveDistance returns the weighted cost of the way from bin a to bin b.
func (in *instance) moveDistance(a, b int32) int64 {
	if in.moveWeight == 0 {
		return 0
	}
	if in.far != nil {
		return in.moveWeight * int64(in.far[int(a)*in.bins+int(b)])
	}
	if in.moveRows != nil {
		return in.moveWeight * int64(in.moveRows[a][b])
	}
	if in.zoneMove != nil {
		return in.moveWeight * int64(in.zoneMove[in.zone[a]][in.zone[b]])
	}
	return 0
}

// moveFee returns what item i pays for standing on bin b: the item's move cost
// and the distance from its start.
func (in *instance) moveFee(i, b int32) int64 {
	home := in.start[i]
	if home < 0 || home == b || b < 0 {
		return 0
	}
	return in.moveCost[i] + in.moveDistance(home, b)
}

// admits tells whether item i may stand on bin b at all: allowed, open, and not
// a newcomer where none may come.
func (in *instance) admits(i, b int32) bool {
	if in.closed[b] || in.shrink[b] || in.noNew[b] && in.start[i] != b {
		return false
	}
	if set := in.allowedSet[i]; set != none {
		return in.allowed[set][b>>6]>>(uint(b)&63)&1 != 0
	}
	return true
}

// isMoved tells whether standing on b means that item i has left its start.
func (in *instance) isMoved(i, b int32) bool { return in.start[i] >= 0 && in.start[i] != b }
