package planner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Topics lists what a task reads, co-partitioned, in the order in which a
// tick's records are folded.
func Topics() []string {
	return []string{stream.Servers, stream.Applications, stream.Calendar, stream.Maintenance, stream.Control,
		stream.Graph, stream.Outcomes, stream.Forecasts}
}

// NewTask returns the planner's task for one partition number.
func NewTask(config *Config, partition int32) stage.Task {
	var inputs []stage.Input
	for _, topic := range Topics() {
		inputs = append(inputs, stage.Input{Topic: topic, AfterFirst: topic == stream.Outcomes,
			BySource: topic == stream.Forecasts || topic == stream.Graph})
	}
	return stage.NewAligner(stage.AlignerConfig{
		Partition: partition, Interval: config.Interval, Inputs: inputs,
		SilentAfter: config.SilentAfter, MaxAhead: config.MaxAhead,
	}, &handler{config: config, partition: partition, fleets: map[model.FleetID]*fleet{}})
}

// handler is the inside of the aligned task.
type handler struct {
	config    *Config
	partition int32
	fleets    map[model.FleetID]*fleet
}

// Tick implements stage.TickHandler.
func (h *handler) Tick(at model.Instant, records []stage.Record, inputs []model.InputOffset) ([]stage.Emission, error) {
	for _, f := range h.fleets {
		clear(f.forecasts) // every series is forecast anew for every tick
	}
	for _, rec := range records {
		if err := h.fold(rec.Event); err != nil {
			return nil, err
		}
	}
	var out []stage.Emission
	for _, id := range slices.Sorted(maps.Keys(h.fleets)) {
		h.fleets[id].track(at, h.config)
		emissions, err := h.decide(h.fleets[id], at, inputs)
		if err != nil {
			return nil, fmt.Errorf("fleet %s: %w", id, err)
		}
		out = append(out, emissions...)
	}
	marker := model.Marker{Source: fmt.Sprintf("planner/%d", h.partition), Sources: 1, At: at}
	return append(out, stage.Emission{Topic: stream.Plans, Partition: h.partition, Event: marker}), nil
}

// decide asks the fleet's policy and makes its answer known.
func (h *handler) decide(f *fleet, at model.Instant, inputs []model.InputOffset) ([]stage.Emission, error) {
	f.forget(at.Add(-h.config.RememberMoves))
	evaluation, plan, err := f.policy.Decide(f.view(at, h.config.Interval, inputs))
	if err != nil {
		return nil, err
	}
	evaluation.Demands = f.estimated()
	evaluation.Balances = f.balances(&evaluation)
	out := []stage.Emission{{Topic: stream.Scenarios, Fleet: f.id, Key: evaluation.Tick.String(), Partition: stage.ByKey, Event: evaluation}}
	out = append(out, f.again(at, h.config.Interval, inputs)...)
	if plan != nil {
		f.state.Plans[plan.ID] = *plan
		f.watch(plan, &evaluation)
		out = append(out, stage.Emission{Topic: stream.Plans, Fleet: f.id, Key: string(plan.ID), Partition: stage.ByKey, Event: *plan})
	}
	return out, nil
}

// again tells the executor of plans in flight that have become wrong, once each:
// the plan again, as superseded or to be taken back, through the same log as the
// plan itself. Of plans of which only some moves have become wrong these are
// dropped: the plan again, amended.
func (f *fleet) again(at model.Instant, interval time.Duration, inputs []model.InputOffset) []stage.Emission {
	rechecker, ok := f.policy.(Rechecker)
	if !ok {
		return nil
	}
	var out []stage.Emission
	for _, plan := range ordered(f.state.Plans) {
		if f.state.Stopping[plan.ID] || plan.Tick == at {
			continue
		}
		switch verdict := rechecker.Recheck(f.view(at, interval, inputs), plan); {
		case verdict.Wrong:
			f.state.Stopping[plan.ID] = true
			plan.State, plan.Reason = model.PlanSuperseded, verdict.Reason
			if verdict.Back {
				plan.State = model.PlanRolledBack
			}
		case len(verdict.Drop) > 0:
			plan.Dropped = append(slices.Clone(plan.Dropped), verdict.Drop...)
			f.state.Plans[plan.ID] = plan
		default:
			continue
		}
		out = append(out, stage.Emission{Topic: stream.Plans, Fleet: f.id, Key: string(plan.ID), Partition: stage.ByKey, Event: plan})
	}
	return out
}
