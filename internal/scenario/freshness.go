package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// freshness decides whether the view can carry a decision. It freezes replicas
// whose data is stale; hold is the reason to do nothing where there are too
// many of them, or where nothing is known.
func (f *fleet) freshness() (hold string) {
	switch {
	case len(f.servers) == 0:
		return "no server is known"
	case len(f.replicas) == 0:
		return "no replica is known to run on a known server"
	}
	var stale, missing []string
	oldest := f.view.Tick
	for i, r := range f.replicas {
		since, known := f.seen(i)
		switch {
		case !known:
			missing = append(missing, string(r.id))
			f.freeze(i, "nothing is known of its load")
		case f.view.Tick.Sub(since) > f.cfg.StaleAfter:
			stale = append(stale, string(r.id))
			oldest = min(oldest, since)
			f.freeze(i, fmt.Sprintf("its data is stale since %v", since))
		}
	}
	if n := int64(len(stale) + len(missing)); n*1_000_000 > f.cfg.MaxStalePPM*int64(len(f.replicas)) {
		out := fmt.Sprintf("data of %d of %d replicas can't be relied on", n, len(f.replicas))
		if len(stale) > 0 {
			out += fmt.Sprintf("; stale, the oldest since %v: %s", oldest, firstFew(stale))
		}
		if len(missing) > 0 {
			out += "; neither forecast nor request: " + firstFew(missing)
		}
		return out
	}
	f.noteSome("stale data, left where they are", stale)
	f.noteSome("load unknown, left where they are", missing)
	return ""
}

func (f *fleet) freeze(r int, why string) {
	if f.frozen[r] == "" {
		f.frozen[r] = why
	}
}

// seen returns the time of the latest value behind a replica's load; known is
// false where there is neither forecast nor request.
func (f *fleet) seen(r int) (since model.Instant, known bool) {
	rep := f.replicas[r]
	found := false
	for _, fc := range rep.series {
		if fc == nil {
			continue
		}
		at := fc.ObservedAt
		if at == 0 {
			at = fc.Origin
		}
		if !found || at < since {
			since = at
		}
		found = true
	}
	if found {
		return since, true
	}
	// A stated request does not age.
	return f.view.Tick, f.applications[rep.app].Request != (model.Vector{})
}

// hysteresis freezes applications that moved within Config.Hysteresis. The
// freeze is lifted for what has to leave its server (see mustLeave).
func (f *fleet) hysteresis() {
	last := make([]model.Instant, len(f.applications))
	itself := map[model.ReplicaID]bool{}
	for _, m := range f.view.RecentMoves {
		if a, ok := f.appAt[m.Application]; ok {
			last[a] = max(last[a], m.At)
		}
		if f.view.Tick.Sub(m.At) < f.cfg.Hysteresis {
			itself[m.Replica] = true
		}
	}
	for i, r := range f.replicas {
		f.again[i] = itself[r.id]
		if at := last[r.app]; at != 0 && f.view.Tick.Sub(at) < f.cfg.Hysteresis {
			f.byApp[i] = f.frozen[i] == "" && !f.again[i]
			f.freeze(i, fmt.Sprintf("%s moved at %v", f.applications[r.app].ID, at))
		}
	}
}

// trustedPPM is the share of the replicas' forecasts that are trusted.
func (f *fleet) trustedPPM() int64 {
	var trusted, all int64
	for _, r := range f.replicas {
		for _, fc := range r.series {
			if fc != nil {
				all++
				if fc.Trusted {
					trusted++
				}
			}
		}
	}
	if all == 0 {
		return 0
	}
	return trusted * 1_000_000 / all
}

// movedRecently returns the end of an application's latest move within the
// hysteresis, or 0.
func (f *fleet) movedRecently(a int) model.Instant {
	var last model.Instant
	for _, m := range f.view.RecentMoves {
		if m.Application == f.applications[a].ID && f.view.Tick.Sub(m.At) < f.cfg.Hysteresis {
			last = max(last, m.At)
		}
	}
	return last
}

// movesWithin counts the moves that ended within the last hour: all of them,
// and by application.
func (f *fleet) movesWithin() (all int, byApp []int) {
	byApp = make([]int, len(f.applications))
	hourAgo := f.view.Tick - 3_600_000
	for _, m := range f.view.RecentMoves {
		if m.At <= hourAgo {
			continue
		}
		all++
		if a, ok := f.appAt[m.Application]; ok {
			byApp[a]++
		}
	}
	return all, byApp
}

// mustLeave tells whether a replica can't stay on its server: the server has to
// be emptied, or is too full or too busy in a future that must be met.
func (st *state) mustLeave(r int) bool {
	s := st.place[r]
	return st.f.closed(s) || st.server[s].broken > 0
}

// sortedUnique sorts a list of indices and drops repeats.
func sortedUnique(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}
