package api

import (
	"cmp"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func (s *Server) me(c *call) (any, error) {
	me := Me{Name: c.who.Name, Role: c.who.Role, Fleets: c.who.Fleets, Means: c.who.Means, Version: s.Version}
	if me.Fleets == nil {
		me.Fleets = []model.FleetID{}
	}
	return me, nil
}

func (s *Server) fleets(c *call) (any, error) {
	var all []Fleet
	for _, id := range s.Model.Fleets() {
		if c.who.Sees(id) {
			s.Model.View(id, func(f *readmodel.Fleet) { all = append(all, fleetOf(f)) })
		}
	}
	return paged(c, all)
}

func (s *Server) fleet(c *call) (any, error) {
	var out Fleet
	s.Model.View(c.fleet, func(f *readmodel.Fleet) { out = fleetOf(f) })
	return out, nil
}

func fleetOf(f *readmodel.Fleet) Fleet {
	out := Fleet{ID: f.ID, Now: f.Now, Servers: len(f.Servers), Applications: len(f.Applications), Replicas: len(f.Placement),
		Links: len(f.Links), DeadLetters: len(f.Letters), Paused: f.Paused, Killed: f.Killed, HistoryFrom: f.Now, HorizonTo: f.Now,
		Versions: map[string]int{}}
	for _, e := range f.Edges {
		if e.GoneAt == 0 {
			out.Dependencies++
		}
	}
	f.EachForecast(func(fc *readmodel.Forecast) {
		out.Forecasts++
		if fc.Trusted {
			out.Trusted++
		}
		if n := fc.Steps(); n > 0 {
			out.HorizonTo = max(out.HorizonTo, readmodel.TimeOf(fc.Origin, fc.Step, n-1))
		}
	})
	for _, r := range f.Plans {
		switch status := r.At(0); {
		case waiting(r, &status):
			out.Waiting++
		case status.State == model.PlanRunning:
			out.Running++
		case status.State == model.PlanParked:
			out.Parked++
		}
	}
	if n := len(f.Evaluations); n > 0 {
		row := evaluationRow(&f.Evaluations[n-1])
		out.Decision = &row
		out.HistoryFrom = min(out.HistoryFrom, f.Evaluations[0].Tick)
	}
	for _, section := range readmodel.Sections() {
		out.Versions[string(section)] = int(f.Version(section))
	}
	return out
}

// waiting tells whether a person has to decide on a plan.
func waiting(r *readmodel.Run, status *readmodel.Status) bool {
	return r.Plan.NeedsApproval && !r.Plan.DryRun && !status.State.Ended() && status.ApprovedWaves >= 0 && status.ApprovedWaves < max(1, r.Plan.Waves)
}

// present returns the time that the answer is seen from.
func (c *call) present(f *readmodel.Fleet) model.Instant {
	if c.at != 0 {
		return c.at
	}
	return f.Now
}

func (s *Server) log(c *call) (any, error) {
	var all []Line
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, l := range slices.Backward(f.Lines) {
			if (c.at == 0 || l.At <= c.at) && c.holds(l.Text, l.Kind) {
				all = append(all, Line(l))
			}
		}
	})
	return paged(c, all)
}

func (s *Server) calendar(c *call) (any, error) {
	var all []Event
	s.Model.View(c.fleet, func(f *readmodel.Fleet) { all = eventsOf(f) })
	return paged(c, all)
}

// eventsOf returns campaigns, holidays and maintenance by their start.
func eventsOf(f *readmodel.Fleet) []Event {
	var all []Event
	for _, e := range f.Calendar {
		all = append(all, Event{ID: e.ID, Kind: e.Kind, Name: e.Name, Start: e.Start, End: e.End, Uplift: float64(e.UpliftPPM) / 1e6, Applications: e.Applications})
	}
	for _, m := range f.Maintenance {
		all = append(all, Event{ID: m.ID, Kind: "maintenance", Name: cmp.Or(m.Reason, "maintenance of "+string(m.Server)), Start: m.Start, End: m.End, Server: m.Server})
	}
	slices.SortFunc(all, func(a, b Event) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	return all
}

func (s *Server) audit(c *call) (any, error) {
	var all []Audit
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, a := range slices.Backward(f.Audits) {
			if c.holds(a.Actor, a.Action, a.Object, a.After) {
				all = append(all, Audit{At: a.At, Actor: a.Actor, Action: a.Action, Object: a.Object, Before: a.Before, After: a.After})
			}
		}
	})
	return paged(c, all)
}

// hours reads a number of hours.
func (c *call) hours(preset, most int) (time.Duration, error) {
	n, err := c.number("hours", preset, 1, most)
	return time.Duration(n) * time.Hour, err
}
