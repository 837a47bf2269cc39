// Package consolidate decides which hosts VMs run on when the CPU is
// overbooked: as few hosts as the demand that is to be expected allows, with a
// set share of it going unserved, and few migrations.
//
// It is a CORE: a deterministic, streaming policy. Step is fed every VM's
// utilisation at one tick after another and answers with placements and
// migrations; the state is nothing but what Step has been fed, and
// AppendBinary keeps it exactly. There is no clock, goroutine or random source.
// It imports nothing of ours; whoever has the fleet's facts (the benchmark's
// command, the planner) states them in a Config.
//
// A tick goes like this, a file each:
//
//	level.go, demand.go  samples -> mean, variance, third moment of every VM's coming demand
//	trend.go             samples -> the factor that all means lag behind by
//	related.go           errors of the means -> which VMs move with or against each other
//	budget.go            what went unserved so far -> the price of unserved demand
//	problem.go           both -> loads, fees and the placement as it is
//	gamma.go, risk.go    a host's load -> what it is expected to leave unserved
//	search.go, resize.go moves, swaps, a host less, a host more, while the total cost falls
//	snapshot.go          the state as bytes
//
// The cost is in W x ticks: the power of the hosts and the price of the
// expected unserved demand over the time a placement is taken to last, and a
// fee for every VM that is not where the tick found it. docs/consolidation.md
// has the model, its reasons and the measurements.
package consolidate
