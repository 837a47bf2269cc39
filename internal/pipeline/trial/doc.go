// Package trial lets a policy run a simulated fleet through the same stages as
// live (ingest, forecaster, planner, executor, in memory) and judges what
// became of it: minutes in which promises were broken, energy, moves.
//
// The judge knows what no policy does, the true load of every minute, and
// shares no code with the planner but the laws of queues.
package trial
