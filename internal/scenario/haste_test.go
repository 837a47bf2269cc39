package scenario

import (
	"testing"
	"time"

	"drover/internal/model"
)

// Three servers are too full: one is now, a second is more so, the third will be in
// an hour. They are relieved by how bad it is, not by their deadlines.
func TestWhatIsBrokenNowIsMendedFirst(t *testing.T) {
	var servers []model.Server
	var apps []model.Application
	at := map[string]string{}
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		servers = append(servers, testServer("s"+id, "a"))
	}
	for i, id := range []string{"a", "b", "c"} {
		server := servers[i].ID
		apps = append(apps, testApplication(id, 100), testApplication(id+id, 100))
		at[id+"/0"], at[id+id+"/0"] = string(server), string(server)
	}
	v := testView(servers, apps, at)
	for r, loads := range map[string][]float64{"a/0": {4000, 5000}, "aa/0": {3500, 5000}, "b/0": {5000}, "bb/0": {4000}, "c/0": {5000}, "cc/0": {5500}} {
		hours(v, r, loads...)
	}
	ev, plan := Decide(v, Config{Stages: -1, ServerConcurrency: 1}, greedy)
	if plan == nil || len(plan.Moves) != 3 {
		t.Fatalf("%s: %+v", ev.Reason, plan)
	}
	for i, want := range []model.ServerID{"s3", "s2", "s1"} {
		if m := plan.Moves[i]; m.From != want {
			t.Errorf("move %d relieves %s, want %s", i, m.From, want)
		}
	}
	// A server that has to be empty already goes before all of them.
	v.Drained = map[model.ServerID]model.Instant{"s4": noon.Add(-time.Hour)}
	v.Applications["d"], v.Placement["d/0"] = testApplication("d", 100), "s4"
	ev, plan = Decide(v, Config{Stages: -1, ServerConcurrency: 1}, greedy)
	if plan == nil || plan.Moves[0].From != "s4" {
		t.Errorf("%s: %+v, want s4 emptied first", ev.Reason, plan)
	}
}
