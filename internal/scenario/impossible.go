package scenario

import (
	"cmp"
	"fmt"
	"time"

	"drover/internal/model"
	"drover/internal/scenario/phasing"
)

// latestEnd is when an update has to be over.
func latestEnd(m model.Maintenance) model.Instant { return cmp.Or(m.LatestEnd, m.End) }

// missed says why an update can't be made any more, or never could in the window
// that it was given, and what to do; empty: it can.
func (f *fleet) missed(m model.Maintenance, replicas int) string {
	from, until := cmp.Or(m.EarliestStart, m.Start), latestEnd(m)
	_, end := f.window(m)
	switch {
	case m.Duration > 0 && until > from && until.Sub(from) < m.Duration:
		return fmt.Sprintf("it takes %s, its window from %v to %v is shorter; order it again with %s or more",
			span(m.Duration), from, until, span(m.Duration))
	case end <= f.view.Tick && replicas > 0:
		return fmt.Sprintf("its window ended at %v with %s still on %s; order it again with more time, "+
			"or make room for them", end, counted(replicas, "replica"), m.Server)
	case end <= f.view.Tick:
		return fmt.Sprintf("its window ended at %v; order it again", end)
	case m.Duration > 0 && m.LatestEnd != 0 && f.view.Tick.Add(m.Duration) > m.LatestEnd:
		why := fmt.Sprintf("it takes %s and would not be over by %v", span(m.Duration), m.LatestEnd)
		if replicas > 0 {
			why += fmt.Sprintf(": %s still on %s", counted(replicas, "replica"), m.Server)
		}
		return why + "; order it again with more time or more servers at once"
	}
	return ""
}

// tooMany says that a server's turn can't come within the window of its roll,
// even were nothing to be moved, and what would fix that; empty: it may.
func (r *rolls) tooMany(m model.Maintenance, atOnce int) string {
	before, until := r.before[rollOf(m)], latestEnd(m)
	begin := max(r.f.view.Tick, cmp.Or(m.EarliestStart, m.Start))
	done := func(atOnce int) model.Instant { return begin.Add(time.Duration(before/atOnce+1) * m.Duration) }
	if m.Duration <= 0 || until == 0 || atOnce < 1 || done(atOnce) <= until {
		return ""
	}
	enough := atOnce + 1
	for done(enough) > until && enough <= before {
		enough++
	}
	fix := fmt.Sprintf("a window until %v", done(atOnce))
	if done(enough) <= until {
		fix = fmt.Sprintf("%d at once or %s", enough, fix)
	}
	return fmt.Sprintf("impossible in its window: %s before it, %d at once, %s each, it would be over at %v, "+
		"the window ends at %v; what would fix it: %s",
		counted(before, "server"), atOnce, span(m.Duration), done(atOnce), until, fix)
}

// stuck says, in the updates and in the notes, which servers can't be emptied or
// not in time by the placement and the schedule found, why, and what would fix it.
func (f *fleet) stuck(found improvement) {
	for s := range f.servers {
		c := &f.closing[s]
		if c.reason == "" || len(found.status.on[s]) == 0 {
			continue
		}
		why := cmp.Or(found.reached.stays(s), f.tooLate(s, found.schedule, found.replicas))
		if why == "" {
			continue
		}
		f.notes = append(f.notes, fmt.Sprintf("%s can't be emptied: %s", f.servers[s].ID, why))
		for i := range f.updates {
			if u := &f.updates[i]; u.Maintenance == c.maintenance && u.State == model.UpdateDraining {
				u.Reason = "impossible as things stand: " + why
			}
		}
	}
}

// tooLate says that a server's replicas will have left it too late for its update.
func (f *fleet) tooLate(s int, schedule phasing.Schedule, replicas []int) string {
	c := &f.closing[s]
	if c.hook == "" || c.latest == 0 {
		return ""
	}
	var end model.Instant
	for _, step := range schedule.Steps {
		if f.start[replicas[step.Move]] == s {
			end = max(end, step.Start.Add(step.Duration))
		}
	}
	if end == 0 || end.Add(c.length) <= c.latest {
		return ""
	}
	return fmt.Sprintf("what runs there will have left at %v, the update takes %s and has to be over by %v; "+
		"what would fix it: a window until %v", end, span(c.length), c.latest, end.Add(c.length))
}
