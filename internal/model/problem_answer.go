package model

// Costs holds what every part of the objective contributes, weights included,
// indexed by Part.
type Costs [PartCount]int64

// Total returns the value of the objective.
func (c Costs) Total() int64 {
	var sum int64
	for _, v := range c {
		sum += v
	}
	return sum
}

// Answer is what the solver found. Fewer violations always come before less
// cost: Violated is compared first, Costs.Total second.
type Answer struct {
	// Assignment[i] is the bin of item i, or Unplaced where none was found.
	Assignment []int
	Costs      Costs
	// Start prices the start placement (of the items that have one).
	Start Costs
	// LowerBound is not above the cost of any placement without violations.
	LowerBound int64
	// Proven tells that the answer is optimal, or, with violations, that no
	// placement without violations exists.
	Proven bool
	// Violated is the number of broken hard constraints (see Violation); 0 means
	// feasible. StartViolated is the same for the start.
	Violated, StartViolated int
	Violations              []Violation
	// Moved counts items that leave their start.
	Moved int
	// Evaluations counts moves that were fully priced and feasible, Candidates
	// all that were looked at.
	Evaluations, Candidates int64
}

// Gap returns (cost - bound) / cost, at least 0; it is 0 for a cost of 0.
func (a *Answer) Gap() float64 {
	cost := a.Costs.Total()
	if cost <= 0 || cost <= a.LowerBound {
		return 0
	}
	return float64(cost-a.LowerBound) / float64(cost)
}

// ViolationKind says which hard constraint is broken.
type ViolationKind string

// The kinds of violations.
const (
	ViolationUnplaced     ViolationKind = "unplaced"      // an item without a bin
	ViolationCapacity     ViolationKind = "capacity"      // use above capacity
	ViolationTransient    ViolationKind = "transient"     // no room while moving
	ViolationConflict     ViolationKind = "conflict"      // more than MaxPerBin
	ViolationSpread       ViolationKind = "spread"        // too few locations
	ViolationDependency   ViolationKind = "dependency"    // nothing depended on nearby
	ViolationAffinity     ViolationKind = "affinity"      // nothing wanted on the bin
	ViolationAntiAffinity ViolationKind = "anti-affinity" // something unwanted on the bin
	ViolationForbidden    ViolationKind = "forbidden"     // bin closed or not allowed, or pin left
	ViolationMoves        ViolationKind = "moves"         // a quota of moves exceeded
)

// Violation is one broken hard constraint. Indices that do not apply are -1.
type Violation struct {
	Kind                               ViolationKind
	Item, Group, Bin, Resource, Period int
	// Amount is by how much: units of the resource, items, or locations.
	Amount int64
	// Text says it in words, with the small set of constraints that conflict
	// where one is known: "app web needs 3 zones, only 2 have 8192 memory left".
	Text string
	// Because lists that conflicting set, one constraint each.
	Because []string
}
