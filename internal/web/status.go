package web

import (
	"math"
	"slices"
	"time"

	"drover/internal/model"
)

// Status is what the page shows of a fleet.
type Status struct {
	Fleet       model.FleetID
	Now         model.Instant
	Servers     []ServerStatus
	Plans       []PlanStatus // newest first
	Calendar    []model.CalendarEvent
	Maintenance []model.Maintenance
	Edges       []model.Edge
	Decision    *model.Evaluation
	Lines       []Line // newest first
	Series      int
	Trusted     int
}

// ServerStatus is one server now and ahead.
type ServerStatus struct {
	ID       model.ServerID
	Zone     string
	Replicas []model.ReplicaID
	// CPUPercent is the latest observation, AheadPercent the largest 0.95
	// quantile of what runs there over the horizon, AheadAt when.
	CPUPercent, AheadPercent, MemoryPercent float64
	AheadAt                                 model.Instant
}

// PlanStatus is one plan and how far it is.
type PlanStatus struct {
	ID           model.PlanID
	State        string
	Tick, Ended  model.Instant
	Moves, Moved int
	Reason, End  string
	Rows         []MoveStatus
}

// MoveStatus is one move of a plan.
type MoveStatus struct {
	Replica  model.ReplicaID
	From, To model.ServerID
	Wave     int
	At       string // the last step, or the end
	Reason   string
}

// Fleets returns the identities of all fleets seen, in order.
func (m *ReadModel) Fleets() []model.FleetID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return sortedKeys(m.fleets)
}

// Status returns a fleet's status; ok is false for a fleet that isn't known.
func (m *ReadModel) Status(id model.FleetID) (s Status, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := m.fleets[id]
	if f == nil {
		return Status{}, false
	}
	s = Status{Fleet: id, Now: f.now, Series: len(f.forecasts)}
	for _, fc := range f.forecasts {
		if fc.Trusted {
			s.Trusted++
		}
	}
	s.Servers = f.serverStatus()
	for i := len(f.plans) - 1; i >= 0; i-- {
		s.Plans = append(s.Plans, f.plans[i].status())
	}
	for _, k := range sortedKeys(f.calendar) {
		if e := f.calendar[k]; e.End >= f.now {
			s.Calendar = append(s.Calendar, e)
		}
	}
	for _, k := range sortedKeys(f.maintenance) {
		if e := f.maintenance[k]; e.End >= f.now {
			s.Maintenance = append(s.Maintenance, e)
		}
	}
	for _, e := range f.edges {
		s.Edges = append(s.Edges, e)
	}
	slices.SortFunc(s.Edges, func(a, b model.Edge) int {
		if a.CallsPerSecond != b.CallsPerSecond {
			if a.CallsPerSecond > b.CallsPerSecond {
				return -1
			}
			return 1
		}
		return slices.Compare([]model.ApplicationID{a.Caller, a.Callee}, []model.ApplicationID{b.Caller, b.Callee})
	})
	if n := len(f.evaluations); n > 0 {
		last := f.evaluations[n-1]
		s.Decision = &last
	}
	s.Lines = slices.Clone(f.lines)
	slices.Reverse(s.Lines)
	return s, true
}

func (f *fleet) serverStatus() []ServerStatus {
	on := map[model.ServerID][]model.ReplicaID{}
	for _, r := range sortedKeys(f.placement) {
		on[f.placement[r]] = append(on[f.placement[r]], r)
	}
	var out []ServerStatus
	for _, id := range sortedKeys(f.servers) {
		server := f.servers[id]
		row := ServerStatus{ID: id, Zone: server.Zone, Replicas: on[id]}
		cpu := f.forecasts[forecastKey{model.ServerEntity(id), model.CPU}]
		row.CPUPercent = percent(cpu.Observed, server.Capacity[model.CPU])
		row.MemoryPercent = percent(f.forecasts[forecastKey{model.ServerEntity(id), model.Memory}].Observed, server.Capacity[model.Memory])
		row.AheadPercent, row.AheadAt = f.ahead(row.Replicas, cpu, server.Capacity[model.CPU])
		out = append(out, row)
	}
	return out
}

// ahead returns the largest 0.95 quantile of CPU over the horizon and when it
// is: of the replicas that run on the server now, since the server's own
// forecast doesn't know of moves; of the server where no replica is forecast.
func (f *fleet) ahead(replicas []model.ReplicaID, server model.Forecast, capacity int64) (most float64, at model.Instant) {
	sums := map[model.Instant]float64{}
	for _, r := range replicas {
		addAhead(sums, f.forecasts[forecastKey{model.ReplicaEntity(r), model.CPU}])
	}
	if len(sums) == 0 {
		addAhead(sums, server)
	}
	for when, value := range sums {
		if p := percent(value, capacity); p > most || p == most && when < at {
			most, at = p, when
		}
	}
	return most, at
}

// addAhead adds a forecast's 0.95 quantiles to sums by time.
func addAhead(sums map[model.Instant]float64, f model.Forecast) {
	for h := range f.Quantiles.Values {
		sums[f.Origin.Add(time.Duration(h)*f.Step)] += f.Quantiles.At(h, 0.95)
	}
}

func percent(value float64, capacity int64) float64 {
	if capacity <= 0 || math.IsNaN(value) {
		return 0
	}
	return 100 * value / float64(capacity)
}

func (p *planView) status() PlanStatus {
	s := PlanStatus{ID: p.Plan.ID, State: words(p.State), Tick: p.Plan.Tick, Ended: p.Ended, Moves: len(p.Plan.Moves),
		Reason: p.Plan.Reason, End: p.Reason}
	for _, m := range p.Plan.Moves {
		row := MoveStatus{Replica: m.Replica, From: m.From, To: m.To, Wave: m.Wave, Reason: m.Reason, At: "waiting"}
		if o, ok := p.Moves[m.Index]; ok {
			row.At = words(o.State)
			if o.Kind == model.OutcomeStep {
				row.At = string(o.Step)
			}
			if o.Kind == model.OutcomeMove && o.State == model.PlanSucceeded {
				s.Moved++
			}
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}
