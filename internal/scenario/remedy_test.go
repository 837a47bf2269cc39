package scenario

import (
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// TestWhatCannotBeKeptIsSaidWithItsWayOut holds the sentence on small fleets on
// which nothing satisfies all promises: which SLO, which constraint, what helps.
func TestWhatCannotBeKeptIsSaidWithItsWayOut(t *testing.T) {
	one := func(change func(*model.Application)) View {
		app := testApplication("web", 6000)
		change(&app)
		return testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")}, []model.Application{app}, map[string]string{"web/0": "s1"})
	}
	slow := one(func(a *model.Application) {
		a.SLO = model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: 12_000}
		a.DemandMicros = 10_000
	})
	slow.Edges = []model.Edge{{Caller: "user", Callee: "web", CallsPerSecond: 600}}
	fails := one(func(a *model.Application) { a.Request[model.CPU], a.SLO.AvailabilityPPM = 100, 999_999 })
	for id, s := range fails.Servers {
		s.MTBF, s.MTTR = 30*24*time.Hour, 2*time.Hour
		fails.Servers[id] = s
	}
	alone := one(func(a *model.Application) { a.Request[model.CPU], a.AntiAffinity = 100, []model.ApplicationID{"web"} })
	delete(alone.Servers, "s2")
	alone.Placement["web/1"] = "s1"
	friends := one(func(a *model.Application) { a.Request[model.CPU], a.Affinity = 100, []model.ApplicationID{"db"} })
	db := testApplication("db", 100)
	db.AllowedServers = []model.ServerID{"s2"}
	friends.Applications["db"], friends.Placement["db/0"] = db, "s2"
	web := friends.Applications["web"]
	web.AllowedServers = []model.ServerID{"s1"}
	friends.Applications["web"] = web
	drained := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")}, []model.Application{testApplication("web", 5000), testApplication("api", 5000)},
		map[string]string{"web/0": "s1", "api/0": "s2"})
	drained.Drained = map[model.ServerID]model.Instant{"s1": noon}
	for name, c := range map[string]struct {
		view View
		want []string
	}{
		"response": {slow, []string{"SLO response of web: s1 would be at 75.0 % of its cpu", "it allows", "replicas of web in place of 1, or a server with at least"}},
		"headroom": {one(func(a *model.Application) { a.SLO.HeadroomPPM = 300_000 }), []string{"SLO headroom of web", "it allows 70.0 %",
			"2 replicas of web in place of 1, or a server with at least 8571 millicores of cpu: one alone needs 6000 millicores, the largest may give it 5600"}},
		"memory": {one(func(a *model.Application) { a.Request[model.Memory] = 40 * gib }), []string{"SLO capacity: s1 would be at 125.0 % of its memory",
			"a server with at least 40.0 GiB of memory for web/0: the largest gives it 32.0 GiB"}},
		"network": {one(func(a *model.Application) { a.Request[model.Transmit] = 200_000_000 }), []string{"of its transmit",
			"2 replicas of web in place of 1, or a server with at least 190.7 MiB/s of transmit"}},
		"availability": {fails, []string{"SLO availability of web: its placement is up 99.7200 %", "one more replica of web on a server of its own"}},
		"anti-affinity": {alone, []string{"SLO spread of web: it shares a server against its anti-affinity",
			"one more server for web: its replicas may not share one with one another"}},
		"policy": {one(func(a *model.Application) { a.Request[model.CPU], a.AllowedServers = 100, []model.ServerID{"gone"} }),
			[]string{"SLO spread of web: it stands on a server that its policy does not allow", "a server that web may use: its policy allows gone only"}},
		"affinity": {friends, []string{"SLO spread of web", "a server for web together with what it must share one with"}},
		"drain":    {drained, []string{"s1 was ordered to be drained", "1 replicas are still there", "1 more server like s1 (8000 millicores of cpu each); missing 5000 millicores"}},
	} {
		ev, _ := Decide(c.view, Config{}, greedy)
		for _, want := range append(c.want, "least violation", "what would fix it") {
			if !strings.Contains(ev.Reason, want) {
				t.Errorf("%s: %q lacks %q", name, ev.Reason, want)
			}
		}
	}
}
