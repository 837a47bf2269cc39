package scenario

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// stay is a solver that leaves everything where it is.
func stay(p *model.Problem, _ Budget) (model.Answer, error) {
	a := model.Answer{}
	for _, item := range p.Items {
		a.Assignment = append(a.Assignment, item.Start)
	}
	return a, nil
}

// packable is four servers of one core's load in two replicas each; s4 is large
// and cheap for its size and empty.
func packable(large bool) View {
	at := model.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	v := View{Fleet: "f", Tick: at, Interval: 5 * time.Minute, Servers: map[model.ServerID]model.Server{},
		Applications: map[model.ApplicationID]model.Application{}, Forecasts: map[ForecastKey]model.Forecast{}, Placement: model.Placement{}}
	for i, id := range []model.ServerID{"s1", "s2", "s3"} {
		v.Servers[id] = model.Server{ID: id, Capacity: model.Vector{model.CPU: 4000}, CostMicrosPerHour: 400_000}
		for k := range 2 {
			app := model.ApplicationID([]string{"a", "b", "c", "d", "e", "g"}[2*i+k])
			cpu := int64(500)
			if large {
				cpu = 1500
			}
			v.Applications[app] = model.Application{ID: app, Replicas: 1, Request: model.Vector{model.CPU: cpu}}
			v.Placement[model.NewReplicaID(app, 0)] = id
			e := model.ApplicationEntity(app)
			v.Forecasts[ForecastKey{e, model.CPU}] = model.Forecast{Entity: e, Origin: at, ObservedAt: at, Step: 5 * time.Minute,
				Quantiles: model.Quantiles{Levels: []float64{0.5}, Values: [][]float64{{float64(cpu)}}, Mean: []float64{float64(cpu)}},
				Observed:  float64(cpu), Trusted: true, Peak: float64(cpu)}
		}
	}
	if large {
		v.Servers["s4"] = model.Server{ID: "s4", Capacity: model.Vector{model.CPU: 16_000}, CostMicrosPerHour: 500_000}
	}
	return v
}

func serversAfter(v View, plan *model.Plan) []model.ServerID {
	at := v.Placement.Clone()
	if plan != nil {
		for _, m := range plan.Moves {
			at[m.Replica] = m.To
		}
	}
	var out []model.ServerID
	for _, s := range at {
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestServersAreEmptiedThoughNoSingleMoveSaves(t *testing.T) {
	v := packable(false)
	_, plan := Decide(v, Config{}, stay)
	if on := serversAfter(v, plan); len(on) != 1 {
		t.Errorf("servers %v stay on, one can carry all", on)
	}
}

func TestACheaperServerIsOpenedToEmptyDearerOnes(t *testing.T) {
	v := packable(true)
	_, plan := Decide(v, Config{}, stay)
	if on := serversAfter(v, plan); len(on) != 1 || on[0] != "s4" {
		t.Errorf("servers %v stay on, s4 can carry all for less", on)
	}
}

func TestEmptyingKeepsTheBudgetOfMoves(t *testing.T) {
	v := packable(false)
	_, plan := Decide(v, Config{MaxMovesPerHour: 3}, stay)
	if plan == nil || len(plan.Moves) != 2 {
		t.Errorf("plan %+v, want the two moves that empty one server", plan)
	}
}

func TestTheMarginKeepsArrivalsOffFullServers(t *testing.T) {
	v := packable(false)
	// Six replicas of 500 fill 3000 of 4000 millicores.
	_, plan := Decide(v, Config{PackMarginPPM: 300_000}, stay)
	if on := serversAfter(v, plan); len(on) != 2 {
		t.Errorf("servers %v stay on; with 30 %% kept free two are needed", on)
	}
}

func TestAFullServerKeepsWhatItHas(t *testing.T) {
	v := packable(false)
	for r := range v.Placement {
		v.Placement[r] = "s1"
	}
	if ev, plan := Decide(v, Config{PackMarginPPM: 300_000}, stay); plan != nil {
		t.Errorf("%s: the margin moves what is there already", ev.Reason)
	}
}

func TestMoneyIsLookedAtOnlyEverySoOften(t *testing.T) {
	v := packable(false)
	cfg := Config{CostEvery: 30 * time.Minute}
	v.Tick = v.Tick.Add(10 * time.Minute)
	for k, f := range v.Forecasts {
		f.Origin, f.ObservedAt = v.Tick, v.Tick
		v.Forecasts[k] = f
	}
	ev, plan := Decide(v, cfg, stay)
	if plan != nil || ev.Decision != DecisionNone || len(ev.Scenarios) < 3 {
		t.Errorf("between two looks: %s, %s, %d rows", ev.Decision, ev.Reason, len(ev.Scenarios))
	}
	// A server that has to be emptied does not wait.
	v.Drained = map[model.ServerID]model.Instant{"s1": v.Tick}
	if ev, plan := Decide(v, cfg, stay); plan == nil || slices.Contains(serversAfter(v, plan), "s1") {
		t.Errorf("a drained server waits: %s", ev.Reason)
	}
}

func TestALoadThatNobodyForesawIsTakenToStay(t *testing.T) {
	at := model.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	f := &fleet{view: View{Tick: at}, cfg: Config{Period: 30 * time.Minute, Periods: 4}}
	fc := &model.Forecast{Origin: at, Step: 30 * time.Minute, Trusted: true, Observed: 150,
		Quantiles: model.Quantiles{Levels: []float64{0.5, 0.95}, Values: [][]float64{{100, 110}, {100, 110}, {100, 110}, {100, 110}}, Mean: []float64{100, 100, 100, 100}}}
	for t0, want := range []float64{150, 150, 110, 110} {
		if got := f.value(fc, t0, 0.95); got != want {
			t.Errorf("period %d at 95 %%: %v, want %v", t0, got, want)
		}
		if got := f.value(fc, t0, 0); got != 100 {
			t.Errorf("period %d expected: %v, want 100", t0, got)
		}
	}
}

func TestOtherReplicasMayFollowWhereAWholeServerIsEmptied(t *testing.T) {
	v := packable(false)
	// Application a has a second replica on s2, which moved ten minutes ago.
	app := v.Applications["a"]
	app.Replicas = 2
	v.Applications["a"] = app
	v.Placement["a/1"] = "s2"
	v.RecentMoves = []RecentMove{{Replica: "a/1", Application: "a", At: v.Tick.Add(-10 * time.Minute)}}
	_, plan := Decide(v, Config{}, stay)
	for _, m := range plan.Moves {
		if m.Application == "a" {
			t.Errorf("%s moves to save money: %s", m.Replica, m.Reason)
		}
	}
	v.Placement["a/1"] = "s1" // both of a stand on s1
	v.Placement["b/0"] = "s2"
	v.RecentMoves[0].Replica = "a/7"
	_, plan = Decide(v, Config{HysteresisByReplica: true}, stay)
	moved := false
	for _, m := range plan.Moves {
		if m.Application == "a" {
			moved = true
			if !strings.Contains(m.Reason, "moves again") {
				t.Errorf("%s moves within the hour without saying why: %s", m.Replica, m.Reason)
			}
		}
	}
	if !moved || len(serversAfter(v, plan)) != 1 {
		t.Errorf("servers %v stay on", serversAfter(v, plan))
	}
}

func TestArrivalsLeaveTwiceTheHeadroomFree(t *testing.T) {
	// Six replicas of 500 are three quarters of 4000 millicores.
	for headroom, want := range map[int64]int{125_000: 1, 130_000: 2} {
		v := promising(headroom)
		_, plan := Decide(v, Config{}, stay)
		if on := serversAfter(v, plan); len(on) != want {
			t.Errorf("%d ppm headroom: servers %v stay on, want %d", headroom, on, want)
		}
	}
	// A server that has to be emptied uses all that promises allow.
	v := promising(250_000)
	for r := range v.Placement {
		v.Placement[r] = "s1"
	}
	v.Placement["g/0"] = "s2"
	v.Drained = map[model.ServerID]model.Instant{"s2": v.Tick, "s3": v.Tick}
	_, plan := Decide(v, Config{}, stay)
	if on := serversAfter(v, plan); len(on) != 1 || on[0] != "s1" {
		t.Errorf("servers %v stay on, s1 may take the rest of s2", on)
	}
}

// promising is packable with a headroom that every application promises.
func promising(headroomPPM int64) View {
	v := packable(false)
	for id, app := range v.Applications {
		app.SLO.HeadroomPPM = headroomPPM
		v.Applications[id] = app
	}
	return v
}

func TestMovingAgainIsDearer(t *testing.T) {
	v := packable(false)
	v.RecentMoves = []RecentMove{
		{Replica: "a/0", Application: "a", At: v.Tick.Add(-10 * time.Minute)},
		{Replica: "b/0", Application: "b", At: v.Tick.Add(-2 * time.Hour)},
		{Replica: "c/7", Application: "c", At: v.Tick.Add(-10 * time.Minute)}, // another of c's
	}
	f := newFleet(v, Config{}.WithDefaults())
	f.hysteresis()
	status := f.statusQuo(f.generate())
	all, byApp := f.budgets()
	cost := map[string]int64{}
	for _, item := range newBuilder(status).problem(status, all, byApp).Items {
		cost[item.Name] = item.MoveCost
	}
	if cost["a/0"] != againFactor*cost["d/0"] || cost["b/0"] != cost["d/0"] || cost["c/0"] != cost["d/0"] {
		t.Errorf("costs of moves %v, want a/0 alone dearer", cost)
	}
}
