package scenario

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// TestMovesKeepTheScore: after any moves the kept loads and scores are those of
// a placement worked out anew.
func TestMovesKeepTheScore(t *testing.T) {
	for seed := range uint64(12) {
		v := randomView(seed, 8, 0.7)
		for id, s := range v.Servers {
			s.MTBF, s.MTTR = 5000*time.Hour, time.Hour
			v.Servers[id] = s
		}
		for a := range 4 {
			id := model.ApplicationID([]string{"a000", "a001", "a002", "a003"}[a])
			app := v.Applications[id]
			app.SLO.AvailabilityPPM = 999_990
			app.Affinity = []model.ApplicationID{"a000"}
			v.Applications[id] = app
			v.Edges = append(v.Edges, model.Edge{Caller: id, Callee: "a001", CallsPerSecond: 10, RequestBytesPerSecond: 1e7})
		}
		f := newFleet(v, Config{}.WithDefaults())
		futures, _ := f.reduce(f.generate())
		futures = append(futures, Future{Name: "loss", Weight: 0.1, Required: true, Lost: []Loss{{Zone: "z1", Start: noon.Add(2 * time.Hour)}}})
		st := newState(f, f.worlds(futures), f.start)
		rng := rand.New(rand.NewPCG(seed, 2))
		for step := range 60 {
			st.move(rng.IntN(len(f.replicas)), rng.IntN(len(f.servers)))
			if step%20 != 19 {
				continue
			}
			fresh := newState(f, st.worlds, st.place)
			if fresh.total != st.total {
				t.Fatalf("seed %d, step %d: kept %+v, anew %+v", seed, step, st.total, fresh.total)
			}
			for w := range st.load {
				if !slices.Equal(st.load[w], fresh.load[w]) {
					t.Fatalf("seed %d: loads of %s differ", seed, st.worlds[w].Name)
				}
			}
		}
	}
}

func TestServerCostReadsTheCurve(t *testing.T) {
	f := &fleet{cfg: Config{Period: time.Hour, EnergyMicrosPerKWh: 1_000_000, OverSafetyMicrosPerCoreHour: 500_000}}
	f.servers = []model.Server{{
		Capacity: model.Vector{10_000}, CostMicrosPerHour: 7,
		Power: []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 100_000}, {UtilisationPPM: 500_000, PowerMilliwatts: 200_000}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 240_000}},
	}}
	for cpu, want := range map[int64]int64{
		0:      7 + 100_000,
		2_500:  7 + 150_000,
		7_500:  7 + 220_000,
		10_000: 7 + 240_000 + 1_000_000, // two cores above 80 %
		20_000: 7 + 240_000 + 6_000_000,
	} {
		if got := f.serverCost(0, model.Vector{cpu}); got != want {
			t.Errorf("%d millicores cost %d, want %d", cpu, got, want)
		}
	}
}

func TestScoresCompareInOrder(t *testing.T) {
	rising := []score{{0, 0, 5}, {0, 0, 9}, {0, 1, 0}, {1, 0, 0}, {1, 0, 1}}
	for i := range rising {
		for j := range rising {
			if got := rising[i].compare(rising[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("compare(%+v, %+v) = %d", rising[i], rising[j], got)
			}
		}
	}
}

func TestSpreadAndRivalsAreCounted(t *testing.T) {
	web, api := testApplication("web", 100), testApplication("api", 100)
	web.MinimumZones, web.AntiAffinity = 2, []model.ApplicationID{"web", "api"}
	api.AllowedServers = []model.ServerID{"s2"}
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")}, []model.Application{web, api},
		map[string]string{"web/0": "s1", "web/1": "s1", "api/0": "s1"})
	f := newFleet(v, Config{}.WithDefaults())
	st := newState(f, f.worlds([]Future{{Name: "e", Kind: model.ScenarioExpected, Weight: 1, Required: true}}), f.start)
	// One zone too few, web with web, twice web with api (counted with api), api astray.
	if a, w := st.standing(f.appAt["api"]), st.standing(f.appAt["web"]); a != 3 || w != 2 {
		t.Errorf("api %d, web %d", a, w)
	}
	st.move(0, 1) // api to s2
	st.move(2, 1) // web/1 to s2: with api again
	if a, w := st.standing(f.appAt["api"]), st.standing(f.appAt["web"]); a != 1 || w != 0 {
		t.Errorf("then api %d, web %d", a, w)
	}
}

func TestProblemStatesWhatBinds(t *testing.T) {
	web := testApplication("web", 1500)
	web.AntiAffinity, web.MinimumZones, web.AllowedServers = []model.ApplicationID{"web"}, 2, []model.ServerID{"s1", "s2"}
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b"), testServer("s3", "b")}, []model.Application{web},
		map[string]string{"web/0": "s1", "web/1": "s2", "ghost/0": "s3"})
	v.Drained = map[model.ServerID]model.Instant{"s3": noon}
	s2 := v.Servers["s2"]
	s2.Unschedulable = true
	v.Servers["s2"] = s2
	flatForecast(v, "server:s1", model.CPU, 2500, 3000)
	f := newFleet(v, Config{}.WithDefaults())
	futures, _ := f.reduce(f.generate())
	status := newState(f, f.worlds(futures), f.start)
	all, byApp := f.budgets()
	p := newBuilder(status).problem(status, all, byApp)
	if p.Periods != 12 || len(p.Bins) != 3 || len(p.Items) != 3 {
		t.Fatalf("%d columns, %d bins, %d items", p.Periods, len(p.Bins), len(p.Items))
	}
	if !p.Bins[2].Closed || !p.Bins[1].NoArrivals || p.Bins[0].Closed {
		t.Errorf("bins %+v", p.Bins)
	}
	if got := p.Bins[0].Capacity[0]; got != 8000-1000 { // 2500 less web/0's 1500
		t.Errorf("room on s1 is %d", got)
	}
	web0 := slices.IndexFunc(p.Items, func(i model.Item) bool { return i.Name == "web/0" })
	ghost := slices.IndexFunc(p.Items, func(i model.Item) bool { return i.Name == "ghost/0" })
	if g := p.Groups[p.Items[web0].Group]; g.MaxPerBin != 1 || g.MinSpread != 2 || !slices.Equal(p.Items[web0].Allowed, []int{0, 1}) {
		t.Errorf("group %+v, item %+v", g, p.Items[web0])
	}
	if !p.Items[ghost].Pinned || p.Items[web0].Pinned {
		t.Error("what has no metadata is pinned, what has is not")
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a")}, []model.Application{testApplication("web", 1)}, map[string]string{"web/0": "s1"})
	for want, assignment := range map[string][]int{"placed 0 of 1 replicas": {}, "on server 7 of 1": {7}} {
		ev, plan := Decide(v, Config{}, func(*model.Problem, Budget) (model.Answer, error) { return model.Answer{Assignment: assignment}, nil })
		if plan != nil || ev.Decision != DecisionHold || !strings.Contains(ev.Reason, want) {
			t.Errorf("%v: %q", assignment, ev.Reason)
		}
	}
	if ev, _ := Decide(v, Config{HighQuantile: 2}, greedy); ev.Decision != DecisionHold || !strings.Contains(ev.Reason, "high quantile 2") {
		t.Errorf("%q", ev.Reason)
	}
}

func TestFlexibleWindowsWaitForTheTrough(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")}, []model.Application{testApplication("web", 1000)}, map[string]string{"web/0": "s1"})
	shapedForecast(v, "replica:web/0", model.CPU, []float64{900, 800, 700, 200, 600, 900}, 1.2)
	m := model.Maintenance{ID: "u", Server: "s1", Hook: "kernel", EarliestStart: noon, LatestEnd: noon.Add(6 * time.Hour), Duration: 30 * time.Minute}
	f := newFleet(v, Config{}.WithDefaults())
	if start, end := f.window(m); start != noon.Add(3*time.Hour) || end.Sub(start) != m.Duration {
		t.Errorf("start %v, end %v", start, end)
	}
	m.LatestEnd = noon.Add(2 * time.Hour)
	if start, _ := f.window(m); start != noon.Add(time.Hour) {
		t.Errorf("start %v within the two hours left", start)
	}
	v.Placement = model.Placement{"web/0": "s2"}
	if start, _ := newFleet(v, Config{}.WithDefaults()).window(m); start != noon {
		t.Errorf("an empty server waits until %v", start)
	}
}

func TestFutureValidation(t *testing.T) {
	good := Future{Name: "x", Weight: 1}
	for name, change := range map[string]func(*Future){
		"name": func(f *Future) { f.Name = "" }, "weight": func(f *Future) { f.Weight = -1 },
		"quantile": func(f *Future) { f.Quantile = 1 }, "growth": func(f *Future) { f.GrowthPPM = -2_000_000 },
		"load[0]: change": func(f *Future) { f.Load = []LoadChange{{ChangePPM: -2_000_000}} },
		"load[0]: end":    func(f *Future) { f.Load = []LoadChange{{Start: 5, End: 4}} },
		"lost[0]: name":   func(f *Future) { f.Lost = []Loss{{}} }, "lost[0]: end": func(f *Future) { f.Lost = []Loss{{Zone: "a", Start: 5, End: 5}} },
		"slow[0]": func(f *Future) { f.Slow = []SlowLink{{FactorPPM: 0}} },
	} {
		bad := good
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
