package recorded

import (
	"maps"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

// What a made-up promise allows a request: on idle servers 99 % are answered
// within three to four times the mean.
const (
	promisedTimes = 6
	promisedExtra = 10 * time.Millisecond
)

// promises gives made-up applications that are called from outside a promise of
// the response time.
func (b *builder) promises() {
	if b.options.Servers == nil {
		b.checkPromises()
		return
	}
	apps := map[model.ApplicationID]*simfleet.ApplicationSpec{}
	for i := range b.spec.Applications {
		apps[b.spec.Applications[i].ID] = &b.spec.Applications[i]
	}
	memo := map[model.ApplicationID]float64{}
	var along func(a *simfleet.ApplicationSpec) float64
	along = func(a *simfleet.ApplicationSpec) float64 {
		if known, ok := memo[a.ID]; ok {
			return known
		}
		seconds := a.Demand.Seconds()
		for _, c := range a.Calls {
			seconds += c.Rate * along(apps[c.Callee])
		}
		memo[a.ID] = seconds
		return seconds
	}
	for i := range b.spec.Applications {
		a := &b.spec.Applications[i]
		if a.Entry > 0 && len(a.Calls) > 0 {
			a.SLO.ResponseQuantilePPM = 990_000
			a.SLO.ResponseMicros = int64(promisedTimes*along(a)*1e6) + promisedExtra.Microseconds()
			b.note("%s promises 99 %% of its responses within %.1f ms: %d times the CPU time of a request with all its "+
				"calls, and %v.", a.ID, float64(a.SLO.ResponseMicros)/1000, promisedTimes, promisedExtra)
		}
	}
}

// checkPromises notes that nothing is promised.
func (b *builder) checkPromises() {
	for i := range b.spec.Applications {
		if b.spec.Applications[i].SLO != (model.SLO{}) {
			return
		}
	}
	b.note("No application states a promise: only overload and standing on a server in maintenance count.")
}

// calendar takes announced events and maintenance as they became known.
func (b *builder) calendar() {
	for _, id := range slices.Sorted(maps.Keys(b.record.calendar)) {
		if e := b.record.calendar[id]; !e.Cancelled && e.At <= b.span.to {
			b.spec.Calendar = append(b.spec.Calendar, e)
		}
	}
	servers := map[model.ServerID]bool{}
	for _, s := range b.spec.Servers {
		servers[s.ID] = true
	}
	updates := 0
	for _, id := range slices.Sorted(maps.Keys(b.record.maintenance)) {
		m := b.record.maintenance[id]
		if m.Cancelled || !servers[m.Server] || m.End <= b.span.from || m.Start >= b.span.to {
			continue
		}
		if m.Hook != "" {
			updates++
			continue
		}
		b.spec.Maintenance = append(b.spec.Maintenance, simfleet.MaintenanceSpec{ID: m.ID, Server: m.Server,
			Begin: m.Start.Sub(b.span.from), Length: m.End.Sub(m.Start), Announced: m.Start.Sub(m.At), Reason: m.Reason})
	}
	if updates > 0 {
		b.note("%d server updates are left out: when one runs is the policy's choice, and no record says how long "+
			"another choice takes.", updates)
	}
}
