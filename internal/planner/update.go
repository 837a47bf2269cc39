package planner

import (
	"slices"

	"drover/internal/model"
	"drover/internal/scenario"
)

// order notes the maintenance that an update order asks for: one for each server,
// all of one roll. An order taken before changes nothing.
func (f *fleet) order(c model.Control) {
	start := c.EarliestStart
	if start == model.NoInstant {
		start = c.At
	}
	for _, server := range c.Servers {
		m := model.Maintenance{Fleet: f.id, ID: c.ID + "/" + string(server), Server: server, At: c.At, Start: start, End: c.LatestEnd,
			EarliestStart: start, LatestEnd: c.LatestEnd, Duration: c.Duration, Reason: c.Comment, Hook: c.Hook, Roll: c.ID, AtOnce: c.AtOnce}
		if _, known := f.state.Maintenance[m.ID]; !known {
			f.state.Maintenance[m.ID] = m
		}
	}
}

// callOff takes back what of a roll isn't done; what is handed over already goes
// on, and is not heard of any more.
func (f *fleet) callOff(roll string) {
	done := map[string]bool{}
	for _, r := range f.state.Updates {
		done[r.Maintenance] = done[r.Maintenance] || r.OK
	}
	for id, m := range f.state.Maintenance {
		if m.Hook != "" && roll != "" && rolledBy(m) == roll && !done[id] {
			delete(f.state.Maintenance, id)
		}
	}
}

// retry forgets the failures of a roll, so that it goes on.
func (f *fleet) retry(roll string) {
	f.state.Updates = slices.DeleteFunc(f.state.Updates, func(r scenario.UpdateResult) bool {
		m, known := f.state.Maintenance[r.Maintenance]
		return known && !r.OK && rolledBy(m) == roll
	})
}

// rolledBy names the roll of an update: its order, else its hook.
func rolledBy(m model.Maintenance) string {
	if m.Roll != "" {
		return m.Roll
	}
	return m.Hook
}

// updated notes how a server's update went: done, failed, or refused by a person,
// which stops its roll too.
func (f *fleet) updated(plan model.Plan, o model.Outcome) {
	id := plan.UpdateID
	if _, known := f.state.Maintenance[id]; !known {
		return // called off meanwhile
	}
	for _, r := range f.state.Updates {
		if r.Maintenance == id && r.At >= plan.Tick {
			return // told already
		}
	}
	f.state.Updates = append(f.state.Updates, scenario.UpdateResult{Maintenance: id, Server: plan.UpdateServer, At: o.At,
		OK: o.State == model.PlanSucceeded, Reason: o.Reason})
}

// forgetMaintenance drops windows that ended before an instant, and what became
// of their updates. Servers whose update failed are not forgotten.
func (f *fleet) forgetMaintenance(before model.Instant) {
	failed := map[string]bool{}
	for _, r := range f.state.Updates {
		failed[r.Maintenance] = !r.OK
	}
	for id, m := range f.state.Maintenance {
		if max(m.End, m.LatestEnd) < before && !failed[id] {
			delete(f.state.Maintenance, id)
		}
	}
	f.state.Updates = slices.DeleteFunc(f.state.Updates, func(r scenario.UpdateResult) bool {
		_, known := f.state.Maintenance[r.Maintenance]
		return !known
	})
}
