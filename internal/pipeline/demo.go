package pipeline

import (
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/model"
	"drover/internal/simfleet"
)

// The demo fleet's cut-overs begin to work after failUntil; where a person has
// to approve every plan first, after failUntilApproved.
const (
	failUntil         = 4 * time.Minute
	failUntilApproved = 25 * time.Minute
)

// SimulateDemo makes the executor play the demo fleet: moves take minutes, and
// in the first minutes the first cut-over of every plan fails, so that a
// roll-back is seen before anything succeeds. approval tells that plans wait for
// a person.
func (c *Config) SimulateDemo(spec *simfleet.Spec, approval bool) {
	until := failUntil
	if approval {
		until = failUntilApproved
	}
	world := simulator.DefaultConfig()
	world.Seed = spec.Seed
	world.Rules = []simulator.Rule{{Kind: model.StepCutOver, Move: 1, Until: spec.Start.Add(until),
		Reason: "health check failed: connection refused"}}
	c.Simulate(world)
}
