// Package solver places items (replicas) on bins (servers): it takes a
// model.Problem, a seed and a budget, and returns a model.Answer. The planner
// calls it with problems that internal/scenario builds; `drover solve` calls it
// with files.
//
// A problem is compiled to flat arrays (instance). A placement in progress is a
// state: free and excess capacity per bin and dimension (a dimension is one
// resource in one period), counters of groups per bin, location and
// neighbourhood, kept so that the change of cost by a shift or a swap takes
// O(dimensions) and every other constraint O(1).
//
// The search (see docs/solver.md) repairs an infeasible start, then anneals
// with shifts, swaps, and compound moves, while spread, dependency and affinity
// may be broken at a price that rises as the temperature falls; what is
// returned never breaks them unless the start cannot be repaired. Small
// problems are solved exactly by constraint propagation (exact.go), and the
// same propagation drives the large-neighbourhood moves (lns.go).
//
// The package owns no clock: budgets count evaluations, and an outer guard is a
// function that the caller supplies. Randomness comes from the seed alone. The
// only goroutines are in parallel.go, and the result does not depend on how
// many there are.
package solver
