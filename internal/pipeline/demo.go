package pipeline

import (
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/model"
	"drover/internal/simfleet"
)

// failUntil is when the demo fleet's cut-overs begin to work.
const failUntil = 4 * time.Minute

// SimulateDemo makes the executor play the demo fleet: moves take minutes, and
// in the first minutes the first cut-over of every plan fails, so that a
// roll-back is seen before anything succeeds.
func (c *Config) SimulateDemo(spec *simfleet.Spec) {
	world := simulator.DefaultConfig()
	world.Seed = spec.Seed
	world.Rules = []simulator.Rule{{Kind: model.StepCutOver, Move: 1, Until: spec.Start.Add(failUntil),
		Reason: "health check failed: connection refused"}}
	c.Simulate(world)
}
