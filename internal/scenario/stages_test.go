package scenario

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// hours gives a replica's load for each hour of the horizon.
func hours(v View, replica string, loads ...float64) View {
	return shapedForecast(v, model.ReplicaEntity(model.ReplicaID(replica)), model.CPU, loads, 1)
}

func TestWhatPaysOnlyLaterIsForeseen(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("web", 100), testApplication("api", 100)}, map[string]string{"web/0": "s1", "api/0": "s2"})
	hours(v, "web/0", 6000, 6000, 6000, 1500)
	hours(v, "api/0", 5000, 5000, 5000, 1500)
	ev, plan := Decide(v, Config{}, greedy)
	if plan != nil {
		t.Fatalf("moves are made now: %s", plan.Reason)
	}
	if len(ev.Stages) != 1 {
		t.Fatalf("stages %+v, want one", ev.Stages)
	}
	s := ev.Stages[0]
	if s.Period != 3 || s.At != noon.Add(3*time.Hour) || len(s.Moves) != 1 || s.SavedMicros <= 0 || !strings.Contains(s.Reason, "the greatest load to come has fallen by") {
		t.Errorf("%+v", s)
	}
	if m := s.Moves[0]; m.From == m.To || !strings.Contains(m.Reason, "cost: empties") {
		t.Errorf("%+v", m)
	}
}

func TestMovesThatDoNotPayForTheRestOfTheHorizonAreNotForeseen(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("web", 100), testApplication("api", 100)}, map[string]string{"web/0": "s1", "api/0": "s2"})
	hours(v, "web/0", 6000, 6000, 6000, 1500)
	hours(v, "api/0", 5000, 5000, 5000, 1500)
	for name, cfg := range map[string]Config{"dear moves": {MoveMicros: 1 << 40}, "no stages": {Stages: -1}} {
		if ev, _ := Decide(v, cfg, greedy); len(ev.Stages) != 0 {
			t.Errorf("%s: stages %+v", name, ev.Stages)
		}
	}
}

// threePhases is a fleet whose three replicas fit two servers in every period,
// but by no placement in all of them: each pair is too much for one server in one
// of three phases of two hours.
func threePhases(start map[string]string) View {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("a", 100), testApplication("b", 100), testApplication("c", 100)}, start)
	hours(v, "a/0", 5000, 5000, 5000, 5000, 2900, 2900)
	hours(v, "b/0", 2900, 2900, 5000, 5000, 5000, 5000)
	hours(v, "c/0", 5000, 5000, 2900, 2900, 5000, 5000)
	return v
}

// exact tries every placement of a small problem and takes the one that
// overloads least, then the one with fewest moves.
func exact(p *model.Problem, _ Budget) (model.Answer, error) {
	best, least := []int(nil), int64(1)<<62
	at := make([]int, len(p.Items))
	for n := range 1 << len(p.Items) { // of two servers
		var over, moves int64
		use := [2][]int64{make([]int64, len(p.Bins[0].Capacity)), make([]int64, len(p.Bins[1].Capacity))}
		for i, item := range p.Items {
			if at[i] = n >> i & 1; at[i] != item.Start {
				moves++
			}
			for k, d := range item.Demand {
				use[at[i]][k] += d
			}
		}
		for b := range use {
			for k, u := range use[b] {
				over += max(0, u-p.Bins[b].Capacity[k])
			}
		}
		if over = over*100 + moves; over < least {
			least, best = over, append([]int(nil), at...)
		}
	}
	return model.Answer{Assignment: best}, nil
}

func TestWhereNoPlacementServesTheWholeHorizonThePlanIsASequence(t *testing.T) {
	// Together on s1, a and c are too much now.
	v := threePhases(map[string]string{"a/0": "s1", "c/0": "s1", "b/0": "s2"})
	one, _ := Decide(v, Config{Stages: -1}, exact)
	broken := one.Scenarios[1].ViolationsAfter // the expected future
	if broken == 0 {
		t.Fatalf("one placement serves the whole horizon: %s", one.Reason)
	}
	ev, plan := Decide(v, Config{}, exact)
	if plan == nil || plan.ServesUntil == 0 || !strings.Contains(plan.Reason, "no placement found serves the whole horizon") {
		t.Fatalf("%s: %+v", ev.Reason, plan)
	}
	if got := ev.Scenarios[1].ViolationsAfter; got != 0 {
		t.Errorf("the beginning breaks %d promises", got)
	}
	if len(ev.Stages) == 0 {
		t.Fatalf("no stages: %s", ev.Reason)
	}
	if left := play(t, v, ev, plan); left >= broken {
		t.Errorf("the sequence breaks %d promises, one placement %d", left, broken)
	}
	// The plan is not condemned for what it is not meant to serve.
	plan.State = model.PlanRunning
	v.InFlight = []model.Plan{*plan}
	if verdict := Recheck(v, Config{}, *plan); verdict.Wrong || len(verdict.Drop) > 0 {
		t.Errorf("%+v", verdict)
	}
	if again, _ := Decide(v, Config{}, exact); !strings.Contains(again.Reason, "still right") {
		t.Errorf("the record says %q", again.Reason)
	}
}

// play follows a decision and its stages through the horizon and counts the
// promises that break in what must be met, period by period.
func play(t *testing.T, v View, ev model.Evaluation, plan *model.Plan) int {
	t.Helper()
	cfg := Config{}.WithDefaults()
	f := newFleet(v, cfg)
	st := newState(f, f.worlds([]Future{{Name: "expected", Kind: model.ScenarioExpected, Weight: 1, Required: true},
		{Name: "high", Kind: model.ScenarioHighLoad, Weight: 1, Required: true, Quantile: cfg.HighQuantile}}), f.start)
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	if plan != nil {
		for _, m := range plan.Moves {
			st.move(at[m.Replica], f.serverAt[m.To])
		}
	}
	broken := 0
	for period := range f.periods() {
		for _, s := range ev.Stages {
			if s.Period != period {
				continue
			}
			if want, _ := f.period(period); s.At != want {
				t.Errorf("stage of period %d at %v, want %v", period, s.At, want)
			}
			for _, m := range s.Moves {
				if f.servers[st.place[at[m.Replica]]].ID != m.From {
					t.Errorf("stage of period %d moves %s from %s, it is on %s", period, m.Replica, m.From, f.servers[st.place[at[m.Replica]]].ID)
				}
				st.move(at[m.Replica], f.serverAt[m.To])
			}
		}
		for s := range f.servers {
			for w := range st.worlds {
				n, _ := st.serverBreach(s, w, period)
				broken += int(n)
			}
		}
	}
	return broken
}

func TestAMaintenanceAheadIsForeseen(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
	v.Maintenance = []model.Maintenance{{ID: "m1", Server: "s1", Start: noon.Add(4 * time.Hour), End: noon.Add(5 * time.Hour)}}
	ev, plan := Decide(v, Config{}, greedy)
	if plan != nil || len(ev.Stages) != 1 || ev.Stages[0].Period != 2 || ev.Stages[0].Moves[0].Replica != "web/0" {
		t.Errorf("%s: %+v", ev.Reason, ev.Stages)
	}
}

// TestSequencesAreNeverWorseThanOnePlacement plays decisions with stages against
// those without on random fleets; the same view gives the same stages.
func TestSequencesAreNeverWorseThanOnePlacement(t *testing.T) {
	staged, sequences := 0, 0
	for seed := range uint64(40) {
		v := randomView(seed, 5+int(seed%5), []float64{0.4, 0.7, 0.9}[seed%3])
		rng := rand.New(rand.NewPCG(seed, 5))
		for _, r := range slices.Sorted(maps.Keys(v.Placement)) {
			level := 500 + 3500*rng.Float64()
			hours(v, string(r), level, level*(0.3+rng.Float64()), level*(0.3+rng.Float64()), level*(0.2+rng.Float64()), level*(0.2+rng.Float64()))
		}
		v.Maintenance, v.Calendar = nil, nil
		for id, a := range v.Applications { // where replicas stand is weighed once, not by period
			a.MinimumZones, a.AntiAffinity = 0, nil
			v.Applications[id] = a
		}
		one, plain := Decide(v, Config{Stages: -1}, greedy)
		ev, plan := Decide(v, Config{}, greedy)
		again, _ := Decide(v, Config{}, greedy)
		if !reflect.DeepEqual(ev.Stages, again.Stages) {
			t.Fatalf("seed %d: the same view gives other stages", seed)
		}
		if plan != nil && plan.ServesUntil != 0 {
			sequences++
		}
		staged += len(ev.Stages)
		if a, b := play(t, v, ev, plan), play(t, v, one, plain); a > b {
			t.Errorf("seed %d: the sequence breaks %d promises, one placement %d", seed, a, b)
		}
	}
	if staged < 5 {
		t.Errorf("%d stages in %d sequences: too few to tell anything", staged, sequences)
	}
}
