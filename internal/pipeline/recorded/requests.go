package recorded

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

const minuteStep = time.Minute

// Where the CPU time of a request comes from.
const (
	demandStated   = "stated"
	demandCalls    = "calls"
	demandOutgoing = "outgoing calls"
	demandAssumed  = "assumed"
)

// Bounds and the assumption for the CPU time of a request.
const (
	assumedDemand = 10 * time.Millisecond
	leastDemand   = 10 * time.Microsecond
	mostDemand    = 10 * time.Second
)

// requests works out what a request costs each application and how often it
// calls others.
func (b *builder) requests() {
	served, sent := map[model.ApplicationID]float64{}, map[model.ApplicationID]float64{}
	maps.Copy(served, b.record.entries)
	for _, e := range b.callers() {
		served[e.callee] += b.record.edges[e].total
		if e.caller != e.callee {
			sent[e.caller] = max(sent[e.caller], b.record.edges[e].total)
		}
	}
	index, coreSeconds := map[model.ApplicationID]int{}, make([]float64, len(b.spec.Applications))
	for i := range b.spec.Applications {
		a := &b.spec.Applications[i]
		index[a.ID] = i
		coreSeconds[i] = b.coreSeconds(a)
		b.account.Applications[i].DemandFrom = setDemand(a, coreSeconds[i]/b.account.Scale, b.apps[i].DemandMicros, served[a.ID], sent[a.ID])
	}
	b.calls(index, coreSeconds)
}

// setDemand sets the CPU time of a request and tells where it is from: coreSeconds
// were used while so many requests were served, and so many calls sent.
func setDemand(a *simfleet.ApplicationSpec, coreSeconds float64, statedMicros int64, served, sent float64) string {
	bounded := func(seconds float64) time.Duration {
		return min(max(time.Duration(seconds*1e6)*time.Microsecond, leastDemand), mostDemand)
	}
	switch {
	case statedMicros > 0:
		a.Demand = time.Duration(statedMicros) * time.Microsecond
		return demandStated
	case served > 0 && coreSeconds > 0:
		a.Demand = bounded(coreSeconds / served)
		return demandCalls
	case sent > 0 && coreSeconds > 0:
		a.Demand = bounded(coreSeconds / sent)
		return demandOutgoing
	}
	a.Demand = assumedDemand
	return demandAssumed
}

// coreSeconds is the CPU time that an application used while calls were recorded.
func (b *builder) coreSeconds(a *simfleet.ApplicationSpec) float64 {
	from, to := b.called()
	sum := 0.0
	for m := from; m < to; m++ {
		sum += a.Recorded.CPUMilli[m] / 1000 * minuteStep.Seconds()
	}
	return sum
}

// called returns the minutes in which calls were recorded.
func (b *builder) called() (from, to int) {
	if b.record.called.last == 0 {
		return 0, 0
	}
	from = max(0, minuteOf(b.record.called.first, b.span.begin))
	return from, min(b.minutes, minuteOf(b.record.called.last, b.span.begin)+1)
}

// calls sets the calls of every application for each of its requests, those with
// most calls first; those that would close a circle are left out, since a circle
// has no response time that could be worked out from its parts.
func (b *builder) calls(index map[model.ApplicationID]int, coreSeconds []float64) {
	var circles []string
	for _, e := range b.callers() {
		from, known := index[e.caller]
		to, there := index[e.callee]
		c := b.record.edges[e]
		if !known || !there || c.total == 0 {
			continue
		}
		caller := &b.spec.Applications[from]
		requests := coreSeconds[from] / caller.Demand.Seconds() / b.account.Scale
		if requests <= 0 {
			continue
		}
		if b.reaches(index, to, from, map[int]bool{}) {
			circles = append(circles, string(e.caller)+" to "+string(e.callee))
			continue
		}
		caller.Calls = append(caller.Calls, simfleet.CallSpec{Callee: e.callee, Rate: c.total / requests,
			RequestBytes: c.requested / c.total, ResponseBytes: c.responded / c.total})
	}
	if len(circles) > 0 {
		b.note("Calls left out, since they close a circle: %s.", listed(circles))
	}
	b.entries(index)
}

// reaches tells whether an application is another one or calls it, directly or not.
func (b *builder) reaches(index map[model.ApplicationID]int, from, to int, seen map[int]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, c := range b.spec.Applications[from].Calls {
		if next := index[c.Callee]; !seen[next] && b.reaches(index, next, to, seen) {
			return true
		}
	}
	return false
}

// entries marks the applications that outsiders call: those that no other calls.
func (b *builder) entries(index map[model.ApplicationID]int) {
	called := map[model.ApplicationID]bool{}
	for i := range b.spec.Applications {
		for _, c := range b.spec.Applications[i].Calls {
			called[c.Callee] = true
		}
	}
	for id, i := range index {
		if a := &b.spec.Applications[i]; !called[id] {
			mean, _ := meanAndMost(a.Recorded.CPUMilli)
			a.Entry = mean / 1000 / a.Demand.Seconds()
		}
	}
}

// callers returns the recorded dependencies, those with most calls first.
func (b *builder) callers() []edge {
	edges := slices.Collect(maps.Keys(b.record.edges))
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(b.record.edges[y].total, b.record.edges[x].total),
			cmp.Compare(x.caller, y.caller), cmp.Compare(x.callee, y.callee))
	})
	return edges
}
