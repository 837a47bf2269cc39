// Package executor is the stage that carries plans out. It owns a fleet
// partition: it folds plans, orders and the outcomes of commands into sagas
// (internal/saga), writes every intent into the steps log before anything is
// done, and publishes outcomes, which the planner reads.
//
// Commands are performed in one of two ways. Simulated ones are played in event
// time, inside the task, so that a whole fleet can be played in a backtest and
// gives the same outcomes wherever it is played. Real drivers (internal/actuator)
// are called by the Performer once an intent is durable; what they say comes back
// through the reports topic, which the Live task folds (docs/decisions/0006).
package executor
