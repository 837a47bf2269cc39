package planner

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"drover/internal/consolidate"
	"drover/internal/model"
	"drover/internal/scenario"
)

// ConsolidatePolicy packs replicas that are moved live (virtual machines) onto
// as few servers as their risk of overload allows (internal/consolidate). It
// looks at CPU only: what each replica used in the interval that ended at the
// tick. Servers that can't be scheduled are where replicas wait to be placed.
type ConsolidatePolicy struct {
	// CopyBytesPerSecond tells how long a live migration lasts.
	CopyBytesPerSecond float64
	// UnservedTarget is the share of demand that may go unserved in a day.
	UnservedTarget float64
	Code           string

	policy *consolidate.Policy
	memory consolidateMemory
}

// consolidateMemory is what is kept beside the core's own state: what it was
// made for, so that a change of the fleet is seen.
type consolidateMemory struct {
	Servers  []model.ServerID
	Replicas []model.ReplicaID
	Tick     int // the next one
	Core     []byte
}

// Decide implements Policy.
func (p *ConsolidatePolicy) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	evaluation := model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Decision: "none", Inputs: v.Inputs, Code: p.Code}
	if err := p.prepare(v); err != nil {
		return evaluation, nil, err
	}
	if len(p.memory.Replicas) == 0 || len(p.memory.Servers) == 0 {
		evaluation.Decision, evaluation.Reason = "hold", "no servers or no replicas are known"
		return evaluation, nil, nil
	}
	moves, err := p.policy.Step(p.memory.Tick, p.samples(v))
	if err != nil {
		return evaluation, nil, fmt.Errorf("consolidation at %v: %w", v.Tick, err)
	}
	p.memory.Tick++
	plan := p.plan(v, moves)
	if plan == nil {
		evaluation.Reason = "no move saves more than it costs"
		return evaluation, nil, nil
	}
	evaluation.PlanID, evaluation.Decision, evaluation.Reason = plan.ID, "plan", plan.Reason
	return evaluation, plan, nil
}

// prepare makes the core for the fleet as it is, or restores it; where servers
// or replicas came or went it begins anew.
func (p *ConsolidatePolicy) prepare(v scenario.View) error {
	var servers []model.ServerID
	for id, s := range v.Servers {
		if !s.Unschedulable {
			servers = append(servers, id)
		}
	}
	replicas := make([]model.ReplicaID, 0, len(v.Placement))
	for id := range v.Placement {
		replicas = append(replicas, id)
	}
	slices.Sort(servers)
	slices.Sort(replicas)
	same := slices.Equal(servers, p.memory.Servers) && slices.Equal(replicas, p.memory.Replicas)
	if same && p.policy != nil || len(servers) == 0 || len(replicas) == 0 {
		return nil
	}
	config, err := p.config(v, servers, replicas)
	if err != nil {
		return err
	}
	if p.policy, err = consolidate.New(config); err != nil {
		return fmt.Errorf("consolidation: %w", err)
	}
	if same && len(p.memory.Core) > 0 {
		if err := p.policy.UnmarshalBinary(p.memory.Core); err != nil {
			return fmt.Errorf("consolidation: %w", err)
		}
		return nil
	}
	p.memory = consolidateMemory{Servers: servers, Replicas: replicas}
	return nil
}

func (p *ConsolidatePolicy) config(v scenario.View, servers []model.ServerID, replicas []model.ReplicaID) (consolidate.Config, error) {
	c := consolidate.Config{StepSeconds: v.Interval.Seconds(), PeriodTicks: int(math.Round(86400 / v.Interval.Seconds())),
		UnservedTarget: p.UnservedTarget, Tuning: consolidate.DefaultTuning()}
	for _, id := range servers {
		s := v.Servers[id]
		watts, err := evenWatts(s)
		if err != nil {
			return c, err
		}
		c.Hosts = append(c.Hosts, consolidate.Host{CapacityMIPS: float64(s.Capacity[model.CPU]), Watts: watts})
	}
	for _, id := range replicas {
		app, _, err := id.Split()
		if err != nil {
			return c, err
		}
		a := v.Applications[app]
		c.VMs = append(c.VMs, consolidate.VM{SizeMIPS: float64(a.Request[model.CPU]), MigrationSeconds: float64(a.DataBytes) / p.CopyBytesPerSecond})
	}
	return c, nil
}

// evenWatts returns a server's power curve, which must have evenly spaced points.
func evenWatts(s model.Server) ([]float64, error) {
	n := len(s.Power)
	if n < 2 {
		return nil, fmt.Errorf("server %s: consolidation needs a power curve of at least two points", s.ID)
	}
	watts := make([]float64, n)
	for i, point := range s.Power {
		if point.UtilisationPPM != int64(i)*1_000_000/int64(n-1) {
			return nil, fmt.Errorf("server %s: power curve: point %d is at %d ppm, want evenly spaced points", s.ID, i, point.UtilisationPPM)
		}
		watts[i] = float64(point.PowerMilliwatts) / 1000
	}
	return watts, nil
}

// samples returns each replica's use as a share of its size; a replica without
// a forecast has NaN, which the core reads as "as before".
func (p *ConsolidatePolicy) samples(v scenario.View) []float64 {
	out := make([]float64, len(p.memory.Replicas))
	for i, id := range p.memory.Replicas {
		out[i] = math.NaN()
		f, ok := v.Forecasts[scenario.ForecastKey{Entity: model.ReplicaEntity(id), Resource: model.CPU}]
		app, _, err := id.Split()
		if size := v.Applications[app].Request[model.CPU]; ok && err == nil && size > 0 {
			out[i] = f.Observed / float64(size)
		}
	}
	return out
}

func (p *ConsolidatePolicy) plan(v scenario.View, moves []consolidate.Move) *model.Plan {
	plan := &model.Plan{Fleet: v.Fleet, Tick: v.Tick, State: model.PlanProposed, Waves: 1, Inputs: v.Inputs, Code: p.Code}
	var digest []string
	for _, m := range moves {
		id := p.memory.Replicas[m.VM]
		app, _, _ := id.Split()
		to, from := p.memory.Servers[m.Host], v.Placement[id]
		if from == to {
			continue
		}
		reason := "less power at the accepted risk of overload"
		if v.Servers[from].Unschedulable {
			reason = "first placement"
		}
		plan.Moves = append(plan.Moves, model.Move{Index: len(plan.Moves), Replica: id, Application: app, From: from, To: to, Wave: 1,
			Demand: v.Applications[app].Request, DataBytes: v.Applications[app].DataBytes, EarliestStart: v.Tick, Reason: reason})
		digest = append(digest, string(id)+">"+string(to))
	}
	if len(plan.Moves) == 0 {
		return nil
	}
	plan.ID = model.NewPlanID(v.Fleet, v.Tick, model.Digest(strings.Join(digest, " ")))
	plan.Reason = fmt.Sprintf("consolidation: %d moves", len(plan.Moves))
	return plan
}

// AppendSnapshot implements Policy.
func (p *ConsolidatePolicy) AppendSnapshot(b []byte) ([]byte, error) {
	if p.policy != nil {
		core, err := p.policy.AppendBinary(nil)
		if err != nil {
			return nil, fmt.Errorf("consolidation snapshot: %w", err)
		}
		p.memory.Core = core
	}
	j, err := json.Marshal(p.memory)
	if err != nil {
		return nil, fmt.Errorf("consolidation snapshot: %w", err)
	}
	return append(b, j...), nil
}

// Restore implements Policy; the core is made when the fleet is seen again.
func (p *ConsolidatePolicy) Restore(b []byte) error {
	p.policy, p.memory = nil, consolidateMemory{}
	if err := json.Unmarshal(b, &p.memory); err != nil {
		return fmt.Errorf("consolidation snapshot: %w", err)
	}
	return nil
}
