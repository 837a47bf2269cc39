package scenario

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"drover/internal/model"
)

// threeMoves is a fleet of four servers and a plan that takes a replica from the
// first to each of the others, one after the other.
func threeMoves() (View, model.Plan) {
	var servers []model.Server
	for i := range 4 {
		servers = append(servers, testServer(fmt.Sprintf("s%d", i), "z"))
	}
	v := testView(servers, []model.Application{testApplication("web", 1000), testApplication("api", 1000), testApplication("job", 1000), testApplication("db", 1000)},
		map[string]string{"web/0": "s0", "api/0": "s0", "job/0": "s0", "db/0": "s2"})
	plan := model.Plan{ID: "p-1", State: model.PlanRunning, Moves: []model.Move{
		{Index: 0, Replica: "web/0", Application: "web", From: "s0", To: "s1"},
		{Index: 1, Replica: "api/0", Application: "api", From: "s0", To: "s2", After: []int{0}},
		{Index: 2, Replica: "job/0", Application: "job", From: "s0", To: "s3"},
	}}
	return v, plan
}

func TestRecheckDropsTheMovesThatHaveBecomeWrong(t *testing.T) {
	v, plan := threeMoves()
	flatForecast(v, "replica:db/0", model.CPU, 7500, 7800) // s2 is full now
	got := Recheck(v, Config{}, plan)
	if got.Wrong || len(got.Drop) != 1 || got.Drop[0].Index != 1 || !strings.Contains(got.Drop[0].Reason, "SLO capacity: s2 would be at") {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got.Reason, "1 of 3 moves that are left are dropped") {
		t.Errorf("reason %q", got.Reason)
	}
	v.InFlight = []model.Plan{plan}
	if ev, _ := Decide(v, Config{}, greedy); !strings.Contains(ev.Reason, "plan p-1 is amended: 1 of 3 moves") {
		t.Errorf("the record says %q", ev.Reason)
	}
	plan.Dropped = got.Drop
	if again := Recheck(v, Config{}, plan); again.Wrong || len(again.Drop) != 0 {
		t.Errorf("amended once more: %+v", again)
	}
}

func TestRecheckDropsWhatWaitsForADroppedMove(t *testing.T) {
	v, plan := threeMoves()
	delete(v.Servers, "s1")
	got := Recheck(v, Config{}, plan)
	if got.Wrong || len(got.Drop) != 2 || !strings.Contains(got.Drop[0].Reason, "target s1 of web/0 is gone") ||
		!strings.Contains(got.Drop[1].Reason, "it waits for the move of web/0") {
		t.Errorf("%+v", got)
	}
}

func TestRecheckStopsAPlanWhoseWrongMoveIsUnderWay(t *testing.T) {
	v, plan := threeMoves()
	flatForecast(v, "replica:db/0", model.CPU, 7500, 7800)
	v.Begun = map[model.PlanID][]int{"p-1": {0, 1}}
	if got := Recheck(v, Config{}, plan); !got.Wrong || got.Back || !strings.Contains(got.Reason, "would break") {
		t.Errorf("%+v", got)
	}
	v.Drained = map[model.ServerID]model.Instant{"s2": noon}
	if got := Recheck(v, Config{}, plan); !got.Wrong || !strings.Contains(got.Reason, "target of api/0: s2 was ordered to be drained") {
		t.Errorf("%+v", got)
	}
}

func TestRecheckTakesBackWhatWasBetterBefore(t *testing.T) {
	v, plan := threeMoves()
	flatForecast(v, "replica:db/0", model.CPU, 7500, 7800)
	v.Placement["web/0"], v.Placement["api/0"] = "s1", "s2" // both have arrived, s2 is too full for it
	v.Begun = map[model.PlanID][]int{"p-1": {0, 1, 2}}
	delete(v.Servers, "s3") // and the last one can't be made
	got := Recheck(v, Config{}, plan)
	if !got.Wrong || !got.Back || !strings.Contains(got.Reason, "its 2 moves so far are taken back") {
		t.Errorf("%+v", got)
	}
}

// TestAmendedPlansAreNeverWorseThanStopping changes forecasts under random plans:
// what is left of them must not break more than stopping would, and nothing is
// dropped that had begun or that others still wait for.
func TestAmendedPlansAreNeverWorseThanStopping(t *testing.T) {
	amended, stopped := 0, 0
	for seed := range uint64(60) {
		v := randomView(seed, 6, 0.45)
		_, plan := Decide(v, Config{}, greedy)
		if plan == nil {
			continue
		}
		plan.State = model.PlanRunning
		rng := rand.New(rand.NewPCG(seed, 3))
		var begun []int
		for i, m := range plan.Moves { // those it waits for have begun before
			waits := slices.ContainsFunc(m.After, func(a int) bool { return !slices.Contains(begun, a) })
			if !waits && rng.IntN(3) == 0 {
				begun = append(begun, i)
			}
		}
		v.Begun = map[model.PlanID][]int{plan.ID: begun}
		for r := range v.Placement {
			if rng.IntN(4) == 0 {
				flatForecast(v, model.ReplicaEntity(r), model.CPU, 1500+2000*rng.Float64(), 4000)
			}
		}
		verdict := Recheck(v, Config{}, *plan)
		switch {
		case verdict.Wrong:
			stopped++
			continue
		case len(verdict.Drop) > 0:
			amended++
		}
		checkAmended(t, v, *plan, begun, verdict)
	}
	if amended < 3 || stopped < 1 {
		t.Errorf("%d plans amended, %d stopped: too few to tell anything", amended, stopped)
	}
}

func checkAmended(t *testing.T, v View, plan model.Plan, begun []int, verdict Verdict) {
	t.Helper()
	dropped := map[int]bool{}
	for _, d := range verdict.Drop {
		dropped[d.Index] = true
		if d.Reason == "" {
			t.Errorf("plan %s: move %d is dropped without a reason", plan.ID, d.Index)
		}
	}
	for _, i := range begun {
		if dropped[i] {
			t.Errorf("plan %s: move %d had begun and is dropped", plan.ID, i)
		}
	}
	cfg := Config{}.WithDefaults()
	f := newFleet(v, cfg)
	worlds := f.worlds([]Future{
		{Name: "expected", Kind: model.ScenarioExpected, Weight: 1, Required: true},
		{Name: "high", Kind: model.ScenarioHighLoad, Weight: 1, Required: true, Quantile: cfg.HighQuantile},
	})
	stop := newState(f, worlds, f.start)
	after := newState(f, worlds, f.start)
	for i, m := range plan.Moves {
		if dropped[i] {
			continue
		}
		for _, a := range m.After {
			if dropped[a] {
				t.Errorf("plan %s: move %d waits for move %d, which is dropped", plan.ID, i, a)
			}
		}
		for r, rep := range f.replicas {
			if rep.id == m.Replica {
				after.move(r, f.serverAt[m.To])
			}
		}
	}
	if len(v.Maintenance) == 0 && len(v.Calendar) == 0 && (after.total.broken > stop.total.broken || after.total.broken == stop.total.broken && after.total.excess > stop.total.excess) {
		t.Errorf("plan %s: going on breaks %d, stopping %d", plan.ID, after.total.broken, stop.total.broken)
	}
}
