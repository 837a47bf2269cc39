package scenario

import (
	"math"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// chainView has web calling db once a request: 40 requests a second, 10 ms and
// 20 ms of core time.
func chainView(webCPU, otherCPU float64) View {
	web, db, other := testApplication("web", int64(webCPU)), testApplication("db", 800), testApplication("other", int64(otherCPU))
	web.DemandMicros, web.ServiceCVMilli = 10_000, 1000
	web.SLO = model.SLO{ResponseQuantilePPM: 950_000, ResponseMicros: 250_000}
	db.DemandMicros, db.ServiceCVMilli = 20_000, 1000
	servers := []model.Server{testServer("s1", "a"), testServer("s2", "a"), testServer("s3", "b")}
	for i := range servers {
		servers[i].Capacity[model.CPU] = 2000
		servers[i].CostMicrosPerHour, servers[i].Power = 0, nil
	}
	v := testView(servers, []model.Application{web, db, other}, map[string]string{"web/0": "s1", "other/0": "s1", "db/0": "s2"})
	v.Edges = []model.Edge{{Caller: "web", Callee: "db", CallsPerSecond: 40, RequestBytesPerSecond: 40_000}}
	return v
}

func judgeExpected(v View) (*state, []judged) {
	f := newFleet(v, Config{}.WithDefaults())
	st := newState(f, f.worlds([]Future{{Name: "expected", Kind: model.ScenarioExpected, Weight: 1, Required: true}}), f.start)
	return st, st.judge(0, math.MaxInt64)
}

func TestResponseAlongTheChain(t *testing.T) {
	_, calm := judgeExpected(chainView(400, 100))
	_, busy := judgeExpected(chainView(400, 1300))
	if len(calm) != 1 || len(busy) != 1 {
		t.Fatalf("judged %d and %d applications, want web alone", len(calm), len(busy))
	}
	// 10 ms at 25 % and 20 ms at 40 % of two cores, plus the network: p95 near
	// 30 ms x 3 for two exponentials; busy, web's own part is about 4 times slower.
	if calm[0].micros < 60_000 || calm[0].micros > 110_000 {
		t.Errorf("calm p95 %d us", calm[0].micros)
	}
	if busy[0].micros < calm[0].micros*3/2 || busy[0].overloaded {
		t.Errorf("busy p95 %d us, calm %d", busy[0].micros, calm[0].micros)
	}
	_, over := judgeExpected(chainView(400, 1700))
	if !over[0].overloaded {
		t.Errorf("an overloaded server has an answer: %+v", over[0])
	}
}

func TestUnknownServiceTimeIsLeftOut(t *testing.T) {
	v := chainView(400, 100)
	v.Edges = nil
	web := v.Applications["web"]
	web.DemandMicros = 0
	v.Applications["web"] = web
	if _, got := judgeExpected(v); len(got) != 0 {
		t.Errorf("judged without a service time: %+v", got)
	}
}

func TestSlowLinksAndDistanceCount(t *testing.T) {
	v := chainView(400, 100)
	v.Links = []model.Link{{From: "s1", To: "s2", RTTMicros: 30_000, Measured: true}}
	st, near := judgeExpected(v)
	st.worlds[0].Slow = []SlowLink{{From: "s1", To: "s2", FactorPPM: 3_000_000}}
	far := st.judge(0, math.MaxInt64)
	if d := far[0].micros - near[0].micros; d < 55_000 || d > 65_000 {
		t.Errorf("a link three times as slow adds %d us, want 60000", d)
	}
}

func TestDecideKeepsAResponseTime(t *testing.T) {
	v := chainView(600, 1200)
	web := v.Applications["web"]
	web.SLO.ResponseMicros = 130_000
	v.Applications["web"] = web
	ev, plan := Decide(v, Config{}, greedy)
	if plan == nil {
		t.Fatalf("no plan: %s", ev.Reason)
	}
	if !strings.Contains(plan.Moves[0].Reason, "SLO response of web") {
		t.Errorf("reason %q", plan.Moves[0].Reason)
	}
	for _, s := range ev.Scenarios[1:3] {
		for _, m := range s.Worst {
			if m.Kind == model.SLOResponse && m.MarginPPM < 0 {
				t.Errorf("%s: margin %+v after the plan", s.Name, m)
			}
		}
	}
}

func TestImpossibleResponseIsSaid(t *testing.T) {
	v := chainView(400, 100)
	web := v.Applications["web"]
	web.SLO.ResponseMicros = 20_000
	v.Applications["web"] = web
	ev, plan := Decide(v, Config{}, greedy)
	if plan != nil || !strings.Contains(ev.Reason, "SLO response of web can't be kept by placement") {
		t.Errorf("plan %v, reason %q", plan != nil, ev.Reason)
	}
}

func TestAvailability(t *testing.T) {
	server := func(id, zone string) model.Server {
		s := testServer(id, zone)
		s.MTBF, s.MTTR = 999*time.Hour, time.Hour // down one thousandth
		return s
	}
	app := testApplication("web", 100)
	app.SLO.AvailabilityPPM = 999_900
	cases := []struct {
		placement map[string]string
		want      int64
	}{
		{map[string]string{"web/0": "s1"}, 998_970},
		{map[string]string{"web/0": "s1", "web/1": "s1"}, 998_970}, // one server is one
		{map[string]string{"web/0": "s1", "web/1": "s2"}, 999_969}, // one rack
		{map[string]string{"web/0": "s1", "web/1": "s3"}, 999_998}, // two zones
	}
	for _, c := range cases {
		v := testView([]model.Server{server("s1", "a"), server("s2", "a"), server("s3", "b")}, []model.Application{app}, c.placement)
		st, _ := judgeExpected(v)
		got, ok := st.availabilityPPM(0)
		if !ok || got < c.want-1 || got > c.want+1 {
			t.Errorf("%v: %d ppm, want %d", c.placement, got, c.want)
		}
		if st.unavailable(0) != (got < 999_900) {
			t.Errorf("%v: broken %v at %d", c.placement, st.unavailable(0), got)
		}
	}
	v := testView([]model.Server{server("s1", "a"), testServer("s2", "b")}, []model.Application{app}, map[string]string{"web/0": "s2"})
	if st, _ := judgeExpected(v); st.unavailable(0) || st.availabilityMargins() != nil {
		t.Error("an availability from an unknown failure rate")
	}
}

func TestDecideSeparatesForAvailability(t *testing.T) {
	app := testApplication("web", 1000)
	app.SLO.AvailabilityPPM = 999_900
	var servers []model.Server
	for _, id := range []string{"s1", "s2"} {
		s := testServer(id, id)
		s.MTBF, s.MTTR = 999*time.Hour, time.Hour
		servers = append(servers, s)
	}
	v := testView(servers, []model.Application{app}, map[string]string{"web/0": "s1", "web/1": "s1"})
	ev, plan := Decide(v, Config{}, greedy)
	if plan == nil || len(plan.Moves) != 1 || !strings.Contains(plan.Moves[0].Reason, "SLO availability of web") {
		t.Fatalf("%s: %+v", ev.Reason, plan)
	}
}

func TestAvailabilityOfZones(t *testing.T) {
	server := func(id, zone string, mtbf time.Duration) model.Server {
		s := testServer(id, zone)
		s.MTBF, s.MTTR = 999*time.Hour, time.Hour
		s.ZoneMTBF, s.ZoneMTTR = mtbf, time.Hour
		return s
	}
	app := testApplication("web", 100)
	app.SLO.AvailabilityPPM = 999_000
	placement := map[string]string{"web/0": "s1", "web/1": "s2"}
	for _, c := range []struct {
		name         string
		first, other time.Duration
		second       string
		want         int64
	}{
		{"one zone, unknown", 0, 0, "a", 999_969},
		{"one zone that is down one thousandth", 999 * time.Hour, 999 * time.Hour, "a", 998_979},
		{"its servers differ: the worst counts", 99_999 * time.Hour, 999 * time.Hour, "a", 998_979},
		{"one of its servers states nothing", 0, 999 * time.Hour, "a", 998_979},
		{"two such zones", 999 * time.Hour, 999 * time.Hour, "b", 999_995},
		{"a bad zone and one that states nothing", 999 * time.Hour, 0, "b", 999_997},
	} {
		v := testView([]model.Server{server("s1", "a", c.first), server("s2", c.second, c.other)}, []model.Application{app}, placement)
		st, _ := judgeExpected(v)
		got, ok := st.availabilityPPM(0)
		if !ok || got < c.want-1 || got > c.want+1 {
			t.Errorf("%s: %d ppm, want %d", c.name, got, c.want)
		}
	}
}

func TestABadZoneIsLeft(t *testing.T) {
	app := testApplication("web", 100)
	app.SLO.AvailabilityPPM = 999_800
	var servers []model.Server
	for _, id := range []string{"a1", "a2", "b1"} {
		s := testServer(id, id[:1])
		s.MTBF, s.MTTR = 999_999*time.Hour, time.Hour
		s.ZoneMTBF, s.ZoneMTTR = 999*time.Hour, time.Hour // one thousandth
		servers = append(servers, s)
	}
	v := testView(servers, []model.Application{app}, map[string]string{"web/0": "a1", "web/1": "a2"})
	ev, plan := Decide(v, Config{}, greedy)
	if plan == nil || len(plan.Moves) != 1 || plan.Moves[0].To != "b1" {
		t.Fatalf("%s: %+v, want one replica in the other zone", ev.Reason, plan)
	}
}

func TestTheLossOfAZoneWeighsWhatItsServersSay(t *testing.T) {
	weight := func(mtbf time.Duration) float64 {
		a, b := testServer("s1", "a"), testServer("s2", "b")
		a.ZoneMTBF = mtbf
		v := testView([]model.Server{a, b}, []model.Application{testApplication("web", 100)}, map[string]string{"web/0": "s1"})
		for _, f := range newFleet(v, Config{}.WithDefaults()).lossFutures() {
			if f.Kind == model.ScenarioZoneLost && f.Lost[0].Zone == "a" {
				return f.Weight
			}
		}
		t.Fatal("no such future")
		return 0
	}
	if unknown, often, seldom := weight(0), weight(24*time.Hour), weight(100_000*time.Hour); unknown != 0.0002 || often <= unknown || seldom >= unknown {
		t.Errorf("%v unknown, %v once a day, %v once in eleven years", unknown, often, seldom)
	}
}
