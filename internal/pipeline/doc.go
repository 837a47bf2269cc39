// Package pipeline puts the stages together: which tasks read which topics,
// with one configuration for all. It is used wherever the whole loop runs: on
// Kafka in one process (`drover up`), in memory (backtests, tests), and by the
// four services, each of which takes its own stage.
package pipeline
