// Package forecaster is the stage that keeps the dependency graph, the network
// map and a forecast for every series. It reads metrics, calls and paths, each
// partitioned by its own entity, and writes forecasts and graph, partitioned by
// fleet, with a marker in every partition when a tick is complete.
//
// The three inputs share nothing: what a partition of metrics says depends on
// that log alone, calendar included, which ingest copies into every partition
// of metrics. Hence the order in which the topics interleave can't matter.
//
// The models are in internal/forecast, internal/graph and internal/netmap; the
// next stage is internal/planner.
package forecaster
