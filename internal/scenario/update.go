package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"drover/internal/model"
)

// rolls holds how far the rolling updates are while they are looked through.
type rolls struct {
	f       *fleet
	results map[string]UpdateResult // the last one of each maintenance
	inPlan  map[string]model.Plan   // that hands a server over, by maintenance
	failed  map[string]string       // why a roll has stopped
	out     map[string]int          // servers of a roll that are out of use
	before  map[string]int          // servers of a roll that come before the next one
}

// rollOf names what an update is rolled with: its order, else its hook.
func rollOf(m model.Maintenance) string { return cmp.Or(m.Roll, m.Hook) }

// roll finds out how every update (maintenance with a hook) stands, and which
// may go on: of each roll so many servers at once, none after one that failed.
// A server that is out of use keeps its place, one that is empty already goes
// before others, then the earlier window, then the less loaded server.
//
// It fills f.updates and f.closing: servers are closed from the time on that
// they are emptied, those whose update failed until somebody decides on them.
func (f *fleet) roll() {
	replicas := make([]int, len(f.servers))
	for _, s := range f.start {
		replicas[s]++
	}
	r := rolls{f: f, results: map[string]UpdateResult{}, inPlan: map[string]model.Plan{}, failed: map[string]string{}, out: map[string]int{}}
	for _, u := range f.view.Updates {
		if old, ok := r.results[u.Maintenance]; !ok || u.At >= old.At {
			r.results[u.Maintenance] = u
		}
	}
	for _, p := range f.view.InFlight {
		if p.UpdateServer != "" && !p.State.Ended() {
			r.inPlan[p.UpdateID] = p
		}
	}
	var open []model.Maintenance
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		if _, ok := f.serverAt[m.Server]; ok && m.Hook != "" && !m.Cancelled && !r.settled(m) {
			open = append(open, m)
		}
	}
	slices.SortStableFunc(open, func(a, b model.Maintenance) int {
		sa, sb := f.serverAt[a.Server], f.serverAt[b.Server]
		startA, _ := f.window(a)
		startB, _ := f.window(b)
		return cmp.Or(boolFirst(replicas[sa] == 0, replicas[sb] == 0), cmp.Compare(startA, startB),
			cmp.Compare(replicas[sa], replicas[sb]), cmp.Compare(a.ID, b.ID))
	})
	r.before = maps.Clone(r.out)
	for _, m := range open {
		u := r.next(m, replicas[f.serverAt[m.Server]])
		if u.State != model.UpdateMissed { // nobody waits for that
			r.before[rollOf(m)]++
		}
		f.updates = append(f.updates, u)
	}
	slices.SortStableFunc(f.updates, func(a, b model.ServerUpdate) int {
		return cmp.Or(cmp.Compare(a.Roll, b.Roll), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Maintenance, b.Maintenance))
	})
}

// status is an update as it goes into the record.
func (r *rolls) status(m model.Maintenance, state model.UpdateState, reason string) model.ServerUpdate {
	start, end := r.f.window(m)
	return model.ServerUpdate{Roll: rollOf(m), Maintenance: m.ID, Server: m.Server, Hook: m.Hook, State: state, Start: start, End: end, Reason: reason}
}

// settled takes in updates that are over or under way and tells whether it is one.
func (r *rolls) settled(m model.Maintenance) bool {
	s := r.f.serverAt[m.Server]
	result, over := r.results[m.ID]
	plan, handed := r.inPlan[m.ID]
	switch {
	case over && result.OK:
		r.f.updates = append(r.f.updates, r.status(m, model.UpdateDone, ""))
	case over:
		why := cmp.Or(result.Reason, "no reason given")
		if roll := rollOf(m); r.failed[roll] == "" {
			r.failed[roll] = fmt.Sprintf("the update of %s failed (%s)", m.Server, why)
		}
		if r.f.closing[s].reason == "" {
			r.f.closing[s] = closing{reason: fmt.Sprintf("%s is kept empty: its update %s failed", m.Server, m.ID)}
		}
		r.f.updates = append(r.f.updates, r.status(m, model.UpdateFailed, why))
	case handed:
		r.out[rollOf(m)]++
		r.f.closing[s] = closing{reason: fmt.Sprintf("%s is being updated by plan %s", m.Server, plan.ID), maintenance: m.ID}
		row := r.status(m, model.UpdateRunning, "")
		if row.Plan = plan.ID; plan.State == model.PlanProposed {
			row.State, row.Reason = model.UpdateDrained, fmt.Sprintf("plan %s waits for approval", plan.ID)
		}
		r.f.updates = append(r.f.updates, row)
	default:
		return false
	}
	return true
}

// next says how an update stands that has not been handed over, and closes its
// server where it is its turn.
func (r *rolls) next(m model.Maintenance, replicas int) model.ServerUpdate {
	f, roll := r.f, rollOf(m)
	start, end := f.window(m)
	drain := start.Add(-f.cfg.DrainLead)
	missed := f.missed(m, replicas)
	switch most := cmp.Or(m.AtOnce, f.cfg.MaxUpdates); {
	case missed != "":
		return r.status(m, model.UpdateMissed, missed)
	case r.failed[roll] != "":
		why := r.failed[roll]
		f.notes = append(f.notes, fmt.Sprintf("update %s of %s waits: %s", m.ID, m.Server, why))
		return r.status(m, model.UpdateWaiting, why)
	case drain > f.view.Tick:
		why := cmp.Or(r.tooMany(m, most), fmt.Sprintf("%s is emptied from %v on", m.Server, drain))
		return r.status(m, model.UpdateWaiting, why)
	case r.out[roll] >= most:
		why := cmp.Or(r.tooMany(m, most), fmt.Sprintf("%d at once", most))
		f.notes = append(f.notes, fmt.Sprintf("update %s of %s waits: %s", m.ID, m.Server, why))
		return r.status(m, model.UpdateWaiting, why)
	}
	r.out[roll]++
	s := f.serverAt[m.Server]
	if f.closing[s].reason != "" && f.closing[s].hook == "" && f.closing[s].maintenance == "" && replicas > 0 {
		return r.status(m, model.UpdateDraining, f.closing[s].reason)
	}
	f.closing[s] = closing{
		reason: fmt.Sprintf("%s is emptied for update %s at %v", m.Server, m.ID, start),
		by:     f.unlessNow(start), until: end, hook: m.Hook, maintenance: m.ID, length: m.Duration, latest: latestEnd(m),
	}
	if replicas > 0 {
		return r.status(m, model.UpdateDraining, fmt.Sprintf("%d replicas are to leave", replicas))
	}
	return r.status(m, model.UpdateDrained, "")
}

// dueUpdate returns a server that is empty and whose window is open, to be handed
// over now; -1: none.
func (f *fleet) dueUpdate(status *state) int {
	soon := f.view.Tick.Add(f.view.Interval)
	for s, c := range f.closing {
		if c.hook != "" && len(status.on[s]) == 0 && c.by <= soon && f.view.Tick < c.until {
			return s
		}
	}
	return -1
}

// updatePlan hands a server over to its update: a plan without moves, so that
// the rest of the fleet is looked after meanwhile.
func (f *fleet) updatePlan(s int) *model.Plan {
	c := f.closing[s]
	p := &model.Plan{
		Fleet: f.view.Fleet, Tick: f.view.Tick, State: model.PlanProposed, NeedsApproval: f.needsApproval(), DryRun: f.cfg.DryRun,
		ConfidencePPM: 1_000_000, Inputs: slices.Clone(f.view.Inputs), Code: f.cfg.Code,
		UpdateServer: f.servers[s].ID, UpdateHook: c.hook, UpdateID: c.maintenance, Deadline: c.until,
	}
	if last := c.until.Add(-c.length); last > f.view.Tick {
		p.Deadline = last
	}
	p.Reason = join(fmt.Sprintf("%s is empty and handed over to update %q (%s), to be begun by %v",
		p.UpdateServer, c.hook, c.maintenance, p.Deadline), f.notes)
	p.ID = f.planID(p)
	for i := range f.updates {
		if f.updates[i].Maintenance == c.maintenance {
			f.updates[i].Plan = p.ID
		}
	}
	return p
}

// boolFirst orders true before false.
func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
