package model

import "time"

// StepKind is one action of a move, in the order of the saga.
type StepKind string

// The steps of a move; CutOver is the pivot.
const (
	StepAdmit     StepKind = "admit"
	StepProvision StepKind = "provision"
	StepReplicate StepKind = "replicate"
	StepCatchUp   StepKind = "catch-up"
	StepCutOver   StepKind = "cut-over"
	StepWatch     StepKind = "watch"
	StepRetire    StepKind = "retire"
	// StepUpdate runs a server's update hook.
	StepUpdate StepKind = "update"

	// The compensations, in reverse order of what they undo.
	StepReverseCutOver   StepKind = "reverse-cut-over"
	StepStopCatchUp      StepKind = "stop-catch-up"
	StepDiscardReplica   StepKind = "discard-replica"
	StepDeprovision      StepKind = "deprovision"
	StepReleaseAdmission StepKind = "release-admission"
)

// StepPhase says which record of a step this is.
type StepPhase string

// The phases of a step, as recorded.
const (
	PhaseIntent StepPhase = "intent" // written before acting
	PhaseDone   StepPhase = "done"
	PhaseFailed StepPhase = "failed"
	// PhaseResume is the intent of a new owner to see a command through that an
	// earlier one had begun, under the same identity and with a new deadline.
	PhaseResume StepPhase = "resume"
	// PhaseLimit changes how fast the copy of a command under way may be.
	PhaseLimit StepPhase = "limit"
)

// Step is one record of the executor's write-ahead log.
type Step struct {
	Fleet        FleetID
	ID           StepID // idempotency key of the command
	Plan         PlanID
	MoveIndex    int
	Kind         StepKind
	Phase        StepPhase
	Compensation bool
	Attempt      int
	At           Instant
	Deadline     Instant
	// Epoch is the owner's; agents and targets refuse an older one.
	Epoch  int64
	Reason string
	// Lost is, for a resumed command, when the earlier owner's deadline ends:
	// until then it may still act where it can't be refused.
	Lost Instant
	// BytesPerSecond bounds the command's copy; 0: no bound.
	BytesPerSecond int64
}

// OutcomeKind says what an outcome is about.
type OutcomeKind string

// The kinds of outcomes that the executor publishes.
const (
	OutcomeStep OutcomeKind = "step"
	OutcomeMove OutcomeKind = "move"
	OutcomePlan OutcomeKind = "plan"
	// OutcomeProgress tells how far the copy of a move, or of all moves of a plan
	// (MoveIndex PlanMove), has come.
	OutcomeProgress OutcomeKind = "progress"
)

// Outcome tells the planner and other readers what has happened.
type Outcome struct {
	Fleet     FleetID
	Kind      OutcomeKind
	Plan      PlanID
	MoveIndex int // -1 for a plan's outcome
	Replica   ReplicaID
	// Server is where the replica runs after this outcome.
	Server ServerID
	Step   StepKind
	State  PlanState // for plans; for moves succeeded, rolled-back or parked
	OK     bool
	At     Instant
	Reason string
	// Left names what a person has to do, where parked.
	Left []string
	// Progress is set for OutcomeProgress.
	Progress Progress
}

// ControlKind is an order given by a person or a script.
type ControlKind string

// The orders.
const (
	ControlApprove ControlKind = "approve"
	ControlReject  ControlKind = "reject"
	ControlPause   ControlKind = "pause"
	ControlResume  ControlKind = "resume"
	ControlStop    ControlKind = "stop"
	ControlKill    ControlKind = "kill" // the fleet's kill switch: nothing new starts
	ControlRevive  ControlKind = "revive"
	ControlDrain   ControlKind = "drain"
	// ControlLimit sets the fleet's limits: how many moves at once, how fast each
	// may copy, and when moves may begin.
	ControlLimit ControlKind = "limit"
	// ControlUpdate asks for servers to be updated one after the other (see
	// Maintenance.Hook); the order's identity names the roll.
	ControlUpdate ControlKind = "update"
	// ControlUpdateCancel ends a roll: what has not begun is not done, and a server
	// whose update failed comes back into use. ControlUpdateRetry lets a roll that a
	// failure has stopped go on, with the failed server first.
	ControlUpdateCancel ControlKind = "update-cancel"
	ControlUpdateRetry  ControlKind = "update-retry"
	// ControlSilent says that a producer has been silent for too long and leaves
	// the watermark.
	ControlSilent ControlKind = "silent"
)

// StopMode says what a stop does with moves in flight.
type StopMode string

// The ways to stop.
const (
	StopFinish     StopMode = "finish"     // finish moves in flight, start no more
	StopCompensate StopMode = "compensate" // undo the whole plan
	StopLeave      StopMode = "leave"      // leave everything as it is
)

// Control is one order.
type Control struct {
	Fleet    FleetID
	ID       string
	Kind     ControlKind
	Plan     PlanID // empty: the whole fleet
	Wave     int    // approve so many waves, counted from the first; 0: all
	Server   ServerID
	Producer string // ControlSilent: who fell silent
	Mode     StopMode
	By       string
	Comment  string
	At       Instant
	// Moves is how many moves may be under way at once, BytesPerSecond how fast
	// each may copy (ControlLimit); 0: as it is, negative: as configured.
	Moves          int
	BytesPerSecond int64
	// Windows are when moves may begin (ControlLimit), for example "mon-fri
	// 22:00-06:00", UTC; empty: as it is, "always" and "configured" are understood.
	Windows []string
	// Servers are to be updated by Hook within EarliestStart and LatestEnd, each for
	// Duration, AtOnce of them together (ControlUpdate).
	Servers                  []ServerID
	Hook                     string
	Duration                 time.Duration
	EarliestStart, LatestEnd Instant
	AtOnce                   int
	// Roll is the order that is meant (ControlUpdateCancel, ControlUpdateRetry).
	Roll string
}

// Audit is one change with who made it.
type Audit struct {
	Fleet  FleetID
	At     Instant
	Actor  string
	Action string
	Object string
	Before string
	After  string
}

// DeadLetter is a record that could not be read, whole.
type DeadLetter struct {
	Topic     string
	Partition int32
	Offset    int64
	At        Instant
	Stage     string
	// Class is a short stable word for the reason: "decode", "schema", "value",
	// "future", "partition", "size", "unknown-entity".
	Class   string
	Message string
	Key     []byte
	Value   []byte
	Headers map[string][]byte
}
