package simfleet

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"drover/internal/model"
)

// Fleet is the running simulation. Make it with New.
type Fleet struct {
	spec      *Spec
	apps      map[model.ApplicationID]*ApplicationSpec
	order     []model.ApplicationID // callers before callees
	placement model.Placement
	// copies are the moves in flight, which load both of their servers.
	copies map[model.ReplicaID]copying
}

type copying struct{ from, to model.ServerID }

// New returns a fleet whose replicas stand as the spec places them.
func New(spec *Spec) (*Fleet, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	f := &Fleet{spec: spec, apps: map[model.ApplicationID]*ApplicationSpec{},
		placement: model.Placement{}, copies: map[model.ReplicaID]copying{}}
	for i := range spec.Applications {
		app := &spec.Applications[i]
		f.apps[app.ID] = app
		for r, server := range app.Placement {
			f.placement[model.NewReplicaID(app.ID, r)] = server
		}
	}
	return f, f.sortByCalls()
}

// sortByCalls orders the applications so that callers stand before callees; a
// cycle has no steady load and is refused.
func (f *Fleet) sortByCalls() error {
	state := map[model.ApplicationID]int{}
	var out []model.ApplicationID
	var visit func(id model.ApplicationID) error
	visit = func(id model.ApplicationID) error {
		switch state[id] {
		case 1:
			return fmt.Errorf("application %s: it calls itself by way of others", id)
		case 2:
			return nil
		}
		state[id] = 1
		for _, c := range f.apps[id].Calls {
			if err := visit(c.Callee); err != nil {
				return err
			}
		}
		state[id] = 2
		out = append(out, id)
		return nil
	}
	for i := len(f.spec.Applications) - 1; i >= 0; i-- {
		if err := visit(f.spec.Applications[i].ID); err != nil {
			return err
		}
	}
	for i := len(out) - 1; i >= 0; i-- {
		f.order = append(f.order, out[i])
	}
	return nil
}

// Spec returns what the fleet was made from.
func (f *Fleet) Spec() *Spec { return f.spec }

// Placement returns a copy of where the replicas run.
func (f *Fleet) Placement() model.Placement { return f.placement.Clone() }

// Begin notes that a replica is being copied, End that this is over. Between
// the two both servers carry the copy's load.
func (f *Fleet) Begin(move model.Move) { f.copies[move.Replica] = copying{move.From, move.To} }

// Apply takes an executor's outcome: where a replica runs now.
func (f *Fleet) Apply(o model.Outcome) {
	if o.Kind != model.OutcomeMove || o.Replica == "" {
		return
	}
	delete(f.copies, o.Replica)
	if _, known := f.placement[o.Replica]; known && o.Server != "" {
		f.placement[o.Replica] = o.Server
	}
}

// Inventory returns the servers and applications as metadata, as of a time.
func (f *Fleet) Inventory(at model.Instant) []any {
	var out []any
	for i := range f.spec.Servers {
		out = append(out, f.server(&f.spec.Servers[i], at))
	}
	for i := range f.spec.Applications {
		out = append(out, f.application(&f.spec.Applications[i], at))
	}
	return out
}

func (f *Fleet) server(s *ServerSpec, at model.Instant) model.Server {
	out := model.Server{Fleet: f.spec.Fleet, ID: s.ID, At: at, Capacity: s.Capacity, Zone: s.Zone, Rack: s.Rack,
		CostMicrosPerHour: s.CostMicrosPerHour, WakeDuration: 2 * time.Minute,
		MTBF: 90 * 24 * time.Hour, MTTR: 2 * time.Hour, CoreSpeedMilli: 1000}
	out.SafetyPPM[model.CPU] = s.SafetyPPM
	if s.Stated != nil {
		out = *s.Stated
		out.At = at
		if len(out.Power) > 0 {
			return out
		}
	}
	for i := range 11 {
		out.Power = append(out.Power, model.PowerPoint{UtilisationPPM: int64(i) * 100_000, PowerMilliwatts: int64(s.Watts(float64(i)/10) * 1000)})
	}
	return out
}

func (f *Fleet) application(a *ApplicationSpec, at model.Instant) model.Application {
	out := model.Application{Fleet: f.spec.Fleet, ID: a.ID, At: at, Replicas: a.Replicas, DataBytes: a.DataBytes,
		Stateful: a.Stateful, SLO: a.SLO, MinimumZones: a.MinimumZones, DemandMicros: a.Demand.Microseconds(), ServiceCVMilli: 1000}
	out.Request = model.Vector{model.CPU: 500, model.Memory: int64(a.MemoryBytes)}
	if a.SpreadServers && a.Replicas > 1 {
		out.AntiAffinity = []model.ApplicationID{a.ID}
	}
	if a.Stated != nil {
		out = *a.Stated
		out.At, out.Placement, out.DependsOn, out.DemandMicros = at, nil, slices.Clone(out.DependsOn), a.Demand.Microseconds()
	}
	for _, c := range a.Calls {
		if !slices.Contains(out.DependsOn, c.Callee) {
			out.DependsOn = append(out.DependsOn, c.Callee)
		}
	}
	for r := range a.Replicas {
		out.Placement = append(out.Placement, f.placement[model.NewReplicaID(a.ID, r)])
	}
	return out
}

// Announcements returns the calendar events and maintenance windows that become
// known after from and up to to; NoInstant as from means from the beginning.
func (f *Fleet) Announcements(from, to model.Instant) []any {
	var out []any
	for _, c := range f.spec.Campaigns {
		begin := f.spec.Start.Add(c.Begin)
		if at := begin.Add(-c.Announced); !c.Unannounced && at > from && at <= to {
			out = append(out, model.CalendarEvent{Fleet: f.spec.Fleet, ID: c.ID, Kind: "campaign", Name: c.Name,
				Start: begin, End: begin.Add(c.Length), At: at, Applications: f.reach(c.Application),
				UpliftPPM: int64(c.Uplift * 1e6)})
		}
	}
	for _, e := range f.spec.Calendar {
		if e.At > from && e.At <= to {
			out = append(out, e)
		}
	}
	for _, m := range f.spec.Maintenance {
		begin := f.spec.Start.Add(m.Begin)
		if at := begin.Add(-m.Announced); at > from && at <= to {
			out = append(out, model.Maintenance{Fleet: f.spec.Fleet, ID: m.ID, Server: m.Server, Start: begin,
				End: begin.Add(m.Length), At: at, Duration: m.Length, Reason: m.Reason})
		}
	}
	return out
}

// reach returns an application and all it calls, directly or not, by name.
func (f *Fleet) reach(id model.ApplicationID) []model.ApplicationID {
	seen := map[model.ApplicationID]bool{id: true}
	open := []model.ApplicationID{id}
	for len(open) > 0 {
		next := open[0]
		open = open[1:]
		for _, c := range f.apps[next].Calls {
			if !seen[c.Callee] {
				seen[c.Callee] = true
				open = append(open, c.Callee)
			}
		}
	}
	out := make([]model.ApplicationID, 0, len(seen))
	for a := range seen {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
