package scenario

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
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
	without, _ := WhatIf(v, Config{}, Question{Future: ask.Future}, greedy)
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

// crowded is a fleet of two servers that can't carry double the load.
func crowded() (View, Question) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 3500), testApplication("api", 3500), testApplication("db", 3500)},
		map[string]string{"web/0": "s1", "api/0": "s1", "db/0": "s1"})
	return v, Question{Added: []model.ServerID{"s2"}, Future: Future{Name: "asked", Load: []LoadChange{{ChangePPM: 1_000_000}}}}
}

// TestAskStartsFromWhatWasFoundWithout: the search with one more server begins
// where the one without ended.
func TestAskStartsFromWhatWasFoundWithout(t *testing.T) {
	v, ask := crowded()
	var starts [][]int
	a := Ask(v, Config{}, ask, func(p *model.Problem, b Budget) (model.Answer, error) {
		if len(p.Bins) == 3 {
			starts = append(starts, b.Incumbent)
		} else if b.Incumbent != nil {
			t.Errorf("without: it starts from %v", b.Incumbent)
		}
		return greedy(p, b)
	})
	if a.Without == nil || a.Without.Decision != DecisionPlan {
		t.Fatalf("without: %+v", a.Without)
	}
	if len(starts) == 0 || len(starts[0]) != 3 || slices.Max(starts[0]) != 1 {
		t.Fatalf("starts %v: want what was found on the two servers", starts)
	}
	for _, later := range starts[1:] { // rounds and stages have other problems
		if later != nil {
			t.Errorf("a later search starts from %v", later)
		}
	}
	if with, without := brokenInBoth(a.Evaluation, *a.Without); with >= without {
		t.Errorf("broken with one more %d, without %d", with, without)
	}
	if alone := Ask(v, Config{}, Question{Future: ask.Future}, greedy); alone.Without != nil || alone.Evaluation.Reason != a.Without.Reason {
		t.Errorf("no server was asked for: %+v", alone.Without)
	}
}

// TestMoreServersAreNeverTheWorseAnswer: whatever the search makes of a fleet with
// more servers, the moves found without them are still possible.
func TestMoreServersAreNeverTheWorseAnswer(t *testing.T) {
	v, ask := crowded()
	lost := Ask(v, Config{}, ask, func(p *model.Problem, b Budget) (model.Answer, error) {
		if len(p.Bins) == 2 {
			return greedy(p, b)
		}
		var stay model.Answer
		for _, item := range p.Items {
			stay.Assignment = append(stay.Assignment, item.Start)
		}
		return stay, nil
	})
	if !strings.HasPrefix(lost.Evaluation.Reason, "the servers that were asked for gain nothing") || lost.Plan == nil {
		t.Errorf("%q, plan %v", lost.Evaluation.Reason, lost.Plan)
	}
	if with, without := brokenInBoth(lost.Evaluation, *lost.Without); with != without || with == 0 {
		t.Errorf("broken with one more %d, without %d", with, without)
	}
	worse := 0
	for seed := range uint64(60) {
		v, ask := guessedFleet(seed)
		a := Ask(v, Config{}, ask, guess(seed))
		with, without := brokenInBoth(a.Evaluation, *a.Without)
		if with > without {
			t.Errorf("seed %d: broken with one more %d, without %d: %s", seed, with, without, a.Evaluation.Reason)
		}
		if strings.HasPrefix(a.Evaluation.Reason, "the servers that were asked for gain nothing") {
			worse++
		}
	}
	if worse == 0 {
		t.Error("the search was never worse: this shows nothing")
	}
}

// guessedFleet is a fleet of a few servers, full or not.
func guessedFleet(seed uint64) (View, Question) {
	rng := rand.New(rand.NewPCG(seed, 1))
	var servers []model.Server
	for i := range 2 + rng.IntN(3) {
		servers = append(servers, testServer(fmt.Sprintf("s%d", i), string(rune('a'+i%2))))
	}
	var apps []model.Application
	at := map[string]string{}
	for i := range 3 + rng.IntN(4) {
		name := fmt.Sprintf("a%d", i)
		apps = append(apps, testApplication(name, int64(1000+rng.IntN(3500))))
		at[name+"/0"] = string(servers[rng.IntN(len(servers))].ID)
	}
	return testView(servers, apps, at), Question{Added: []model.ServerID{servers[0].ID}, Future: Future{Name: "asked", Load: []LoadChange{{ChangePPM: int64(rng.IntN(1_500_000))}}}}
}

// guess places at random, and differently in each problem.
func guess(seed uint64) Solve {
	return func(p *model.Problem, _ Budget) (model.Answer, error) {
		rng := rand.New(rand.NewPCG(seed, uint64(len(p.Bins))))
		var out model.Answer
		for range p.Items {
			out.Assignment = append(out.Assignment, rng.IntN(len(p.Bins)))
		}
		return out, nil
	}
}
