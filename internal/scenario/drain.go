package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"drover/internal/model"
)

// addClosings finds the servers that have to be emptied: drained by order, or
// by an announced maintenance whose window begins within DrainLead. Updates
// (maintenance with a hook) start one batch after the other, see update.go.
func (f *fleet) addClosings() {
	f.closing = make([]closing, len(f.servers))
	for _, id := range slices.Sorted(maps.Keys(f.view.Drained)) {
		if s, ok := f.serverAt[id]; ok {
			f.closing[s] = closing{reason: fmt.Sprintf("%s was ordered to be drained at %v", id, f.view.Drained[id])}
		}
	}
	admitted := f.admitUpdates()
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		s, ok := f.serverAt[m.Server]
		if !ok || m.Cancelled {
			continue
		}
		start, end := window(m)
		if end <= f.view.Tick || start.Add(-f.cfg.DrainLead) > f.view.Tick {
			continue
		}
		if why, ok := admitted[m.ID]; m.Hook != "" && ok && why != "" {
			if !strings.HasSuffix(why, updateEnded) {
				f.notes = append(f.notes, why)
			}
			continue
		}
		if f.closing[s].reason != "" {
			continue
		}
		what := "maintenance"
		if m.Hook != "" {
			what = "update"
		}
		f.closing[s] = closing{
			reason: fmt.Sprintf("%s is emptied for %s %s at %v", m.Server, what, m.ID, start),
			by:     start, until: end, hook: m.Hook, maintenance: m.ID,
		}
	}
}

// window returns when a maintenance takes place. Where only a duration and the
// range for shifting are known, it starts as early as it may.
func window(m model.Maintenance) (start, end model.Instant) {
	start, end = m.Start, m.End
	if start == 0 {
		start = m.EarliestStart
	}
	if end == 0 {
		end = start.Add(m.Duration)
	}
	return start, end
}

// closed tells whether a server has to be empty.
func (f *fleet) closed(s int) bool { return f.closing[s].reason != "" }

// accepts tells whether a server may take replicas.
func (f *fleet) accepts(s int) bool { return !f.closed(s) && !f.servers[s].Unschedulable }
