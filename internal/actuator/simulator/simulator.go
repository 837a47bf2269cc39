// Package simulator performs steps in event time without doing anything: it
// says how long a command would have taken and whether it would have failed.
//
// The answer depends on the seed and the step's identity only, so it is the same
// live and replayed, and no clock is needed. Failures are injected by rules.
package simulator

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"drover/internal/model"
)

// Rule injects failures. A step fails where every field that is set agrees.
type Rule struct {
	Kind    model.StepKind
	Replica model.ReplicaID
	// Move is the place of the move in its plan, counted from 1; 0: any.
	Move int
	// EveryPlan picks one plan of so many, by its identity; 0 or 1: every plan.
	EveryPlan int
	// Attempts is how many tries fail before one succeeds; 0: all of them.
	Attempts int
	// Until ends the rule: steps from then on succeed; 0: never.
	Until model.Instant
	// Reverse picks the way back instead of the way there.
	Reverse bool
	Reason  string // what the failure says; empty: "injected"
}

// Config says how the simulated world behaves.
type Config struct {
	Seed uint64
	// BytesPerSecond is how fast data is copied where the move sets no bandwidth.
	BytesPerSecond int64
	// Durations say how long each kind takes in the mean; copies add the time of
	// their bytes. Kinds left out take Duration.
	Durations map[model.StepKind]time.Duration
	Duration  time.Duration
	// JitterPPM is the half width of the uniform spread around the mean.
	JitterPPM int64
	// FailurePPM is how often a step fails by chance, per try.
	FailurePPM int64
	Rules      []Rule
}

// DefaultConfig returns a world in which a move of a small replica takes a
// minute or two and nothing fails.
func DefaultConfig() Config {
	return Config{
		Seed:           1,
		BytesPerSecond: 100 << 20,
		Durations: map[model.StepKind]time.Duration{
			model.StepAdmit:     time.Second,
			model.StepProvision: 12 * time.Second,
			model.StepReplicate: 8 * time.Second,
			model.StepCatchUp:   4 * time.Second,
			model.StepCutOver:   time.Second,
			model.StepWatch:     30 * time.Second,
			model.StepRetire:    5 * time.Second,
			model.StepUpdate:    4 * time.Minute,
		},
		Duration:  2 * time.Second,
		JitterPPM: 200_000,
	}
}

// Simulator answers for a fleet that isn't there. Its zero value takes no time
// and never fails. It has no state: Perform may be called concurrently.
type Simulator struct{ config Config }

// New returns a simulator.
func New(config Config) *Simulator { return &Simulator{config: config} }

// Perform returns how long the command takes in event time, at least a
// millisecond, and why it fails; an empty text means that it succeeds.
func (s *Simulator) Perform(step model.Step, move model.Move) (took time.Duration, failure string) {
	took = s.duration(step, move)
	if took < time.Millisecond {
		took = time.Millisecond
	}
	for i := range s.config.Rules {
		if r := &s.config.Rules[i]; r.matches(step, move) {
			if r.Reason != "" {
				return took, r.Reason
			}
			return took, "injected"
		}
	}
	if s.config.FailurePPM > 0 && int64(s.chance(step.ID, "failure")*1e6) < s.config.FailurePPM {
		return took, "failed by chance"
	}
	return took, ""
}

func (s *Simulator) duration(step model.Step, move model.Move) time.Duration {
	mean, ok := s.config.Durations[step.Kind]
	if !ok {
		mean = s.config.Duration
	}
	if step.Kind == model.StepReplicate {
		rate := s.config.BytesPerSecond
		if b := move.BandwidthBytesPerSecond; b > 0 && (rate <= 0 || b < rate) {
			rate = b
		}
		if rate > 0 {
			mean += time.Duration(float64(move.DataBytes) / float64(rate) * float64(time.Second))
		}
	}
	spread := float64(s.config.JitterPPM) / 1e6 * (2*s.chance(step.ID, "duration") - 1)
	return time.Duration(float64(mean) * (1 + spread)).Truncate(time.Millisecond)
}

// chance returns a number in [0,1) that seed, step and purpose fix.
func (s *Simulator) chance(id model.StepID, purpose string) float64 {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint64(nil, s.config.Seed))
	fmt.Fprintf(h, "%s|%s", id, purpose)
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// mix spreads the hash's differences over all bits (the finaliser of
// SplitMix64, Steele et al. 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *Rule) matches(step model.Step, move model.Move) bool {
	switch {
	case r.Kind != "" && r.Kind != step.Kind,
		r.Replica != "" && r.Replica != move.Replica,
		r.Move > 0 && r.Move != step.MoveIndex+1,
		r.Attempts > 0 && step.Attempt > r.Attempts,
		r.Until > 0 && step.At >= r.Until,
		r.Reverse != (step.Leg() == model.LegReverse):
		return false
	}
	if r.EveryPlan > 1 {
		h := fnv.New64a()
		h.Write([]byte(step.Plan))
		return mix(h.Sum64())%uint64(r.EveryPlan) == 0
	}
	return true
}
