package scenario

import (
	"fmt"
	"strings"
	"time"

	"drover/internal/model"
)

// ForecastKey names one forecast of a view.
type ForecastKey struct {
	Entity   model.EntityID
	Resource model.Resource
}

// MarshalText writes the key as "entity|resource", so that a view can be
// written as JSON.
func (k ForecastKey) MarshalText() ([]byte, error) {
	return []byte(string(k.Entity) + "|" + k.Resource.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (k *ForecastKey) UnmarshalText(text []byte) error {
	at := strings.LastIndexByte(string(text), '|')
	if at < 0 {
		return fmt.Errorf("forecast key %q: want entity|resource", text)
	}
	resource, err := model.ParseResource(string(text[at+1:]))
	if err != nil {
		return fmt.Errorf("forecast key %q: %w", text, err)
	}
	k.Entity, k.Resource = model.EntityID(text[:at]), resource
	return nil
}

// RecentMove is a move that has ended, kept for hysteresis and budgets.
type RecentMove struct {
	Replica     model.ReplicaID
	Application model.ApplicationID
	At          model.Instant // when it ended
}

// UpdateResult is how the update of one server went, kept for rolling updates.
type UpdateResult struct {
	Maintenance string // identity of the maintenance that asked for it
	Server      model.ServerID
	At          model.Instant
	OK          bool
	Reason      string // why it failed
}

// View is what the planner knows of one fleet when a tick is complete. Decide
// reads it and changes nothing in it.
//
// A forecast of a server is of the whole machine: what its replicas don't
// account for is its background load, which stays when they leave.
type View struct {
	Fleet model.FleetID
	Tick  model.Instant
	// Interval is the planning interval: the time to the next decision.
	Interval     time.Duration
	Servers      map[model.ServerID]model.Server
	Applications map[model.ApplicationID]model.Application
	Forecasts    map[ForecastKey]model.Forecast
	Edges        []model.Edge
	Links        []model.Link
	Calendar     []model.CalendarEvent
	Maintenance  []model.Maintenance
	// Placement is where every replica runs as far as is known. Replicas that are
	// not in it are placed by their platform first and moved by Drover later.
	Placement model.Placement
	// InFlight holds the plans that have not ended; RecentMoves those of at least
	// the last hour.
	InFlight []model.Plan
	// Begun lists, of plans in flight, the moves under way or ended, by index.
	Begun       map[model.PlanID][]int `json:",omitempty"`
	RecentMoves []RecentMove
	Updates     []UpdateResult
	// Drained lists servers that a person asked to empty, with the time.
	Drained map[model.ServerID]model.Instant
	// Inputs is how far every input was read; it goes into the decision's record.
	Inputs []model.InputOffset
	// known is a placement that is worth starting the search from.
	known model.Placement
}

// ForecastUntil is how far the longest forecast reaches; zero where there is none.
// After that a forecast's last step stands for the rest.
func (v *View) ForecastUntil() model.Instant {
	var until model.Instant
	for _, f := range v.Forecasts {
		until = max(until, f.Origin.Add(f.Step*time.Duration(len(f.Quantiles.Values))))
	}
	return until
}

// Budget limits one call to the solver: how many moves it may evaluate, from
// which seed, and where it starts.
type Budget struct {
	Seed        uint64
	Evaluations int64
	// Incumbent, where not empty, is a placement (bin by item) to start from instead
	// of the items' own starts.
	Incumbent []int `json:",omitempty"`
}

// Solve finds a placement. It must be deterministic in its arguments. An error
// means that the problem could not be worked on at all; a problem without a
// feasible placement comes back as an answer with violations.
type Solve func(problem *model.Problem, budget Budget) (model.Answer, error)
