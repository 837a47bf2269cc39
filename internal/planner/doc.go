// Package planner is the stage that decides. It owns a fleet partition: it
// folds forecasts, graph, metadata, calendar, maintenance, outcomes and orders
// into what is known of each fleet, and when every input is complete for a
// tick it asks the scenario core, with the solver, what to do, and publishes
// the evaluation and the plan.
//
// It is an aligned task: what a decision is taken on is a prefix of each log,
// recorded with the decision. The next stage is internal/executor, whose
// outcomes come back.
package planner
