// Package forecast turns observations into quantiles over a horizon.
//
// This package holds the streaming set: one Series per resource of an entity,
// a constant amount of work an observation, a state of at most 2 KB that
// serialises exactly, and an ensemble whose weights and intervals are learned
// from its own errors as the data comes. Rates turns counters into values.
//
// The sub-packages hold what files of series are forecast with: panel (the
// values and their grid), linear, smoothing, arima, gbdt and lstm (the
// models), effects (calendar events), conformal (calibration), ensemble (how
// they are joined), wallclock (what local time seasons go by) and score (how they
// are judged).
//
// Nothing here reads a clock, starts a goroutine or draws from a global random
// source. Its neighbours in the flow are internal/forecaster, which feeds it
// and publishes what it says, and internal/scenario, which plans on it.
package forecast
