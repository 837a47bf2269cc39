// Package desim simulates requests one by one on shared stations: the oracle
// that scenario/queueing is tested on. It knows no formula of queueing theory.
//
// Requests of each flow arrive as a Poisson stream and visit the stations of
// the flow's path in order, with a fixed delay before each visit. A station has
// a number of cores; it serves first come first served, or shares its cores
// equally among the requests present, at most one core for each. Several flows
// may share a station. The simulation is deterministic in its seed.
package desim
