package api

import "drover/internal/model"

// ServerUpdate is how the update of one server stands.
type ServerUpdate struct {
	Roll   string            `json:"roll" doc:"The update order, or the hook of announced ones: servers of a roll follow each other."`
	Server model.ServerID    `json:"server"`
	Hook   string            `json:"hook"`
	State  model.UpdateState `json:"state" enum:"waiting,draining,drained,updating,done,failed,missed"`
	Start  model.Instant     `json:"start,omitempty" doc:"Of the window that is meant now; it moves to where it costs least within what was ordered."`
	End    model.Instant     `json:"end,omitempty"`
	Plan   model.PlanID      `json:"plan,omitempty" doc:"That hands the server over."`
	Reason string            `json:"reason,omitempty" doc:"Why it waits, or what became of it."`
}

// UpdateOrder asks for servers to be updated one after the other: each is emptied,
// handed to the hook and taken back into use.
type UpdateOrder struct {
	Servers []model.ServerID `json:"servers"`
	Hook    string           `json:"hook" doc:"What is run on each; the executor's file of drivers says what it is."`
	AtOnce  int              `json:"at_once,omitempty" doc:"How many may be out of use together; 0: 1."`
	Start   model.Instant    `json:"start,omitempty" doc:"Not before; left out: now."`
	End     model.Instant    `json:"end,omitempty" doc:"All of them done by then; left out: a day after the start."`
	Seconds float64          `json:"duration_seconds,omitempty" doc:"How long one takes; left out: half an hour."`
	Comment string           `json:"comment,omitempty" doc:"Why; it goes into the audit log."`
	Key     string           `json:"key,omitempty" doc:"Idempotency key: the same order of the same person counts once."`
}

// Balance compares what a plan was expected to do with what happened. Promises and
// costs are those of the expected and the high-load future.
type Balance struct {
	Succeeded        int           `json:"succeeded" doc:"Moves."`
	Failed           int           `json:"failed"`
	ExpectedEnd      model.Instant `json:"expected_end,omitempty"`
	Ended            model.Instant `json:"ended"`
	PromisesBefore   int           `json:"promises_before" doc:"Broken without the plan, as foretold."`
	PromisesExpected int           `json:"promises_expected" doc:"Broken with the plan, as foretold."`
	PromisesHad      int           `json:"promises_had" doc:"Broken, as the first decision after it foretells."`
	CostBefore       float64       `json:"cost_before"`
	CostExpected     float64       `json:"cost_expected"`
	CostHad          float64       `json:"cost_had"`
}

// Stage is what is foreseen to be moved before, or at the beginning of, a later
// period; it is decided anew when its time has come.
type Stage struct {
	Period           int           `json:"period" doc:"From 0, the one that began with the decision."`
	At               model.Instant `json:"at"`
	Moves            []StagedMove  `json:"moves"`
	ViolationsBefore int           `json:"violations_before"`
	ViolationsAfter  int           `json:"violations_after"`
	Saved            float64       `json:"saved" doc:"Beyond the cost of its moves."`
	Reason           string        `json:"reason"`
}

// StagedMove is one move of a stage.
type StagedMove struct {
	Replica model.ReplicaID `json:"replica"`
	From    model.ServerID  `json:"from"`
	To      model.ServerID  `json:"to"`
	Reason  string          `json:"reason"`
}
