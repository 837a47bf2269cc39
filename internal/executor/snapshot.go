package executor

import (
	"encoding/json"
	"fmt"

	"drover/internal/model"
)

// fleetSnapshot is one fleet's part of a snapshot; JSON writes maps in key order.
type fleetSnapshot struct {
	Saga    []byte
	Plans   map[model.PlanID]model.Plan
	Running []completion
	Traces  map[model.PlanID]string `json:",omitempty"`
}

// AppendSnapshot implements stage.TickHandler.
func (h *handler) AppendSnapshot(b []byte) ([]byte, error) {
	snap := map[model.FleetID]fleetSnapshot{}
	for id, f := range h.fleets {
		s, err := f.saga.AppendBinary(nil)
		if err != nil {
			return nil, fmt.Errorf("executor snapshot: fleet %s: %w", id, err)
		}
		snap[id] = fleetSnapshot{Saga: s, Plans: f.plans, Running: f.running, Traces: f.traces}
	}
	j, err := json.Marshal(snap)
	if err != nil {
		return nil, fmt.Errorf("executor snapshot: %w", err)
	}
	return append(b, j...), nil
}

// Restore implements stage.TickHandler.
func (h *handler) Restore(b []byte) error {
	var snap map[model.FleetID]fleetSnapshot
	if err := json.Unmarshal(b, &snap); err != nil {
		return fmt.Errorf("executor snapshot: %w", err)
	}
	h.fleets = map[model.FleetID]*fleet{}
	for id, s := range snap {
		f := h.fleet(id)
		if err := f.saga.UnmarshalBinary(s.Saga); err != nil {
			return fmt.Errorf("executor snapshot: fleet %s: %w", id, err)
		}
		f.running = s.Running
		if s.Plans != nil {
			f.plans = s.Plans
		}
		if s.Traces != nil {
			f.traces = s.Traces
		}
	}
	return nil
}
