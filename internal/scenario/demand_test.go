package scenario

import (
	"math"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

func TestDemandComesFromTheBestSource(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a")},
		[]model.Application{testApplication("own", 100), testApplication("shared", 100), testApplication("stated", 100)},
		map[string]string{"own/0": "s1", "shared/0": "s1", "shared/1": "s1", "stated/0": "s1"})
	shapedForecast(v, "replica:own/0", model.CPU, []float64{500, 700, 600}, 1.5)
	flatForecast(v, "app:shared", model.CPU, 800, 1000)
	flatForecast(v, "server:s1", model.CPU, 2000, 2400)
	f := newFleet(v, Config{}.WithDefaults())
	mean, background := f.base(levels{})
	high, highBackground := f.base(levels{all: 0.95})
	cpu := func(d []model.Vector, replica, t int) int64 { return d[replica*6+t][model.CPU] }
	// Replicas in order: own/0, shared/0, shared/1, stated/0.
	for _, c := range []struct{ got, want int64 }{
		{cpu(mean, 0, 0), 500}, {cpu(mean, 0, 1), 700}, {cpu(mean, 0, 5), 600}, {cpu(high, 0, 1), 1050},
		{cpu(mean, 1, 0), 400}, {cpu(mean, 2, 3), 400}, {cpu(high, 2, 0), 500},
		{cpu(mean, 3, 0), 100}, {cpu(high, 3, 0), 100}, {mean[3*6][model.Memory], 2 * gib},
		// The server shows 2000, of which 500 + 800 + 100 are its replicas'.
		{background[0][model.CPU], 600}, {background[1][model.CPU], 400}, {highBackground[0][model.CPU], 2400 - 750 - 1000 - 100},
	} {
		if c.got != c.want {
			t.Errorf("got %d, want %d", c.got, c.want)
		}
	}
}

func TestUntrustedForecastsFallBack(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a")}, []model.Application{testApplication("web", 1)}, map[string]string{"web/0": "s1"})
	flatForecast(v, "replica:web/0", model.CPU, 1000, 1200)
	k := ForecastKey{"replica:web/0", model.CPU}
	fc := v.Forecasts[k]
	fc.Trusted, fc.Observed, fc.Peak = false, 400, 3000
	v.Forecasts[k] = fc
	f := newFleet(v, Config{}.WithDefaults())
	for level, want := range map[float64]float64{0: 400, 0.5: 400, 0.95: 3000, 0.725: 1700} {
		if got := f.value(&fc, 0, level); math.Abs(got-want) > 1e-6 {
			t.Errorf("level %v: %v, want %v", level, got, want)
		}
	}
	if f.trustedPPM() != 0 {
		t.Errorf("trusted %d ppm", f.trustedPPM())
	}
	for _, bad := range []float64{math.NaN(), -5, math.Inf(-1)} {
		if amount(bad) != 0 {
			t.Errorf("amount(%v) = %d", bad, amount(bad))
		}
	}
}

func TestFuturesChangeLoadAndServers(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b")},
		[]model.Application{testApplication("web", 1000), testApplication("api", 1000)}, map[string]string{"web/0": "s1", "web/1": "s2", "api/0": "s1"})
	f := newFleet(v, Config{}.WithDefaults())
	w := f.worlds([]Future{{
		Name: "x", Weight: 1, GrowthPPM: 100_000,
		Load: []LoadChange{{Application: "web", ChangePPM: 200_000, Start: noon.Add(2 * time.Hour), End: noon.Add(3 * time.Hour)}},
		Lost: []Loss{{Zone: "a", Start: noon.Add(4 * time.Hour)}},
	}})
	st := newState(f, w, f.start)
	// Replicas: api/0, web/0, web/1.
	if got := w[0].demand[1*6+0][model.CPU]; got != 1100 {
		t.Errorf("growth: %d", got)
	}
	if got := w[0].demand[1*6+2][model.CPU]; got != 1320 {
		t.Errorf("growth and change: %d", got)
	}
	if w[0].demand[0*6+2][model.Memory] != 2*gib {
		t.Error("memory grows with requests")
	}
	if got := st.load[0][1*6+3][model.CPU]; got != 1100 {
		t.Errorf("s2 before the loss: %d", got)
	}
	if got := st.load[0][1*6+4]; got[model.CPU] != 2200 || got[model.Memory] != 2*gib {
		t.Errorf("s2 carries web alone after the loss: %v", got)
	}
	if st.outages(f.appAt["api"], 0) != 2 || st.outages(f.appAt["web"], 0) != 0 {
		t.Errorf("outages: api %d, web %d periods", st.outages(f.appAt["api"], 0), st.outages(f.appAt["web"], 0))
	}
}

func TestGenerateAndReduce(t *testing.T) {
	v := randomView(8, 15, 0.5)
	v.Maintenance = []model.Maintenance{
		{ID: "soon", Server: "s001", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)},
		{ID: "later", Server: "s002", Start: noon.Add(5 * time.Hour), End: noon.Add(6 * time.Hour)},
		{ID: "off", Server: "s003", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour), Cancelled: true},
	}
	v.Calendar = []model.CalendarEvent{{ID: "c", Kind: "campaign", Name: "sale", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)}}
	cfg := Config{Futures: []Future{{Name: "mine", Kind: model.ScenarioUser, Required: true, Weight: 0.1}}, Paths: 4}.WithDefaults()
	f := newFleet(v, cfg)
	all := f.generate()
	kept, dropped := f.reduce(slices.Clone(all))
	count := map[model.ScenarioKind]int{}
	for _, future := range kept {
		if err := future.Validate(); err != nil {
			t.Errorf("%s: %v", future.Name, err)
		}
		count[future.Kind]++
	}
	if len(kept) != cfg.MaxFutures || count[model.ScenarioUser] != 1 || count[model.ScenarioMaintenance] != 1 ||
		count[model.ScenarioExpected] != 1 || count[model.ScenarioHighLoad] != 1 || count[model.ScenarioCampaign] == 0 ||
		count[model.ScenarioServerLost]+count[model.ScenarioZoneLost] == 0 {
		t.Errorf("kept %d: %v", len(kept), count)
	}
	if len(dropped) == 0 || len(all) <= len(kept) {
		t.Errorf("%d futures, dropped %q", len(all), dropped)
	}
	if waiting := f.waitingMaintenance(); len(waiting) != 1 || waiting[0] != "maintenance later of s002: s002 is emptied from 2026-03-02T15:00:00Z on" {
		t.Errorf("waiting: %q", waiting)
	}
}

func TestWorstLossesAreKept(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a"), testServer("s3", "a"), testServer("s4", "a")},
		[]model.Application{testApplication("big", 5000), testApplication("tiny", 10)},
		map[string]string{"big/0": "s1", "big/1": "s2", "tiny/0": "s3", "tiny/1": "s4"})
	f := newFleet(v, Config{MaxFutures: 4}.WithDefaults())
	kept, _ := f.reduce(f.generate())
	names := map[string]bool{}
	for _, future := range kept {
		names[future.Name] = true
	}
	// Losing s1 or s2 leaves 10000 millicores on 8000.
	if !names["loss of s1"] || names["loss of s3"] {
		t.Errorf("kept %v", names)
	}
}

func TestPathsMoveChainsTogether(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a")},
		[]model.Application{testApplication("a", 1), testApplication("b", 1), testApplication("c", 1)},
		map[string]string{"a/0": "s1", "b/0": "s1", "c/0": "s1"})
	v.Edges = []model.Edge{{Caller: "a", Callee: "b", CallsPerSecond: 1}}
	f := newFleet(v, Config{}.WithDefaults())
	var ab, ac, n float64
	for seed := range uint64(400) {
		p := f.samplePath(seed)
		at := func(app int) float64 { return p[app*f.periods()] - 0.5 }
		ab, ac, n = ab+at(0)*at(1), ac+at(0)*at(2), n+at(0)*at(0)
		if !slices.Equal(p, f.samplePath(seed)) {
			t.Fatal("a path is not determined by its seed")
		}
	}
	if ab/n < 0.5 || ac/n > 0.4 {
		t.Errorf("correlation of callers and callees %.2f, of strangers %.2f", ab/n, ac/n)
	}
}
