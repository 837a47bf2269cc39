package scenario

import (
	"slices"
	"testing"

	"drover/internal/model"
)

// callingView has a web application in zone a that calls a store in zone b and
// promises a response time.
func callingView(promise int64) View {
	v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "b"), testServer("s3", "c")},
		[]model.Application{testApplication("web", 1000), testApplication("store", 1000), testApplication("lone", 500)},
		map[string]string{"web/0": "s1", "store/0": "s2", "lone/0": "s3"})
	web := v.Applications["web"]
	web.DemandMicros, web.SLO = 2_000, model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: promise}
	web.AllowedServers = []model.ServerID{"s1"}
	v.Applications["web"] = web
	store := v.Applications["store"]
	store.DemandMicros, store.AllowedServers = 2_000, []model.ServerID{"s2"}
	v.Applications["store"] = store
	v.Edges = []model.Edge{{Caller: "web", Callee: "store", CallsPerSecond: 100}}
	v.Links = []model.Link{{From: "s1", To: "s2", RTTMicros: 10_000, BandwidthBytesPerSecond: 1e9}}
	return v
}

func TestTheBusiestWayBetweenZonesMayGetSlow(t *testing.T) {
	ev, _ := Decide(callingView(80_000), Config{}, greedy)
	at := slices.IndexFunc(ev.Scenarios, func(r model.ScenarioResult) bool { return r.Kind == model.ScenarioSlowLink })
	if at < 0 {
		t.Fatalf("no future of a slow link: %s", ev.Reason)
	}
	slow := ev.Scenarios[at]
	if slow.Name != "slow link between zones a and b" {
		t.Errorf("%q", slow.Name)
	}
	margin := func(r model.ScenarioResult) int64 {
		for _, m := range r.Worst {
			if m.Kind == model.SLOResponse {
				return m.Value
			}
		}
		t.Fatalf("%s has no response among its margins: %+v", r.Name, r.Worst)
		return 0
	}
	// Five times ten milliseconds in place of one.
	if before, after := margin(ev.Scenarios[1]), margin(slow); after-before < 35_000 || after-before > 45_000 {
		t.Errorf("the response takes %d us as expected and %d us on the slow link, want 40 ms more", before, after)
	}
}

func TestWithoutPromisedResponsesNoLinkIsSlow(t *testing.T) {
	f := newFleet(callingView(0), Config{}.WithDefaults())
	if got := f.slowFutures(); got != nil {
		t.Errorf("%+v", got)
	}
	lonely := callingView(80_000)
	lonely.Edges = nil
	if got := newFleet(lonely, Config{}.WithDefaults()).slowFutures(); got != nil {
		t.Errorf("nothing calls between zones, but %+v", got)
	}
}

func TestASlowLinkGivesWayToWhatMustBeMet(t *testing.T) {
	cfg := Config{MaxFutures: 4}.WithDefaults()
	f := newFleet(callingView(80_000), cfg)
	kept, dropped := f.reduce(f.generate())
	if len(kept) != 4 || slices.ContainsFunc(kept, func(k Future) bool { return k.Kind == model.ScenarioSlowLink }) {
		t.Errorf("%d futures kept: %+v", len(kept), kept)
	}
	if !slices.Contains(dropped, "slow link between zones a and b: no place beside what must be met") {
		t.Errorf("dropped %v", dropped)
	}
}
