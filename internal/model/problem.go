package model

// Problem is a placement problem: put every item (replica) on one bin (server)
// so that the hard constraints hold in every period and the weighted sum of
// the named objective parts is least. internal/solver solves it, the scenario
// core builds it from a fleet, and `drover solve` reads it from files.
//
// Things refer to one another by index: Item.Group indexes Groups, Item.Start
// indexes Bins, and so on. One placement holds for the whole horizon; demand
// may differ by period. All numbers are integers in units that the builder
// chooses; keep single amounts below 10^13 and the whole cost below 4*10^18
// (MiB rather than bytes, for example), which the solver checks.
//
// Vectors of demand, capacity and safety have either len(Resources) entries
// (the same in every period) or Periods x len(Resources), period by period:
// entry t*len(Resources)+r.
//
// Hard constraints: capacity, transient capacity, Group.MaxPerBin, MinSpread,
// DependsOn, Affinity, AntiAffinity, pins, allowed and forbidden bins, closed
// bins, quotas of moves. A start that breaks some of them is repaired; what
// cannot be repaired comes back in Answer.Violations.
type Problem struct {
	Name string
	// Periods is how many periods the demand has; 0 means 1.
	Periods   int
	Resources []PackedResource
	Bins      []Bin
	Groups    []Group
	Items     []Item
	Balances  []Balance
	// GroupFlows and ItemFlows are traffic between groups and between items.
	GroupFlows []Flow
	ItemFlows  []Flow
	// Distance[a][b] is the distance between zones a and b (Bin.Zone), for
	// traffic: microseconds of round trip, say. The diagonal is the distance
	// inside a zone. It must be symmetric; empty means no traffic cost.
	Distance [][]int64
	// MoveDistance[a][b] is the cost of moving an item from bin a to bin b, in
	// the part bin-move; rows may be shared. Empty: ZoneMoveDistance is used.
	MoveDistance [][]int32
	// ZoneMoveDistance is the same between zones, for many bins; empty means 0.
	ZoneMoveDistance [][]int32
	// PowerResource indexes the resource (CPU) that power curves are over.
	PowerResource int
	// MaxMoves is the largest number of items that may leave their start; 0
	// means no limit. An item without a start does not count.
	MaxMoves int
	Weights  PartWeights
}

// PackedResource is one dimension of demand and capacity.
type PackedResource struct {
	Name string
	// Transient resources are used on the old bin too while an item moves: a
	// moved item counts on its start bin as well (disk, memory; not CPU).
	Transient bool
	// LoadWeight is the cost of one unit of use above a bin's safety capacity,
	// in one period.
	LoadWeight int64
}

// Bin is a place: a server.
type Bin struct {
	Name string
	// Location is what Group.MinSpread counts (a zone or data centre),
	// Neighbourhood where dependencies must be met, Zone the index into
	// Distance. Any small non-negative integers; they may coincide.
	Location, Neighbourhood, Zone int
	Capacity                      []int64
	// Safety is the load above which the part load is paid; empty means Capacity.
	Safety []int64
	// Power is the curve of milliwatts over use of PowerResource as a share of
	// capacity. A bin without items draws nothing. Empty: not accounted.
	Power []PowerPoint
	// Money is paid while the bin has items (part money), WakeCost where a bin
	// that is Asleep at the start gets items (part wake).
	Money, WakeCost int64
	Asleep          bool
	// Closed bins must be empty in the end (drained, failed). NoArrivals bins
	// keep what they have but take nothing new.
	Closed, NoArrivals bool
	// MaxArrivals and MaxDepartures limit moves onto and off the bin; 0 means
	// no limit. Arrivals count items that were not here at the start.
	MaxArrivals, MaxDepartures int
}

// Group is a set of items that are replicas of one thing: an application.
type Group struct {
	Name string
	// MaxPerBin is how many of its items one bin may hold: 1 is the conflict
	// constraint (no two replicas on a server), 0 no limit.
	MaxPerBin int
	// MinSpread is the least number of different locations its items stand in;
	// 0 and 1 ask nothing.
	MinSpread int
	// DependsOn lists groups: each item of this group needs some item of every
	// one of them in the neighbourhood of its bin.
	DependsOn []int
	// Affinity lists groups of which some item must be on the same bin.
	Affinity []int
	// AntiAffinity lists groups that must not share a bin with this one; it
	// holds both ways wherever it is said. (MaxPerBin keeps a group apart from
	// itself.)
	AntiAffinity []int
	// MaxMoves is the largest number of its items that may leave their start; 0
	// means no limit.
	MaxMoves int
}

// Unplaced is the index of no bin.
const Unplaced = -1

// Item is what is placed: a replica.
type Item struct {
	Name   string
	Group  int
	Demand []int64
	// Start is the bin it runs on now, or Unplaced for a new item, which costs
	// no move wherever it goes.
	Start int
	// MoveCost is paid when it leaves its start (part item-move).
	MoveCost int64
	// Pinned items stay on their start.
	Pinned bool
	// Allowed, where not empty, are the only bins it may be on; Forbidden ones
	// it may not be on.
	Allowed, Forbidden []int
}

// Balance asks that free capacity of two resources stays in proportion: on
// each bin and in each period it costs Weight x max(0, Target x free(A) -
// free(B)), free being capacity less use.
type Balance struct {
	A, B   int // resources
	Target int64
	Weight int64
}

// Flow is traffic between two groups or two items; direction has no meaning.
// It costs Rate x distance between their zones; for groups this is summed over
// all pairs of an item of A and an item of B, so Rate is the traffic of one
// pair (the total divided by both numbers of items). A flow of something with
// itself costs nothing.
type Flow struct {
	A, B int
	Rate int64 // bytes per second, or any unit
}

// Part names one summand of the objective.
type Part uint8

// The parts of the objective, in the order they are reported.
const (
	PartLoad      Part = iota // use above safety capacity
	PartBalance               // free capacity out of proportion
	PartPower                 // power curves, milliwatts, summed over periods
	PartMoney                 // bins in use
	PartWake                  // sleeping bins put to use
	PartTraffic               // flow x distance
	PartItemMove              // Item.MoveCost of moved items
	PartGroupMove             // the largest number of moved items of one group
	PartBinMove               // distance moved
	PartCount                 // the number of parts
)

// String returns the part's name as reports and files write it.
func (p Part) String() string {
	names := [PartCount]string{"load", "balance", "power", "money", "wake", "traffic", "item-move", "group-move", "bin-move"}
	if p < PartCount {
		return names[p]
	}
	return "unknown"
}

// PartWeights multiply the parts that have no weight of their own elsewhere
// (load has PackedResource.LoadWeight, balance has Balance.Weight). The zero
// weight leaves a part out.
type PartWeights struct {
	Power, Money, Wake, Traffic  int64
	ItemMove, GroupMove, BinMove int64
}
