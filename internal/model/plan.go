package model

import "time"

// Placement says which server every replica runs on.
type Placement map[ReplicaID]ServerID

// Clone returns a copy.
func (p Placement) Clone() Placement {
	q := make(Placement, len(p))
	for r, s := range p {
		q[r] = s
	}
	return q
}

// SLOKind names one promise of an SLO.
type SLOKind string

// The promises that are checked.
const (
	SLOResponse     SLOKind = "response"
	SLOAvailability SLOKind = "availability"
	SLOHeadroom     SLOKind = "headroom"
	SLOCapacity     SLOKind = "capacity" // demand fits the server
	SLOSpread       SLOKind = "spread"   // zones and anti-affinity
)

// Margin is how far an application is from breaking one promise in one
// scenario: MarginPPM is positive where it holds, relative to the limit.
type Margin struct {
	Application ApplicationID
	Kind        SLOKind
	Server      ServerID // the server that is tightest, where one is
	MarginPPM   int64
	// Value and Limit are in the promise's own unit (microseconds, ppm, ...).
	Value, Limit int64
	// Valid is false where no formula covers the case (overload); it then counts
	// as violated.
	Valid bool
}

// ScenarioKind says what a what-if future assumes.
type ScenarioKind string

// The kinds of scenarios.
const (
	ScenarioStatusQuo   ScenarioKind = "status-quo"
	ScenarioExpected    ScenarioKind = "expected"
	ScenarioHighLoad    ScenarioKind = "high-load"
	ScenarioPath        ScenarioKind = "path"
	ScenarioCampaign    ScenarioKind = "campaign"
	ScenarioMaintenance ScenarioKind = "maintenance"
	ScenarioServerLost  ScenarioKind = "server-lost"
	ScenarioZoneLost    ScenarioKind = "zone-lost"
	ScenarioSlowLink    ScenarioKind = "slow-link"
	ScenarioGrowth      ScenarioKind = "growth"
	ScenarioUser        ScenarioKind = "user"
)

// ScenarioResult is one evaluated future: before and after the plan.
type ScenarioResult struct {
	Name   string
	Kind   ScenarioKind
	Weight float64
	// ViolationsBefore and After count broken promises over all periods.
	ViolationsBefore, ViolationsAfter int
	CostBefore, CostAfter             int64
	// Worst holds the tightest margins after the plan, worst first.
	Worst []Margin
}

// Evaluation is the record of one planning tick on the scenarios topic.
type Evaluation struct {
	Fleet     FleetID
	Tick      Instant
	PlanID    PlanID // empty: nothing to do
	Decision  string // "plan", "hold", "none"
	Reason    string
	Scenarios []ScenarioResult
	Dropped   []string // scenarios left out by the reduction, with the reason
	Inputs    []InputOffset
	Code      string // version of the code that decided
	// Demands are the estimated service demands that the decision was taken with, by
	// application; those that state their own are left out.
	Demands []ServiceDemand
	// Balances hold what became of the plans that have ended since the decision
	// before.
	Balances []PlanBalance
	// Updates is how the announced and ordered server updates stand.
	Updates []ServerUpdate
	// Stages are the moves foreseen for later periods, in order; each is decided
	// anew when its time has come.
	Stages []Stage
}

// Stage is what is to be moved before, or at the beginning of, a later period.
type Stage struct {
	// Period counts from 0, the one that began with the tick.
	Period int
	At     Instant // the moves begin
	Moves  []StagedMove
	// ViolationsBefore and After are over the futures and the periods from At on,
	// without and with the stage; SavedMicros is what it saves beyond its moves.
	ViolationsBefore, ViolationsAfter int
	SavedMicros                       int64
	Reason                            string
}

// StagedMove is one replica's move in a stage.
type StagedMove struct {
	Replica  ReplicaID
	From, To ServerID
	Reason   string
}

// UpdateState is where the update of a server stands.
type UpdateState string

// The states of a server update.
const (
	UpdateWaiting  UpdateState = "waiting"  // for its time or its turn
	UpdateDraining UpdateState = "draining" // replicas are moved away
	UpdateDrained  UpdateState = "drained"  // empty, about to be handed over
	UpdateRunning  UpdateState = "updating" // handed to the hook
	UpdateDone     UpdateState = "done"
	UpdateFailed   UpdateState = "failed"
	UpdateMissed   UpdateState = "missed" // its window passed, or was too short, before it was begun
)

// Ended tells whether nothing more is done about the update.
func (s UpdateState) Ended() bool {
	return s == UpdateDone || s == UpdateFailed || s == UpdateMissed
}

// ServerUpdate is how the update of one server stands.
type ServerUpdate struct {
	Roll        string
	Maintenance string
	Server      ServerID
	Hook        string
	State       UpdateState
	// Start and End are the window that is meant now.
	Start, End Instant
	Plan       PlanID // that hands the server over
	Reason     string // why it waits or what became of it
}

// PlanBalance compares what a plan was expected to do with what happened. Promises
// and cost are those of the expected and the high-load future.
type PlanBalance struct {
	Plan                     PlanID
	State                    PlanState // in which it ended
	Moves, Succeeded, Failed int
	// ExpectedEnd was foretold, Ended is when it was over.
	ExpectedEnd, Ended Instant
	// PromisesBefore and Expected are broken promises without and with the plan, as
	// foretold; PromisesHad those that the first decision afterwards foretells.
	PromisesBefore, PromisesExpected, PromisesHad int
	// CostBefore, Expected and Had are the same of the cost over the horizon, micros.
	CostBefore, CostExpected, CostHad int64
}

// ServiceDemand is the CPU time that one call costs an application, estimated
// from its usage and the calls it gets.
type ServiceDemand struct {
	Application         ApplicationID
	Micros, ErrorMicros float64 // for each call, and the standard error
	BaseMilli           float64 // millicores used without any call
	Samples             int
}

// InputOffset says how far one input partition had been read for a decision:
// Offset is the first record not used.
type InputOffset struct {
	Topic     string
	Partition int32
	Offset    int64
}

// PlanState is where a plan stands.
type PlanState string

// The states of a plan.
const (
	PlanProposed   PlanState = "proposed"
	PlanApproved   PlanState = "approved"
	PlanScheduled  PlanState = "scheduled"
	PlanRunning    PlanState = "running"
	PlanSucceeded  PlanState = "succeeded"
	PlanRolledBack PlanState = "rolled-back"
	PlanParked     PlanState = "parked" // needs a person
	PlanSuperseded PlanState = "superseded"
	PlanExpired    PlanState = "expired"
	PlanRejected   PlanState = "rejected"
	// PlanStopped ended early and on purpose; completed moves stay where they are.
	PlanStopped PlanState = "stopped"
)

// Ended tells whether the state is final.
func (s PlanState) Ended() bool {
	switch s {
	case PlanSucceeded, PlanRolledBack, PlanParked, PlanSuperseded, PlanExpired, PlanRejected, PlanStopped:
		return true
	}
	return false
}

// Move takes one replica from a server to another.
type Move struct {
	Index       int // place in the plan, from 0
	Replica     ReplicaID
	Application ApplicationID
	From, To    ServerID
	Wave        int // waves run in order; moves of a wave may run together
	// After lists moves (by index) that must have ended before this one starts.
	After          []int
	Demand         Vector // what the target must hold
	DataBytes      int64
	EarliestStart  Instant
	LatestStart    Instant
	ExpectDuration time.Duration
	// BandwidthBytesPerSecond limits the copy; 0: the driver's own limit.
	BandwidthBytesPerSecond int64
	Driver                  string
	// ReverseAfterPivot declares that a failure after the cut-over moves the
	// replica back; otherwise recovery goes forward.
	ReverseAfterPivot bool
	Reason            string
	// ExpectSaturationPPM is the use of the target's scarcest resource that is
	// forecast with the replica on it, the most in any future that has to be met;
	// ExpectResponseMicros what its application has to answer within. 0: unknown.
	ExpectSaturationPPM, ExpectResponseMicros int64
}

// Plan is a phased migration.
type Plan struct {
	Fleet         FleetID
	ID            PlanID
	Tick          Instant
	State         PlanState
	Moves         []Move
	Waves         int
	Deadline      Instant // the peak or window it has to be ready for; 0: none
	Reason        string
	NeedsApproval bool
	DryRun        bool
	// ViolationsBefore and After, and the costs, are summed over the scenarios.
	ViolationsBefore, ViolationsAfter int
	CostBefore, CostAfter             int64
	ConfidencePPM                     int64
	Supersedes                        PlanID
	// Update, where set, is the server update that this plan serves.
	UpdateServer ServerID
	UpdateHook   string
	UpdateID     string // the maintenance that asked for it
	// KeepCompleted declares that a failed move undoes only itself; otherwise the
	// plan's completed moves are moved back.
	KeepCompleted bool
	Inputs        []InputOffset
	Code          string
	// Dropped are moves that are not to be begun any more: the plan told again
	// while it runs, amended.
	Dropped []DroppedMove
	// ServesUntil is how long the placement is meant to last where none serves the
	// whole horizon; zero: the whole horizon.
	ServesUntil Instant
}

// Again tells that the record is of a plan known already: it is to be stopped or
// taken back, or moves of it are dropped.
func (p *Plan) Again() bool {
	return p.State == PlanSuperseded || p.State == PlanRolledBack || len(p.Dropped) > 0
}

// DroppedMove is a move that has become wrong before it was begun.
type DroppedMove struct {
	Index  int
	Reason string
}
