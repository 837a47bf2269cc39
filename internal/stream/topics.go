package stream

import "time"

// The topics' logical names, which carry no prefix.
const (
	Metrics      = "metrics"
	Paths        = "paths"
	Calls        = "calls"
	Servers      = "servers"
	Applications = "applications"
	Calendar     = "calendar"
	Maintenance  = "maintenance"
	Control      = "control"
	Graph        = "graph"
	Forecasts    = "forecasts"
	Scenarios    = "scenarios"
	Plans        = "plans"
	Steps        = "steps"
	Outcomes     = "outcomes"
	Reports      = "reports"
	Audit        = "audit"
	DeadLetters  = "deadletter"
)

// The services, as they stand in the table and in ACLs.
const (
	Ingest     = "ingest"
	Forecaster = "forecaster"
	Planner    = "planner"
	Executor   = "executor"
	Operator   = "operator" // the drover command and the web console
)

const day = 24 * time.Hour

// topology is the one table of topics: who writes what, who reads it, how it is
// keyed, parted and kept. Everything else about topics (creation, ACLs, the
// AsyncAPI document, docs/topics.md) comes from it.
//
// Raw topics are kept for longer than the oldest snapshot of a stage may be, so
// that a restart can always read on from its snapshot. What states the present
// (servers, applications, calendar, ...) is compacted: the last word on each key
// stays, and nothing is compacted before CompactAfter, so that a restart within
// that time reads exactly what the stage had read.
var topology = []Topic{
	{Name: Metrics, Key: "entity", Parting: ByKey, Events: []string{"Metric", "Heartbeat", "CalendarEvent"},
		Broadcast: []string{"CalendarEvent"}, Writers: []string{Ingest}, Readers: []string{Forecaster, Operator},
		Retention: 7 * day, Why: "replay of a week; snapshots are minutes old"},
	{Name: Paths, Key: "source server", Parting: ByKey, Events: []string{"Path", "Heartbeat"},
		Writers: []string{Ingest}, Readers: []string{Forecaster, Operator}, Retention: 7 * day, Why: "as metrics, which they are read with"},
	{Name: Calls, Key: "caller", Parting: ByKey, Events: []string{"Call", "Heartbeat"},
		Writers: []string{Ingest}, Readers: []string{Forecaster, Operator}, Retention: 7 * day, Why: "as metrics, which they are read with"},
	{Name: Servers, Key: "server", Parting: ByFleet, Events: []string{"Server", "Heartbeat"}, Compacted: true,
		Writers: []string{Ingest}, Readers: []string{Planner, Operator}, Why: "the last word on each server"},
	{Name: Applications, Key: "application", Parting: ByFleet, Events: []string{"Application", "Heartbeat"}, Compacted: true,
		Writers: []string{Ingest}, Readers: []string{Planner, Operator}, Why: "the last word on each application"},
	{Name: Calendar, Key: "event", Parting: ByFleet, Events: []string{"CalendarEvent", "Heartbeat"}, Compacted: true,
		Writers: []string{Ingest}, Readers: []string{Planner, Operator}, Why: "the last word on each event, past ones to learn from"},
	{Name: Maintenance, Key: "window", Parting: ByFleet, Events: []string{"Maintenance", "Heartbeat"}, Compacted: true,
		Writers: []string{Ingest}, Readers: []string{Planner, Operator}, Why: "the last word on each window"},
	{Name: Control, Key: "order", Parting: ByFleet, Events: []string{"Control", "Heartbeat"},
		Writers: []string{Ingest, Operator}, Readers: []string{Planner, Executor, Operator}, Retention: 90 * day, Why: "who ordered what, for a quarter"},
	{Name: Graph, Key: "edge or link", Parting: ByFleet, Events: []string{"Edge", "Link", "Heartbeat", "Marker"}, Compacted: true,
		Writers: []string{Forecaster}, Readers: []string{Planner, Operator}, Why: "the last word on each dependency"},
	{Name: Forecasts, Key: "entity and resource", Parting: ByFleet, Events: []string{"Forecast", "Heartbeat", "Marker"}, Compacted: true,
		Writers: []string{Forecaster}, Readers: []string{Planner, Operator}, Why: "the last forecast of each series"},
	{Name: Scenarios, Key: "tick", Parting: ByFleet, Events: []string{"Evaluation", "Heartbeat", "Marker"},
		Writers: []string{Planner}, Readers: []string{Operator}, Retention: 30 * day, Why: "why a plan was made, for a month"},
	{Name: Plans, Key: "plan", Parting: ByFleet, Events: []string{"Plan", "Heartbeat", "Marker"},
		Writers: []string{Planner}, Readers: []string{Executor, Operator}, Retention: 90 * day, Why: "history of decisions, for a quarter"},
	{Name: Steps, Key: "plan", Parting: ByFleet, Events: []string{"Step", "Heartbeat", "Marker"},
		Writers: []string{Executor}, Readers: []string{Operator}, Retention: 90 * day, Why: "the executor's log: longer than any plan runs"},
	{Name: Outcomes, Key: "plan", Parting: ByFleet, Events: []string{"Outcome", "Heartbeat", "Marker"},
		Writers: []string{Executor}, Readers: []string{Planner, Operator}, Retention: 90 * day, Why: "as plans, which they end"},
	{Name: Reports, Key: "plan", Parting: ByFleet, Events: []string{"Report", "Beat"}, Broadcast: []string{"Beat"},
		Writers: []string{Executor}, Readers: []string{Executor, Operator}, Retention: 90 * day, Why: "as steps, which they are about"},
	{Name: Audit, Key: "object", Parting: ByFleet, Events: []string{"Audit"},
		Writers: []string{Ingest, Operator}, Readers: []string{Operator}, Retention: 400 * day, Why: "a year and a month, as auditors ask"},
	{Name: DeadLetters, Key: "origin", Parting: ByFleet, Events: []string{"DeadLetter"},
		Writers: []string{Ingest, Forecaster, Planner, Executor, Operator}, Readers: []string{Operator}, Retention: 30 * day, Why: "time to look and to replay"},
}
