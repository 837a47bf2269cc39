package planner

import (
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

// reactiveView is three servers of four cores with replicas of one core's load
// where the list says.
func reactiveView(cpu float64, on ...model.ServerID) scenario.View {
	at := model.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	v := scenario.View{Fleet: "f", Tick: at, Interval: 5 * time.Minute, Servers: map[model.ServerID]model.Server{},
		Applications: map[model.ApplicationID]model.Application{}, Forecasts: map[scenario.ForecastKey]model.Forecast{}, Placement: model.Placement{}}
	for _, id := range []model.ServerID{"s1", "s2", "s3"} {
		v.Servers[id] = model.Server{ID: id, Capacity: model.Vector{model.CPU: 4000, model.Memory: 16 << 30},
			Power: []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 100_000}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 200_000}}}
	}
	for i, s := range on {
		app := model.ApplicationID("a" + string(rune('0'+i)))
		v.Applications[app] = model.Application{ID: app, Replicas: 1, Request: model.Vector{model.CPU: 100, model.Memory: 1 << 30}, DataBytes: int64(i+1) << 30}
		v.Placement[model.NewReplicaID(app, 0)] = s
		v.Forecasts[scenario.ForecastKey{Entity: model.ApplicationEntity(app), Resource: model.CPU}] = model.Forecast{Observed: cpu}
	}
	return v
}

func decideReactive(t *testing.T, v scenario.View) *model.Plan {
	t.Helper()
	ev, plan, err := ReactivePolicy{Threshold: 0.8, MaintenanceLead: 30 * time.Minute}.Decide(v)
	if err != nil {
		t.Fatal(err)
	}
	if (plan == nil) != (ev.PlanID == "") || ev.Reason == "" {
		t.Fatalf("evaluation %+v does not fit the plan %v", ev, plan)
	}
	return plan
}

func TestABusyServerShedsWhatIsCopiedFastest(t *testing.T) {
	plan := decideReactive(t, reactiveView(1100, "s1", "s1", "s1", "s2", "s2"))
	if plan == nil || len(plan.Moves) != 1 {
		t.Fatalf("plan %+v, want one move", plan)
	}
	if m := plan.Moves[0]; m.Replica != "a0/0" || m.From != "s1" || m.To == "s1" || !strings.Contains(m.Reason, "82 %") {
		t.Errorf("move %+v: want a0/0, the least to copy, away from s1 at 82 %%", m)
	}
}

func TestTheLeastUsedServerIsEmptiedWhollyOrNotAtAll(t *testing.T) {
	plan := decideReactive(t, reactiveView(1000, "s1", "s1", "s2"))
	if plan == nil || len(plan.Moves) != 1 || plan.Moves[0].From != "s2" || plan.Moves[0].To != "s1" {
		t.Fatalf("plan %+v, want s2 emptied onto s1", plan)
	}
	// At 1.3 cores each, three do not fit below the threshold together.
	if plan := decideReactive(t, reactiveView(1300, "s1", "s1", "s2")); plan != nil {
		t.Errorf("plan %+v, want none", plan)
	}
}

func TestAServerIsEmptiedBeforeItsMaintenanceOnly(t *testing.T) {
	v := reactiveView(1500, "s1", "s2")
	v.Maintenance = []model.Maintenance{{ID: "m", Server: "s1", Start: v.Tick.Add(time.Hour), End: v.Tick.Add(2 * time.Hour)}}
	if plan := decideReactive(t, v); plan != nil && plan.Moves[0].From == "s1" && strings.Contains(plan.Moves[0].Reason, "has to be emptied") {
		t.Errorf("s1 is emptied an hour ahead: %+v", plan.Moves)
	}
	v.Tick = v.Tick.Add(45 * time.Minute)
	plan := decideReactive(t, v)
	if plan == nil || plan.Moves[0].Replica != "a0/0" || !strings.Contains(plan.Moves[0].Reason, "has to be emptied") {
		t.Errorf("plan %+v, want a0/0 away from s1", plan)
	}
}

func TestWhatMovesAlreadyAndWhatIsApartStays(t *testing.T) {
	v := reactiveView(1000, "s1", "s1", "s2")
	v.InFlight = []model.Plan{{ID: "p", State: model.PlanRunning, Moves: []model.Move{{Replica: "a2/0", From: "s2", To: "s1"}}}}
	if plan := decideReactive(t, v); plan != nil {
		t.Errorf("plan %+v while the only candidate moves", plan)
	}
	v.InFlight = nil
	a := v.Applications["a2"]
	a.AntiAffinity = []model.ApplicationID{"a0", "a1"}
	v.Applications["a2"] = a
	if plan := decideReactive(t, v); plan != nil {
		t.Errorf("plan %+v puts a2 beside an application it must be apart from", plan)
	}
}
