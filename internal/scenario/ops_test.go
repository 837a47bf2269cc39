package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// rollView has four servers with one replica each and an update announced for
// three of them at once.
func rollView() View {
	var servers []model.Server
	placement := map[string]string{}
	var apps []model.Application
	for i := range 4 {
		id := fmt.Sprintf("s%d", i)
		servers = append(servers, testServer(id, "z"))
		apps = append(apps, testApplication(fmt.Sprintf("a%d", i), 1000))
		placement[fmt.Sprintf("a%d/0", i)] = id
	}
	v := testView(servers, apps, placement)
	for i := range 3 {
		v.Maintenance = append(v.Maintenance, model.Maintenance{
			ID: fmt.Sprintf("u%d", i), Server: model.ServerID(fmt.Sprintf("s%d", i)), Hook: "kernel",
			Start: noon, End: noon.Add(6 * time.Hour), Duration: 10 * time.Minute,
		})
	}
	return v
}

// roll plays planning ticks: every plan succeeds, and an update of the server
// named bad fails. It returns the servers in the order of their updates.
func roll(t *testing.T, bad model.ServerID) (order []model.ServerID, last model.Evaluation) {
	v := rollView()
	for range 12 {
		ev, plan := Decide(v, Config{Hysteresis: time.Minute}, greedy)
		last = ev
		v.Tick = v.Tick.Add(10 * time.Minute)
		if plan == nil {
			continue
		}
		for _, m := range plan.Moves {
			v.Placement[m.Replica] = m.To
			v.RecentMoves = append(v.RecentMoves, RecentMove{m.Replica, m.Application, v.Tick})
		}
		if plan.UpdateServer != "" {
			for r, s := range v.Placement {
				if s == plan.UpdateServer {
					t.Fatalf("%s is updated while %s runs there", s, r)
				}
			}
			order = append(order, plan.UpdateServer)
			v.Updates = append(v.Updates, UpdateResult{
				Maintenance: "u" + string(plan.UpdateServer[1:]), Server: plan.UpdateServer, At: v.Tick, OK: plan.UpdateServer != bad, Reason: "no answer",
			})
		}
	}
	return order, last
}

func TestRollingUpdateGoesOneByOne(t *testing.T) {
	order, _ := roll(t, "")
	if len(order) != 3 {
		t.Fatalf("updated %v, want three servers", order)
	}
}

func TestRollingUpdateStopsAtTheFirstFailure(t *testing.T) {
	order, last := roll(t, "s0")
	if order[len(order)-1] != "s0" {
		t.Fatalf("updated %v after s0 failed", order)
	}
	if len(order) < 3 && !strings.Contains(last.Reason, "the update of s0 failed (no answer)") {
		t.Errorf("reason %q", last.Reason)
	}
}

func TestHysteresisKeepsApplicationsStill(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 500), testApplication("api", 500)}, map[string]string{"web/0": "s1", "api/0": "s2"})
	if _, plan := Decide(v, Config{}, greedy); plan == nil {
		t.Fatal("two half-empty servers are not consolidated")
	}
	v.RecentMoves = []RecentMove{{"web/0", "web", noon.Add(-10 * time.Minute)}, {"api/0", "api", noon.Add(-20 * time.Minute)}}
	if ev, plan := Decide(v, Config{}, greedy); plan != nil {
		t.Fatalf("moved again to save money: %s", ev.Reason)
	}
	v.Drained = map[model.ServerID]model.Instant{"s1": noon}
	_, plan := Decide(v, Config{}, greedy)
	if plan == nil || !strings.Contains(plan.Moves[0].Reason, "moved at 2026-03-02T11:50:00Z already and moves again for that reason") {
		t.Fatalf("a drain has to go on and to say why: %+v", plan)
	}
}

func TestGuardRails(t *testing.T) {
	v := randomView(3, 12, 0.35)
	free, plan := Decide(v, Config{}, greedy)
	if plan == nil || len(plan.Moves) < 6 {
		t.Fatalf("the fleet gives too few moves: %s", free.Reason)
	}
	for _, cfg := range []Config{{MaxMovesPerHour: 4}, {MaxServersTouched: 3}, {MaxApplicationMovesPerHour: 1}} {
		ev, plan := Decide(v, cfg, greedy)
		checkPlan(t, v, cfg, ev, plan)
		if plan == nil {
			continue
		}
		servers := map[model.ServerID]bool{}
		for _, m := range plan.Moves {
			servers[m.From], servers[m.To] = true, true
		}
		if n := cfg.WithDefaults().MaxServersTouched; len(servers) > n {
			t.Errorf("%d servers touched, at most %d", len(servers), n)
		}
	}
	if ev, plan := Decide(v, Config{MinimumBenefitMicros: 1 << 50}, greedy); plan != nil && plan.ViolationsBefore == plan.ViolationsAfter {
		t.Errorf("a plan below the least benefit: %s", ev.Reason)
	}
}

func TestShortfallSaysWhatIsMissing(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("web", 7000), testApplication("api", 7000), testApplication("job", 5000)},
		map[string]string{"web/0": "s1", "api/0": "s2", "job/0": "s1"})
	ev, _ := Decide(v, Config{}, greedy)
	for _, want := range []string{"least violation", "SLO capacity: s1 would be at 150.0 % of its cpu", "s1 is too full", "1 more server like s1 (8000 millicores of cpu each); missing 4000"} {
		if !strings.Contains(ev.Reason, want) {
			t.Errorf("reason %q lacks %q", ev.Reason, want)
		}
	}
	app := testApplication("web", 100)
	app.MinimumZones = 2
	v = testView([]model.Server{testServer("s1", "a")}, []model.Application{app}, map[string]string{"web/0": "s1", "web/1": "s1"})
	if ev, _ := Decide(v, Config{}, greedy); !strings.Contains(ev.Reason, "web needs 2 zones, the fleet has 1") {
		t.Errorf("reason %q", ev.Reason)
	}
}

func TestRecheckStopsAPlanThatHasBecomeWrong(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 1000), testApplication("api", 1000)}, map[string]string{"web/0": "s1", "api/0": "s2"})
	plan := model.Plan{ID: "p-1", State: model.PlanRunning, Moves: []model.Move{{Replica: "web/0", Application: "web", From: "s1", To: "s2"}}}
	if got := Recheck(v, Config{}, plan); got.Wrong {
		t.Errorf("stopped a harmless plan: %s", got.Reason)
	}
	flatForecast(v, "replica:api/0", model.CPU, 7500, 7800)
	if got := Recheck(v, Config{}, plan); !got.Wrong || !strings.Contains(got.Reason, "would break") {
		t.Errorf("the target is full now: %+v", got)
	}
	v.InFlight = []model.Plan{plan}
	if ev, p := Decide(v, Config{}, greedy); p != nil || !strings.Contains(ev.Reason, "plan p-1 has become wrong and should stop") {
		t.Errorf("reason %q", ev.Reason)
	}
	delete(v.Servers, "s2")
	if got := Recheck(v, Config{}, plan); !got.Wrong || !strings.Contains(got.Reason, "target s2 of web/0 is gone") {
		t.Errorf("the target is gone: %+v", got)
	}
}

func TestProposedPlanIsSupersededOnlyByAnother(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
	v.Drained = map[model.ServerID]model.Instant{"s1": noon}
	_, first := Decide(v, Config{Approval: true}, greedy)
	if first == nil || !first.NeedsApproval {
		t.Fatal("no plan that needs approval")
	}
	v.InFlight, v.Tick = []model.Plan{*first}, noon.Add(5*time.Minute)
	if ev, again := Decide(v, Config{Approval: true}, greedy); again != nil || !strings.Contains(ev.Reason, "proposes the same and waits") {
		t.Errorf("reason %q", ev.Reason)
	}
	v.InFlight[0].Moves = nil
	if _, other := Decide(v, Config{Approval: true}, greedy); other == nil || other.Supersedes != first.ID {
		t.Errorf("supersedes: %+v", other)
	}
}

func TestWhatIf(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b"), testServer("s3", "b")},
		[]model.Application{testApplication("web", 3000), testApplication("api", 3000)}, map[string]string{"web/0": "s1", "api/0": "s1"})
	v.InFlight = []model.Plan{{ID: "p-1", State: model.PlanRunning}}
	ev, plan := WhatIf(v, Config{}, Question{
		Future: Future{Name: "asked", Load: []LoadChange{{Application: "web", ChangePPM: 1_000_000}}}, At: noon.Add(6 * time.Hour),
	}, greedy)
	if plan == nil || !plan.DryRun || plan.Tick != noon.Add(6*time.Hour) {
		t.Fatalf("%s: %+v", ev.Reason, plan)
	}
	asked := ev.Scenarios[3]
	if asked.Name != "asked" || asked.ViolationsBefore == 0 || asked.ViolationsAfter != 0 {
		t.Errorf("%+v", asked)
	}
	if ev, plan := WhatIf(v, Config{}, Question{Drain: []model.ServerID{"s1"}}, greedy); plan == nil || len(plan.Moves) != 2 {
		t.Errorf("drain: %s", ev.Reason)
	}
}

func TestViewsTravelAsJSON(t *testing.T) {
	v := randomView(1, 4, 0.5)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back View
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(text) {
		t.Errorf("a view changes on its way (%v)", err)
	}
	var k ForecastKey
	for _, bad := range []string{"", "server:s1", "server:s1|speed"} {
		if k.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("read %q", bad)
		}
	}
}

func TestBalance(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
	v.Drained = map[model.ServerID]model.Instant{"s1": noon}
	_, plan := Decide(v, Config{}, greedy)
	expected := Expect(v, Config{}, *plan)
	if len(expected) != 2 || expected[0].AfterMilli != 0 || expected[1].AfterMilli != 1000 || expected[1].UtilisationTo != 125_000 {
		t.Fatalf("%+v", expected)
	}
	outcomes := []model.Outcome{
		{Kind: model.OutcomeMove, Plan: plan.ID, OK: true, At: noon.Add(time.Minute)},
		{Kind: model.OutcomePlan, Plan: plan.ID, OK: true, State: model.PlanSucceeded, At: noon.Add(2 * time.Minute)},
		{Kind: model.OutcomeMove, Plan: "another", OK: false, At: noon.Add(time.Hour)},
	}
	after := model.Evaluation{Scenarios: []model.ScenarioResult{{ViolationsBefore: 2, CostBefore: 7}}}
	got := Balance(*plan, outcomes, expected, []Measured{{"s2", 1400}, {"s2", 1200}}, after)
	if got.State != model.PlanSucceeded || got.Succeeded != 1 || got.Failed != 0 || got.Took != 2*time.Minute ||
		got.PromisesHad != 2 || got.CostHad != 7 || len(got.Servers) != 1 || got.ErrorPPM != 50_000 {
		t.Errorf("%+v", got)
	}
}
