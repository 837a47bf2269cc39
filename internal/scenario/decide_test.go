package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

func TestDecideDrainsForMaintenance(t *testing.T) {
	v := testView(
		[]model.Server{testServer("s1", "a"), testServer("s2", "b"), testServer("s3", "a")},
		[]model.Application{testApplication("web", 1000), testApplication("db", 2000)},
		map[string]string{"web/0": "s1", "web/1": "s2", "db/0": "s1"})
	web := v.Applications["web"]
	web.AntiAffinity = []model.ApplicationID{"web"}
	v.Applications["web"] = web
	v.Maintenance = []model.Maintenance{{ID: "m1", Server: "s1", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)}}
	ev, plan := Decide(v, Config{}, greedy)
	if plan == nil {
		t.Fatalf("no plan: %s", ev.Reason)
	}
	if len(plan.Moves) != 2 || plan.Deadline != noon.Add(time.Hour) {
		t.Fatalf("moves %d, deadline %v: %s", len(plan.Moves), plan.Deadline, plan.Reason)
	}
	for _, m := range plan.Moves {
		if m.From != "s1" || !strings.Contains(m.Reason, "maintenance m1") {
			t.Errorf("move %+v", m)
		}
		if m.LatestStart.Add(m.ExpectDuration) > plan.Deadline || m.LatestStart < m.EarliestStart {
			t.Errorf("%s may start until %v for %v, deadline %v", m.Replica, m.LatestStart, m.ExpectDuration, plan.Deadline)
		}
	}
	if ev.Scenarios[0].Kind != model.ScenarioStatusQuo || ev.Decision != DecisionPlan || ev.PlanID != plan.ID {
		t.Errorf("evaluation %+v", ev)
	}
}

// TestAMaintenanceThatHasBegunLeavesTimeToMove: a server that is to be emptied
// from now on is emptied by a plan that isn't over when it is made.
func TestAMaintenanceThatHasBegunLeavesTimeToMove(t *testing.T) {
	for name, begun := range map[string]time.Duration{"before": -10 * time.Minute, "now": 0, "in a moment": 10 * time.Second} {
		v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
			[]model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
		v.Maintenance = []model.Maintenance{{ID: "m1", Server: "s1", Start: noon.Add(begun), End: noon.Add(24 * time.Hour)}}
		ev, plan := Decide(v, Config{}, greedy)
		if plan == nil || len(plan.Moves) != 1 {
			t.Fatalf("%s: %s", name, ev.Reason)
		}
		if m := plan.Moves[0]; plan.Deadline != 0 || m.LatestStart != 0 && m.LatestStart <= v.Tick {
			t.Errorf("%s: at %v, to be ready by %v, begun until %v", name, v.Tick, plan.Deadline, m.LatestStart)
		}
	}
}

func TestDecideRelievesBeforeThePeak(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 3000), testApplication("api", 3000)},
		map[string]string{"web/0": "s1", "api/0": "s1"})
	shapedForecast(v, "replica:web/0", model.CPU, []float64{3000, 3000, 3000, 5500}, 1.1)
	shapedForecast(v, "replica:api/0", model.CPU, []float64{3000}, 1.1)
	ev, plan := Decide(v, Config{}, greedy)
	if plan == nil {
		t.Fatal(ev.Reason)
	}
	if len(plan.Moves) != 1 || plan.Deadline != noon.Add(3*time.Hour) {
		t.Fatalf("want one move ready by the peak at 15:00, got %d by %v", len(plan.Moves), plan.Deadline)
	}
	if !strings.Contains(plan.Moves[0].Reason, "SLO capacity") || plan.ViolationsAfter >= plan.ViolationsBefore {
		t.Errorf("reason %q, violations %d -> %d", plan.Moves[0].Reason, plan.ViolationsBefore, plan.ViolationsAfter)
	}
}

func TestWavesAreForWhoApprovesThem(t *testing.T) {
	v := randomView(3, 40, 0.5)
	for s := range 12 { // far more moves than a wave holds
		if v.Drained == nil {
			v.Drained = map[model.ServerID]model.Instant{}
		}
		v.Drained[model.ServerID(fmt.Sprintf("s%03d", s))] = noon
	}
	cfg := Config{MaxMovesPerHour: 1000, MaxServersTouched: 1000}
	ev, plan := Decide(v, cfg, greedy)
	if plan == nil || len(plan.Moves) <= waveSize {
		t.Fatalf("want more than %d moves: %s", waveSize, ev.Reason)
	}
	if plan.Waves != 1 || plan.NeedsApproval {
		t.Errorf("%d waves for a plan that starts by itself, want one", plan.Waves)
	}
	cfg.Approval = true
	if _, plan = Decide(v, cfg, greedy); plan == nil || plan.Waves < 2 || !plan.NeedsApproval {
		t.Errorf("a plan to be approved has %d waves, want several", plan.Waves)
	}
}

func TestDecideHolds(t *testing.T) {
	base := func() View {
		return testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
			[]model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
	}
	cases := []struct {
		name   string
		change func(*View)
		want   string
	}{
		{"no server", func(v *View) { v.Servers = nil }, "no server is known"},
		{"no replica", func(v *View) { v.Placement = nil }, "no replica is known"},
		{"stale", func(v *View) {
			flatForecast(*v, "replica:web/0", model.CPU, 1000, 1200)
			k := ForecastKey{"replica:web/0", model.CPU}
			fc := v.Forecasts[k]
			fc.ObservedAt = noon.Add(-time.Hour)
			v.Forecasts[k] = fc
		}, "stale, the oldest since 2026-03-02T11:00:00Z: web/0"},
		{"unknown load", func(v *View) { v.Applications["web"] = model.Application{ID: "web"} }, "neither forecast nor request: web/0"},
		{"plan running", func(v *View) { v.InFlight = []model.Plan{{ID: "p-1", State: model.PlanRunning}} }, "plan p-1 is running"},
	}
	for _, c := range cases {
		v := base()
		c.change(&v)
		ev, plan := Decide(v, Config{}, greedy)
		if plan != nil || ev.Decision != DecisionHold || !strings.Contains(ev.Reason, c.want) {
			t.Errorf("%s: decision %q, reason %q, want %q", c.name, ev.Decision, ev.Reason, c.want)
		}
	}
}

func TestDecideSameViewSameBytes(t *testing.T) {
	for seed := range uint64(6) {
		var first string
		for range 2 {
			ev, plan := Decide(randomView(seed, 12, 0.6), Config{}, greedy)
			got, err := json.Marshal(struct {
				E model.Evaluation
				P *model.Plan
			}{ev, plan})
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = string(got)
			} else if first != string(got) {
				t.Fatalf("seed %d: two decisions differ:\n%s\n%s", seed, first, got)
			}
		}
	}
}
