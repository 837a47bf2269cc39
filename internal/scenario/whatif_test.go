package scenario

import (
	"maps"
	"slices"
	"testing"

	"drover/internal/model"
)

// TestOneMoreServerIsOfItsKindAndEmpty: it has the capacity, zone and ways of the
// one it is like, and the view that was asked about stays as it is.
func TestOneMoreServerIsOfItsKindAndEmpty(t *testing.T) {
	kind := testServer("s1", "a")
	kind.Unschedulable, kind.AgentURL, kind.Labels = true, "http://s1", map[string]string{"gpu": "no"}
	gone := testServer("s3", "b")
	gone.Removed = true
	v := testView([]model.Server{kind, testServer("s2", "b"), gone, testServer("s1+1", "b")}, nil, nil)
	v.Links = []model.Link{{From: "s1", To: "s2", RTTMicros: 900}, {From: "s2", To: "s1", RTTMicros: 800}, {From: "s2", To: "s1+1", RTTMicros: 7}}
	got := withServers(v, []model.ServerID{"s1", "s1", "s3", "nobody"})
	if want := []model.ServerID{"s1", "s1+1", "s1+2", "s1+3", "s2", "s3"}; !slices.Equal(slices.Sorted(maps.Keys(got.Servers)), want) {
		t.Fatalf("servers %v, want %v", slices.Sorted(maps.Keys(got.Servers)), want)
	}
	for _, id := range []model.ServerID{"s1+2", "s1+3"} {
		s := got.Servers[id]
		if s.ID != id || s.Capacity != kind.Capacity || s.Zone != "a" || s.Rack != kind.Rack || s.Labels["gpu"] != "no" || s.Unschedulable || s.AgentURL != "" {
			t.Errorf("%+v", s)
		}
		way := func(from, to model.ServerID, rtt int64) bool {
			return slices.ContainsFunc(got.Links, func(l model.Link) bool { return l.From == from && l.To == to && int64(l.RTTMicros) == rtt })
		}
		if !way(id, "s2", 900) || !way("s2", id, 800) {
			t.Errorf("ways of %s: %+v", id, got.Links)
		}
	}
	if len(v.Servers) != 4 || len(v.Links) != 3 || len(got.Links) != 7 {
		t.Errorf("asked about %d servers and %d links, answered with %d links", len(v.Servers), len(v.Links), len(got.Links))
	}
}

// TestWhatIfOneMoreServer: two servers that are too small for double the load keep
// their promises with a third, in every future; where its zone is lost it is, too.
func TestWhatIfOneMoreServer(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 3500), testApplication("api", 3500), testApplication("db", 3500)},
		map[string]string{"web/0": "s1", "api/0": "s1", "db/0": "s2"})
	ask := Question{Added: []model.ServerID{"s2"}, Future: Future{Name: "asked", Load: []LoadChange{{ChangePPM: 1_000_000}}}}
	with, plan := WhatIf(v, Config{}, ask, greedy)
	without, _ := WhatIf(v, Config{}, ask.Without(), greedy)
	if without.Scenarios[3].Name != "asked" || without.Scenarios[3].ViolationsAfter == 0 {
		t.Errorf("without: %s %+v", without.Reason, without.Scenarios[3])
	}
	if with.Scenarios[3].Name != "asked" || with.Scenarios[3].ViolationsAfter != 0 || plan == nil || !plan.DryRun {
		t.Fatalf("with: %s %+v", with.Reason, with.Scenarios[3])
	}
	if !slices.ContainsFunc(plan.Moves, func(m model.Move) bool { return m.To == "s2+1" }) {
		t.Errorf("nothing goes to the new server: %+v", plan.Moves)
	}
	if _, added := v.Servers["s2+1"]; added || len(ask.Added) != 1 {
		t.Error("asking has changed the fleet or the question")
	}
	ask.Future = Future{Name: "asked", Lost: []Loss{{Zone: "b"}}, Load: []LoadChange{{ChangePPM: 1_000_000}}}
	if lost, _ := WhatIf(v, Config{}, ask, greedy); lost.Scenarios[3].ViolationsAfter == 0 {
		t.Errorf("its zone is lost and it helps: %+v", lost.Scenarios[3])
	}
}
