// Package graph folds calls into the dependency graph of the fleets and
// answers questions about it.
//
// Graph is the streaming half: the forecaster gives it the calls of the callers
// of one partition, and asks at each tick which edges have changed. View is the
// reading half: an immutable graph built from edges, with the queries of the
// planner, the command line and the web. Package linker (below this one) turns
// spans into calls.
//
// The package is a core: it holds no clock, lock, logger or random source. The
// same calls and ticks give the same edges, byte for byte.
//
// What does not depend on the order of the calls between two ticks: the edges
// that exist, their totals, FirstSeen, LastSeen, Origins and the count of
// duplicates (as long as a repeat comes within Config.SpanMemory spans). Rates
// agree to about 1e-9 (sums of floating point numbers), latency quantiles to
// 1e-6 of their weights.
package graph
