package web

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func TestMetersTellHowFleetsStand(t *testing.T) {
	start := model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	at := func(minutes int) model.Instant { return start.Add(time.Duration(minutes) * time.Minute) }
	m := readmodel.New(readmodel.DefaultLimits())
	state := func(plan model.PlanID, s model.PlanState, minutes int) model.Outcome {
		return model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: plan, MoveIndex: -1, State: s, At: at(minutes)}
	}
	for _, e := range []any{
		model.Server{Fleet: "shop", ID: "s1"}, model.Application{Fleet: "shop", ID: "web", Replicas: 1, Placement: []model.ServerID{"s1"}},
		model.DeadLetter{Topic: "metrics", Message: "bad"},
		model.Evaluation{Fleet: "shop", Tick: start, Scenarios: []model.ScenarioResult{{ViolationsBefore: 4, ViolationsAfter: 1}, {ViolationsBefore: 2}}},
		model.Plan{Fleet: "shop", ID: "p-old", Tick: start}, state("p-old", model.PlanSucceeded, 1),
		model.Plan{Fleet: "shop", ID: "p-back", Tick: start}, state("p-back", model.PlanRolledBack, 1500),
		model.Plan{Fleet: "shop", ID: "p-run", Tick: start}, state("p-run", model.PlanRunning, 1501),
		model.Step{Fleet: "shop", Plan: "p-run", ID: "p-run/0/f/1/admit", Phase: model.PhaseIntent, At: at(1502)},
		model.Heartbeat{At: at(1512)}, model.Control{Fleet: "shop", Kind: model.ControlKill, Plan: "p-none", At: at(1512)},
	} {
		m.Fold("shop", e)
	}
	registry := prometheus.NewPedanticRegistry()
	NewMeters(m, registry)
	want := `
# HELP drover_fleet_broken_promises Promises broken over all futures of the newest decision, before and after what it decided.
# TYPE drover_fleet_broken_promises gauge
drover_fleet_broken_promises{fleet="shop",when="after"} 1
drover_fleet_broken_promises{fleet="shop",when="before"} 6
# HELP drover_fleet_dead_letters Records that were refused and that nobody has dealt with.
# TYPE drover_fleet_dead_letters gauge
drover_fleet_dead_letters{fleet="shop"} 1
# HELP drover_fleet_killed 1 while the kill switch is on.
# TYPE drover_fleet_killed gauge
drover_fleet_killed{fleet="shop"} 0
# HELP drover_fleet_plan_idle_seconds Longest event time that a running plan has gone without a step; 0: none runs.
# TYPE drover_fleet_plan_idle_seconds gauge
drover_fleet_plan_idle_seconds{fleet="shop"} 600
# HELP drover_fleet_plans_ended_last_day Plans that ended within the last 24 hours of event time, by how.
# TYPE drover_fleet_plans_ended_last_day gauge
drover_fleet_plans_ended_last_day{ending="expired",fleet="shop"} 0
drover_fleet_plans_ended_last_day{ending="parked",fleet="shop"} 0
drover_fleet_plans_ended_last_day{ending="rejected",fleet="shop"} 0
drover_fleet_plans_ended_last_day{ending="rolled-back",fleet="shop"} 1
drover_fleet_plans_ended_last_day{ending="stopped",fleet="shop"} 0
drover_fleet_plans_ended_last_day{ending="succeeded",fleet="shop"} 0
drover_fleet_plans_ended_last_day{ending="superseded",fleet="shop"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "drover_fleet_broken_promises", "drover_fleet_dead_letters",
		"drover_fleet_killed", "drover_fleet_plan_idle_seconds", "drover_fleet_plans_ended_last_day"); err != nil {
		t.Error(err)
	}
	m.Fold("shop", model.Control{Fleet: "shop", Kind: model.ControlKill, At: at(1512)})
	if err := testutil.GatherAndCompare(registry, strings.NewReader("# HELP drover_fleet_plan_idle_seconds Longest event time that a running plan has gone without a step; 0: none runs.\n"+
		"# TYPE drover_fleet_plan_idle_seconds gauge\ndrover_fleet_plan_idle_seconds{fleet=\"shop\"} 0\n"), "drover_fleet_plan_idle_seconds"); err != nil {
		t.Errorf("with the kill switch on nothing is stuck: %v", err)
	}
}
