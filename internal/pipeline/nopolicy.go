package pipeline

import (
	"drover/internal/model"
	"drover/internal/scenario"
)

// NoPolicy watches and plans nothing: for fleets that only want forecasts.
type NoPolicy struct{}

// Decide implements planner.Policy.
func (NoPolicy) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	return model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Decision: "none", Reason: "this fleet is only watched", Inputs: v.Inputs}, nil, nil
}

// AppendSnapshot implements planner.Policy.
func (NoPolicy) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }

// Restore implements planner.Policy.
func (NoPolicy) Restore([]byte) error { return nil }
