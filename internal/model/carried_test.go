package model

import (
	"math"
	"testing"
)

func edge(caller, callee ApplicationID, rate float64) Edge {
	return Edge{Caller: caller, Callee: callee, CallsPerSecond: rate}
}

func TestCarried(t *testing.T) {
	for name, c := range map[string]struct {
		edges []Edge
		entry ApplicationID
		want  map[ApplicationID]float64
	}{
		"nothing": {nil, "web", map[ApplicationID]float64{"web": 1}},
		"chain":   {[]Edge{edge("web", "api", 10), edge("api", "db", 25)}, "web", map[ApplicationID]float64{"web": 1, "api": 1, "db": 1}},
		"from the middle": {[]Edge{edge("web", "api", 10), edge("api", "db", 25)}, "api",
			map[ApplicationID]float64{"api": 1, "db": 1}},
		"shared": {[]Edge{edge("a", "auth", 30), edge("b", "auth", 10), edge("auth", "db", 80), edge("b", "db", 20)}, "a",
			map[ApplicationID]float64{"a": 1, "auth": 0.75, "db": 0.6}},
		"two ways": {[]Edge{edge("web", "api", 10), edge("web", "db", 10), edge("api", "db", 10), edge("cron", "db", 20)}, "web",
			map[ApplicationID]float64{"web": 1, "api": 1, "db": 0.5}},
		"itself": {[]Edge{edge("web", "web", 5), edge("web", "api", 5), edge("api", "api", 100)}, "web",
			map[ApplicationID]float64{"web": 1, "api": 1}},
		"gone and silent": {[]Edge{{Caller: "web", Callee: "old", CallsPerSecond: 5, Gone: true}, edge("web", "idle", 0)}, "web",
			map[ApplicationID]float64{"web": 1}},
		// Half of b's requests come from c, which is called by b alone: all of it is a's.
		"circle":       {[]Edge{edge("a", "b", 10), edge("c", "b", 10), edge("b", "c", 10)}, "a", map[ApplicationID]float64{"a": 1, "b": 1, "c": 1}},
		"called entry": {[]Edge{edge("other", "web", 90), edge("web", "db", 10)}, "web", map[ApplicationID]float64{"web": 1, "db": 1}},
	} {
		got := Carried(c.edges, c.entry)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for id, share := range c.want {
			if math.Abs(got[id]-share) > 0.01 {
				t.Errorf("%s: %s carries %.3f, want %.3f", name, id, got[id], share)
			}
		}
	}
}

// TestCarriedFollowsRates: a change of the entry's rate changes every application's
// requests by its share, whatever the order of edges.
func TestCarriedFollowsRates(t *testing.T) {
	perRequest := []struct {
		caller, callee ApplicationID
		calls          float64
	}{{"web", "api", 2}, {"mobile", "api", 1}, {"api", "auth", 0.5}, {"api", "db", 3}, {"batch", "db", 10}, {"auth", "db", 1}}
	rates := func(web float64) (map[ApplicationID]float64, []Edge) {
		r := map[ApplicationID]float64{"web": web, "mobile": 30, "batch": 4}
		var edges []Edge
		for _, c := range perRequest {
			r[c.callee] += r[c.caller] * c.calls
			edges = append([]Edge{edge(c.caller, c.callee, r[c.caller]*c.calls)}, edges...)
		}
		return r, edges
	}
	// Callees come after all of their callers in the list but for auth before db.
	before, edges := rates(100)
	after, _ := rates(150)
	for id, share := range Carried(edges, "web") {
		if want := before[id] * (1 + 0.5*share); math.Abs(want-after[id]) > 0.01*after[id] {
			t.Errorf("%s: %.1f requests, want %.1f of %.1f before", id, after[id], want, before[id])
		}
	}
}
