// Package scenario decides: it imagines the futures that a fleet may meet,
// simulates the load on its servers in each of them, checks what applications
// were promised, and turns a better placement into a phased plan with a reason
// for every move.
//
// The flow of one decision (Decide) can be read file by file:
//
//	view.go      what the planner knows, and whether it is fresh (freshness.go)
//	fleet.go     the same, indexed; demand.go: load of every replica by period
//	future.go    what a future assumes; generate.go makes them, reduce.go drops some
//	state.go     a placement with its load in every future; score.go prices it
//	builder.go   the placement problem handed to the solver; cuts.go tightens it
//	selection.go the moves that are worth it, within the guard rails
//	decide.go    puts these in order; evaluation.go and explain.go say why
//
// Response times are in scenario/queueing, waves and start times in
// scenario/phasing, and scenario/desim is the simulation both are tested on.
//
// The package is pure: no clock, goroutine, logger or global random source,
// and nothing depends on the order of a map. The same View, Config and Solve
// give the same bytes. It does not know the solver: that comes as a function.
//
// Money is in micros (millionths of the fleet's currency), shares are in parts
// per million, loads in the units of model.Vector.
package scenario
