// Package planetlab owns the whole-loop benchmark on the PlanetLab CPU traces
// of March and April 2011 (Beloglazov and Buyya, Concurrency and Computation
// 24(13), 2012): reading a day, the simulated fleet's facts, playing placement
// decisions in sub-frames of ten seconds, the energy bound, and two plain
// policies to compare with.
//
// It is pure: apart from reading and writing what it is handed, it has no
// clock, goroutine or random source. It knows nothing of Drover's own policy;
// `drover backtest planetlab` brings the two together. The rules are those of
// the benchmark's honest mode: a host with a resident or inbound VM is on and
// pays at least its idle power, nothing is ever destroyed, and a deficit
// counts while it grows.
package planetlab
