package scenario

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
)

// tooSoon is how soon a maintenance begins that has as good as begun.
const tooSoon = 5 * time.Minute

// addClosings finds the servers that have to be emptied: drained by order, or
// by an announced maintenance whose window begins within DrainLead. Updates
// (maintenance with a hook) follow each other, see update.go.
func (f *fleet) addClosings() {
	f.closing = make([]closing, len(f.servers))
	for _, id := range slices.Sorted(maps.Keys(f.view.Drained)) {
		if s, ok := f.serverAt[id]; ok {
			f.closing[s] = closing{reason: fmt.Sprintf("%s was ordered to be drained at %v", id, f.view.Drained[id])}
		}
	}
	f.roll()
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		s, ok := f.serverAt[m.Server]
		if !ok || m.Cancelled || m.Hook != "" {
			continue
		}
		start, end := f.window(m)
		if end <= f.view.Tick || start.Add(-f.cfg.DrainLead) > f.view.Tick || f.closing[s].reason != "" && f.closing[s].hook == "" {
			continue
		}
		f.closing[s] = closing{
			reason: fmt.Sprintf("%s is emptied for maintenance %s at %v", m.Server, m.ID, start),
			by:     f.unlessNow(start), until: end, maintenance: m.ID,
		}
	}
}

// unlessNow is by when a server has to be empty for a window; 0, now, where that
// is too soon for a plan whose time passes before anybody can act.
func (f *fleet) unlessNow(start model.Instant) model.Instant {
	if start <= f.view.Tick.Add(tooSoon) {
		return 0
	}
	return start
}

// window returns when a maintenance takes place. One that may be shifted starts
// in the period of the horizon in which its server and the fleet have least to
// do; once its server is empty it does not wait any longer.
func (f *fleet) window(m model.Maintenance) (start, end model.Instant) {
	start, end = m.Start, m.End
	if start == 0 {
		start = m.EarliestStart
	}
	length := m.Duration
	if length <= 0 {
		length = max(0, end.Sub(start))
	}
	if m.EarliestStart == 0 || m.LatestEnd == 0 || m.LatestEnd.Sub(m.EarliestStart) <= length {
		if end == 0 {
			end = start.Add(length)
		}
		return start, end
	}
	start = f.leastLoaded(m, length)
	return start, start.Add(length)
}

// leastLoaded chooses the start of a window that may be shifted. Past the last
// start that its range allows, that one is returned.
func (f *fleet) leastLoaded(m model.Maintenance, length time.Duration) model.Instant {
	last := m.LatestEnd.Add(-length)
	first := max(m.EarliestStart, f.view.Tick)
	s, ok := f.serverAt[m.Server]
	if first >= last || ok && !slices.Contains(f.start, s) {
		return min(first, last)
	}
	best, least := min(first, last), int64(-1)
	for t := range f.periods() {
		from, _ := f.period(t)
		if from = max(from, first); from > last {
			break
		}
		// What runs on the server has to move, and the rest has to make room for it.
		load := f.expectedCPU(t, func(at int) int64 {
			if at == s {
				return 4
			}
			return 1
		})
		if least < 0 || load < least {
			best, least = from, load
		}
	}
	return best
}

// expectedCPU sums the expected load of a period, each server's weighted.
func (f *fleet) expectedCPU(t int, weight func(server int) int64) int64 {
	var sum int64
	for i, r := range f.replicas {
		if fc := r.series[model.CPU]; fc != nil {
			sum += amount(f.value(fc, t, 0)*r.share) * weight(f.start[i])
		} else {
			sum += f.applications[r.app].Request[model.CPU] * weight(f.start[i])
		}
	}
	return sum
}

// closed tells whether a server has to be empty.
func (f *fleet) closed(s int) bool { return f.closing[s].reason != "" }

// accepts tells whether a server may take replicas.
func (f *fleet) accepts(s int) bool { return !f.closed(s) && !f.servers[s].Unschedulable }
