// Package stage is the contract between the processing loop and the stateful
// stages: what a record and an emission are, what a task promises, and how a
// task sees event time.
//
// A task owns one partition number of a set of co-partitioned topics. It is
// pure: given the same logs it makes the same emissions, whatever the order in
// which the topics' records interleave. Two kinds of tasks keep that promise in
// two ways. A direct task (the forecaster's) keeps its topics apart, so that
// only the order within each log matters. An aligned task (the planner's, the
// executor's) is run tick by tick through an Aligner, which hands it for every
// tick exactly the prefix of each log that belongs to it.
//
// The package imports only the model. The loop on Kafka is in internal/stream,
// the one in memory in internal/engine.
package stage
