package api

import (
	"drover/internal/model"
	"drover/internal/web/access"
)

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"How many there are in all."`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// Me is who asks.
type Me struct {
	Name   string          `json:"name"`
	Role   access.Role     `json:"role" enum:"viewer,operator,approver,admin"`
	Fleets []model.FleetID `json:"fleets" doc:"Fleets that may be seen; empty: all."`
	Means  string          `json:"means" enum:"loopback,token,certificate,oidc" doc:"How you proved it."`
	// Version is the server's.
	Version string `json:"version"`
}

// Fleet is a fleet in short.
type Fleet struct {
	ID           model.FleetID `json:"id"`
	Now          model.Instant `json:"now" doc:"Event time up to which something is known."`
	Servers      int           `json:"servers"`
	Applications int           `json:"applications"`
	Replicas     int           `json:"replicas"`
	Dependencies int           `json:"dependencies"`
	Links        int           `json:"links"`
	Forecasts    int           `json:"forecasts" doc:"Series that are forecast."`
	Trusted      int           `json:"trusted" doc:"Of these, the ones that do better than seasonal naive."`
	Waiting      int           `json:"plans_waiting" doc:"Plans that a person has to decide on."`
	Running      int           `json:"plans_running"`
	Parked       int           `json:"plans_parked" doc:"Plans that need a person."`
	DeadLetters  int           `json:"dead_letters"`
	Paused       bool          `json:"paused"`
	Killed       bool          `json:"killed" doc:"The kill switch is on: no command is given."`
	// HistoryFrom is the earliest time that can be gone back to.
	HistoryFrom model.Instant  `json:"history_from"`
	HorizonTo   model.Instant  `json:"horizon_to" doc:"How far the forecasts reach."`
	Decision    *EvaluationRow `json:"decision,omitempty" doc:"The last decision."`
	Versions    map[string]int `json:"versions" doc:"Versions of the fleet's sections."`
}

// Amounts is an amount of every resource.
type Amounts struct {
	CPUMilli      int64 `json:"cpu_millicores"`
	MemoryBytes   int64 `json:"memory_bytes"`
	ReceiveBytes  int64 `json:"receive_bytes_per_second"`
	TransmitBytes int64 `json:"transmit_bytes_per_second"`
	DiskBytes     int64 `json:"disk_bytes"`
}

// Host is one server, now and ahead.
type Host struct {
	ID            model.ServerID    `json:"id"`
	Zone          string            `json:"zone"`
	Rack          string            `json:"rack"`
	Labels        map[string]string `json:"labels,omitempty"`
	Capacity      Amounts           `json:"capacity"`
	SafetyPercent float64           `json:"safety_percent" doc:"Share of CPU above which it is tight."`
	Unschedulable bool              `json:"unschedulable"`
	Drained       bool              `json:"drained" doc:"A person asked to empty it."`
	Replicas      []model.ReplicaID `json:"replicas"`
	CPUPercent    float64           `json:"cpu_percent" doc:"Measured; -1: unknown."`
	MemoryPercent float64           `json:"memory_percent" doc:"Measured; -1: unknown."`
	Ahead         *Tight            `json:"ahead,omitempty" doc:"The tightest time within the horizon."`
}

// Tight says when a server is tightest, how much, and how sure that is.
type Tight struct {
	Server      model.ServerID `json:"server"`
	Zone        string         `json:"zone"`
	Resource    string         `json:"resource" enum:"cpu,memory"`
	At          model.Instant  `json:"at" doc:"When it is tightest."`
	From        model.Instant  `json:"from" doc:"When it first passes its safe share at the 0.95 quantile; the same as at where it doesn't."`
	Percent     float64        `json:"percent" doc:"The median of what is expected at that time."`
	HighPercent float64        `json:"high_percent" doc:"The 0.95 quantile at that time."`
	SafePercent float64        `json:"safe_percent"`
	Chance      float64        `json:"chance" doc:"Chance of passing the safe share at that time, 0 to 1, with loads rising together."`
	Trusted     bool           `json:"trusted" doc:"Every forecast in it is trusted."`
}

// Promise is what an application's service level objective says.
type Promise struct {
	ResponseQuantile float64 `json:"response_quantile,omitempty"`
	ResponseMillis   float64 `json:"response_ms,omitempty"`
	Availability     float64 `json:"availability,omitempty"`
	Headroom         float64 `json:"headroom,omitempty"`
}

// ApplicationRow is one application in a list.
type ApplicationRow struct {
	ID       model.ApplicationID `json:"id"`
	Group    string              `json:"group" doc:"Its namespace."`
	Replicas int                 `json:"replicas"`
	Servers  []model.ServerID    `json:"servers" doc:"Where its replicas run, by index; empty: unknown."`
	Zones    []string            `json:"zones"`
	Stateful bool                `json:"stateful"`
	Promise  Promise             `json:"promise"`
	Tightest *Margin             `json:"tightest,omitempty"`
}

// Application is one application with its neighbours.
type Application struct {
	ApplicationRow
	Request     Amounts               `json:"request" doc:"What one replica asks for."`
	DataBytes   int64                 `json:"data_bytes" doc:"What is copied when a replica moves."`
	Labels      map[string]string     `json:"labels,omitempty"`
	Demand      *Demand               `json:"demand,omitempty" doc:"What a call costs; left out while it is unknown."`
	Margins     []Margin              `json:"margins"`
	Callers     []Edge                `json:"callers"`
	Callees     []Edge                `json:"callees"`
	BlastRadius []model.ApplicationID `json:"blast_radius" doc:"Everything that calls it, directly or not."`
}

// Demand is the CPU time that one call costs an application.
type Demand struct {
	Millis      float64 `json:"ms" doc:"CPU milliseconds for each call."`
	ErrorMillis float64 `json:"error_ms" doc:"Standard error; 0 where it is stated."`
	BaseMilli   float64 `json:"base_millicores" doc:"Used without any call."`
	Samples     int     `json:"samples"`
	Stated      bool    `json:"stated" doc:"By the application's metadata; otherwise estimated from usage and calls."`
}

// Edge is one dependency: caller -> callee.
type Edge struct {
	Caller          model.ApplicationID `json:"caller"`
	Callee          model.ApplicationID `json:"callee"`
	CallsPerSecond  float64             `json:"calls_per_second"`
	ErrorsPerSecond float64             `json:"errors_per_second"`
	BytesPerSecond  float64             `json:"bytes_per_second"`
	P50Millis       float64             `json:"p50_ms"`
	P95Millis       float64             `json:"p95_ms"`
	Origins         []string            `json:"origins" doc:"declared, observed, inferred."`
	Confidence      float64             `json:"confidence"`
	FirstSeen       model.Instant       `json:"first_seen"`
	LastSeen        model.Instant       `json:"last_seen"`
}

// Link is the way between two servers.
type Link struct {
	From      model.ServerID `json:"from"`
	To        model.ServerID `json:"to"`
	RTTMillis float64        `json:"rtt_ms" doc:"Median round trip."`
	RTTError  float64        `json:"rtt_error_ms" doc:"Half width of the 80 % interval."`
	Loss      float64        `json:"loss" doc:"0 to 1."`
	Bandwidth int64          `json:"bandwidth_bytes_per_second" doc:"0: unknown."`
	Measured  bool           `json:"measured" doc:"False: estimated by coordinates."`
	At        model.Instant  `json:"at"`
}

// Margin is how far a promise is from being broken in one future.
type Margin struct {
	Scenario    string              `json:"scenario"`
	Application model.ApplicationID `json:"application"`
	Kind        model.SLOKind       `json:"kind"`
	Server      model.ServerID      `json:"server,omitempty"`
	Margin      float64             `json:"margin" doc:"Relative to the limit; negative: broken."`
	Value       int64               `json:"value" doc:"In the promise's own unit."`
	Limit       int64               `json:"limit"`
	Valid       bool                `json:"valid" doc:"False: overload, for which no formula holds; it counts as broken."`
}

// Event is something dated.
type Event struct {
	ID           string                `json:"id"`
	Kind         string                `json:"kind"`
	Name         string                `json:"name"`
	Start        model.Instant         `json:"start"`
	End          model.Instant         `json:"end"`
	Uplift       float64               `json:"uplift" doc:"Stated change of load (0.25 = +25 %); 0: unknown."`
	Applications []model.ApplicationID `json:"applications,omitempty"`
	Server       model.ServerID        `json:"server,omitempty" doc:"Of a maintenance."`
}

// Line is one thing that happened.
type Line struct {
	Seq  uint64        `json:"seq"`
	At   model.Instant `json:"at"`
	Kind string        `json:"kind"`
	Plan model.PlanID  `json:"plan,omitempty"`
	Text string        `json:"text"`
}

// DeadLetter is a record that could not be read.
type DeadLetter struct {
	ID        string            `json:"id" doc:"topic/partition/offset of the record."`
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	At        model.Instant     `json:"at"`
	Stage     string            `json:"stage" doc:"Who refused it."`
	Class     string            `json:"class"`
	Message   string            `json:"message"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers,omitempty"`
	Value     []byte            `json:"value" doc:"The record's bytes, base64; the first 4 KB."`
	Bytes     int               `json:"bytes" doc:"How long the value is."`
	Cut       bool              `json:"cut" doc:"The value is longer than what is shown."`
}

// LetterOrder says which dead letters are dealt with, and why.
type LetterOrder struct {
	IDs     []string `json:"ids" doc:"Up to 100, as listed."`
	Comment string   `json:"comment,omitempty" doc:"Why; it goes into the audit log."`
}

// LettersDone are the dead letters that have been dealt with.
type LettersDone struct {
	Fleet  model.FleetID `json:"fleet"`
	Action string        `json:"action" enum:"replay,drop"`
	IDs    []string      `json:"ids"`
	By     string        `json:"by"`
	At     model.Instant `json:"at" doc:"Event time that it is dated."`
}

// Audit is one change.
type Audit struct {
	At     model.Instant `json:"at"`
	Actor  string        `json:"actor"`
	Action string        `json:"action"`
	Object string        `json:"object"`
	Before string        `json:"before"`
	After  string        `json:"after"`
}
