package api

import "drover/internal/model"

// EvaluationRow is a decision in a list.
type EvaluationRow struct {
	Tick     model.Instant `json:"tick"`
	Decision string        `json:"decision" enum:"plan,hold,none"`
	Plan     model.PlanID  `json:"plan,omitempty"`
	Reason   string        `json:"reason"`
}

// Evaluation is a decision with the futures it was taken on.
type Evaluation struct {
	EvaluationRow
	Scenarios []Scenario    `json:"scenarios"`
	Dropped   []string      `json:"dropped" doc:"Futures left out, with the reason."`
	Inputs    []InputOffset `json:"inputs" doc:"How far every input was read."`
	Code      string        `json:"code" doc:"Version of the code that decided."`
	Stages    []Stage       `json:"stages" doc:"What is foreseen to be moved before later periods."`
}

// InputOffset says how far one input had been read.
type InputOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Scenario is one future, before and after the plan. Costs are money.
type Scenario struct {
	Name             string             `json:"name"`
	Kind             model.ScenarioKind `json:"kind"`
	Weight           float64            `json:"weight"`
	ViolationsBefore int                `json:"violations_before"`
	ViolationsAfter  int                `json:"violations_after"`
	CostBefore       float64            `json:"cost_before"`
	CostAfter        float64            `json:"cost_after"`
	Worst            []Margin           `json:"worst" doc:"The tightest margins after the plan, worst first."`
}

// PlanRow is a plan in a list.
type PlanRow struct {
	ID               model.PlanID  `json:"id"`
	Tick             model.Instant `json:"tick"`
	State            string        `json:"state" enum:"proposed,approved,scheduled,running,succeeded,rolled-back,parked,superseded,expired,rejected,stopped"`
	Waiting          bool          `json:"waiting" doc:"A person has to decide on it."`
	Paused           bool          `json:"paused"`
	Killed           bool          `json:"killed"`
	Reason           string        `json:"reason"`
	Ending           string        `json:"ending,omitempty" doc:"Why it stands as it does."`
	Moves            int           `json:"moves"`
	Moved            int           `json:"moved"`
	RolledBack       int           `json:"rolled_back"`
	Failed           int           `json:"parked"`
	Waves            int           `json:"waves"`
	ApprovedWaves    int           `json:"approved_waves" doc:"-1: all."`
	Deadline         model.Instant `json:"deadline,omitempty"`
	Started          model.Instant `json:"started,omitempty"`
	Ended            model.Instant `json:"ended,omitempty"`
	ViolationsBefore int           `json:"violations_before"`
	ViolationsAfter  int           `json:"violations_after"`
	CostBefore       float64       `json:"cost_before"`
	CostAfter        float64       `json:"cost_after"`
	Confidence       float64       `json:"confidence" doc:"0 to 1."`
	DryRun           bool          `json:"dry_run"`
}

// Plan is a plan with its moves.
type Plan struct {
	PlanRow
	Steps        []Move         `json:"steps" doc:"The moves, by index."`
	NeedsApprove bool           `json:"needs_approval"`
	Supersedes   model.PlanID   `json:"supersedes,omitempty"`
	UpdateServer model.ServerID `json:"update_server,omitempty"`
	UpdateHook   string         `json:"update_hook,omitempty"`
	Left         []string       `json:"left" doc:"What a person has to do."`
	Orders       []OrderGiven   `json:"orders"`
	Evaluation   *Evaluation    `json:"evaluation,omitempty" doc:"The decision it came from."`
	ServesUntil  model.Instant  `json:"serves_until,omitempty" doc:"Where no placement serves the whole horizon: how long this one does."`
	Balance      *Balance       `json:"balance,omitempty" doc:"What really happened, once the first decision after its end has been taken."`
}

// Move is one replica's way from a server to another.
type Move struct {
	Index       int                 `json:"index"`
	Replica     model.ReplicaID     `json:"replica"`
	Application model.ApplicationID `json:"application"`
	From        model.ServerID      `json:"from"`
	To          model.ServerID      `json:"to"`
	Wave        int                 `json:"wave"`
	After       []int               `json:"after,omitempty"`
	Demand      Amounts             `json:"demand"`
	DataBytes   int64               `json:"data_bytes"`
	Earliest    model.Instant       `json:"earliest_start,omitempty"`
	Latest      model.Instant       `json:"latest_start,omitempty"`
	Expect      float64             `json:"expect_seconds"`
	Driver      string              `json:"driver,omitempty"`
	Reason      string              `json:"reason"`
	State       string              `json:"state" doc:"waiting, running, undoing, succeeded, rolled-back, parked, dropped or never begun."`
	Step        string              `json:"step,omitempty" doc:"The last step heard of."`
	Progress    float64             `json:"progress,omitempty" doc:"How far it is, 0 to 1; told of executions."`
	Copy        *Copy               `json:"copy,omitempty" doc:"How far its copy is, while it is made; told of executions."`
	Ending      string              `json:"ending,omitempty"`
	Left        []string            `json:"left,omitempty"`
}

// Copy is how far a copy of data has come.
type Copy struct {
	DoneBytes      int64   `json:"done_bytes"`
	TotalBytes     int64   `json:"total_bytes"`
	BytesPerSecond int64   `json:"bytes_per_second" doc:"Of late; 0: unknown."`
	SecondsLeft    float64 `json:"seconds_left" doc:"At that rate; 0: unknown."`
}

// OrderGiven is an order that somebody gave for a plan.
type OrderGiven struct {
	At      model.Instant     `json:"at"`
	Kind    model.ControlKind `json:"kind"`
	By      string            `json:"by"`
	Wave    int               `json:"waves,omitempty"`
	Mode    model.StopMode    `json:"mode,omitempty"`
	Comment string            `json:"comment,omitempty"`
}

// ExecutionRow is an execution in a list.
type ExecutionRow struct {
	PlanRow
	DataBytes int64   `json:"data_bytes" doc:"To be copied in all."`
	DoneBytes int64   `json:"done_bytes" doc:"Of copies that are complete."`
	Progress  float64 `json:"progress" doc:"Share of the steps that are done, 0 to 1."`
	Undoing   bool    `json:"undoing" doc:"Compensations are under way or done."`
}

// Execution is everything that was done for a plan.
type Execution struct {
	ExecutionRow
	Now   model.Instant `json:"now"`
	Copy  *Copy         `json:"copy,omitempty" doc:"How far the plan's data are, while some are copied."`
	Rows  []Move        `json:"rows"`
	Steps []Step        `json:"steps" doc:"Every command, in order."`
	Left  []string      `json:"left"`
}

// Step is one command with its outcome.
type Step struct {
	ID           model.StepID   `json:"id"`
	Move         int            `json:"move" doc:"-1: of the whole plan."`
	Kind         model.StepKind `json:"kind"`
	Compensation bool           `json:"compensation"`
	Reverse      bool           `json:"reverse" doc:"On the way back."`
	Attempt      int            `json:"attempt"`
	State        string         `json:"state" enum:"running,done,failed"`
	Started      model.Instant  `json:"started"`
	Ended        model.Instant  `json:"ended,omitempty"`
	Deadline     model.Instant  `json:"deadline,omitempty"`
	Reason       string         `json:"reason,omitempty"`
}

// Order is what comes with an order.
type Order struct {
	Comment string         `json:"comment,omitempty" doc:"Why; it goes into the audit log."`
	Waves   int            `json:"waves,omitempty" doc:"approve: so many waves from the first; 0: all."`
	Mode    model.StopMode `json:"mode,omitempty" enum:"finish,compensate,leave" doc:"stop: what becomes of moves under way; finish where it is left out."`
	Key     string         `json:"key,omitempty" doc:"Idempotency key: the same order of the same person counts once."`
}

// Ordered is an order that has been taken; it acts when it comes by in the log.
type Ordered struct {
	ID    string            `json:"id"`
	Kind  model.ControlKind `json:"kind"`
	Fleet model.FleetID     `json:"fleet"`
	Plan  model.PlanID      `json:"plan,omitempty"`
	By    string            `json:"by"`
	At    model.Instant     `json:"at" doc:"Event time that it is dated."`
	State string            `json:"state" doc:"How the plan or fleet stood before."`
}

// WhatIf is a question; its texts are those of drover whatif's flags.
type WhatIf struct {
	Drain    []string `json:"drain,omitempty" doc:"Servers to empty."`
	Server   []string `json:"server,omitempty" doc:"like:ID: one more server of the kind that ID is, in every future."`
	Load     []string `json:"load,omitempty" doc:"APP=+40%; all=+10% for every application."`
	Lose     []string `json:"lose,omitempty" doc:"server:ID, rack:NAME or zone:NAME."`
	Slow     []string `json:"slow,omitempty" doc:"A:B=3x: two servers or two zones."`
	Growth   string   `json:"growth,omitempty" doc:"10%: of all load."`
	At       string   `json:"at,omitempty" doc:"18:00, or a full time within the horizon."`
	Quantile float64  `json:"quantile,omitempty" doc:"Level of the forecasts within (0,1)."`
	// Evaluations is the solver's budget.
	Evaluations int64 `json:"evaluations,omitempty" doc:"The solver's budget (at most 1000000; default 100000)."`
}

// WhatIfAnswer is what would happen, and what Drover would do.
type WhatIfAnswer struct {
	Evaluation Evaluation `json:"evaluation"`
	Plan       *Plan      `json:"plan" doc:"The plan that would be proposed; null: none."`
	// Without is the answer without the servers that were asked for.
	Without *Evaluation `json:"without,omitempty" doc:"The same without the servers that were asked for."`
}
