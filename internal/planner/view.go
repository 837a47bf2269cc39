package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

// view hands the fleet over to a policy, lists in a fixed order.
func (f *fleet) view(at model.Instant, interval time.Duration, inputs []model.InputOffset) scenario.View {
	return scenario.View{
		Fleet: f.id, Tick: at, Interval: interval,
		Servers: f.racked(), Applications: f.demanded(), Forecasts: f.forecasts,
		Edges: ordered(f.state.Edges), Links: f.ways().links, Calendar: ordered(f.state.Calendar),
		Maintenance: ordered(f.state.Maintenance), Placement: f.state.Placement, InFlight: ordered(f.state.Plans), Begun: f.state.Begun,
		RecentMoves: f.state.Moves, Updates: f.state.Updates, Drained: f.state.Drained, Inputs: inputs,
	}
}

// ordered returns a map's values by key.
func ordered[K ~string, V any](m map[K]V) []V {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]V, 0, len(m))
	for _, k := range keys {
		out = append(out, m[k])
	}
	return out
}

// AppendSnapshot implements stage.TickHandler. Forecasts are left out: a tick
// brings all of its own.
func (h *handler) AppendSnapshot(b []byte) ([]byte, error) {
	states := map[model.FleetID]state{}
	for id, f := range h.fleets {
		policy, err := f.policy.AppendSnapshot(nil)
		if err != nil {
			return nil, fmt.Errorf("planner snapshot: fleet %s: %w", id, err)
		}
		s := f.state
		s.Policy = policy
		states[id] = s
	}
	j, err := json.Marshal(states)
	if err != nil {
		return nil, fmt.Errorf("planner snapshot: %w", err)
	}
	return append(b, j...), nil
}

// Restore implements stage.TickHandler.
func (h *handler) Restore(b []byte) error {
	var states map[model.FleetID]state
	if err := json.Unmarshal(b, &states); err != nil {
		return fmt.Errorf("planner snapshot: %w", err)
	}
	h.fleets = map[model.FleetID]*fleet{}
	for id, s := range states {
		f, err := h.fleet(id)
		if err != nil {
			return err
		}
		if err := f.policy.Restore(s.Policy); err != nil {
			return fmt.Errorf("planner snapshot: fleet %s: %w", id, err)
		}
		s.Policy = nil
		if s.Watched == nil { // written before balances were kept
			s.Watched = map[model.PlanID]model.PlanBalance{}
		}
		if s.Begun == nil { // written before plans were amended
			s.Begun = map[model.PlanID][]int{}
		}
		f.state = s
	}
	return nil
}
