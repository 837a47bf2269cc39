package scenario

import (
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// stuckView has two servers of one kind in zones a and b and an update of s0, on
// which web/0 runs, to be over in six hours.
func stuckView(change func(v *View, web *model.Application)) View {
	web := testApplication("web", 1000)
	v := testView([]model.Server{testServer("s0", "a"), testServer("s1", "b")}, []model.Application{testApplication("api", 1000)},
		map[string]string{"web/0": "s0", "api/0": "s1"})
	v.Maintenance = []model.Maintenance{{ID: "u/s0", Server: "s0", Hook: "kernel", Roll: "u", EarliestStart: noon, LatestEnd: noon.Add(6 * time.Hour),
		Start: noon, End: noon.Add(6 * time.Hour), Duration: 30 * time.Minute}}
	change(&v, &web)
	if _, gone := v.Applications["web"]; !gone {
		v.Applications["web"] = web
	}
	return v
}

func request(v *View, app model.ApplicationID, res model.Resource, amount int64) {
	a := v.Applications[app]
	a.Request[res] = amount
	v.Applications[app] = a
}

// TestWhatKeepsAServerFromBeingEmptiedIsSaid: an update that can't be made says in
// its row, and in the record, what stands in the way and what would fix it.
func TestWhatKeepsAServerFromBeingEmptiedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(v *View, web *model.Application)
		cfg      Config
		why, fix string
	}{
		"memory": {change: func(v *View, web *model.Application) {
			web.Request[model.Memory] = 20 * gib
			request(v, "api", model.Memory, 20*gib)
		}, why: "web/0 stays, no server has room for its 20.0 GiB of memory: s1 comes nearest and lacks 8.0 GiB", fix: "one more server like s0"},
		"headroom": {change: func(v *View, web *model.Application) {
			web.SLO.HeadroomPPM = 400_000
			request(v, "api", model.CPU, 4400)
		}, why: "no server has room for its 1000 millicores of cpu: s1 comes nearest and lacks 600 millicores", fix: "one more server like s0"},
		"too large": {change: func(v *View, web *model.Application) { web.Request[model.Memory] = 40 * gib },
			why: "no server has room for its 40.0 GiB of memory", fix: "a server with at least 40.0 GiB of memory"},
		"policy": {change: func(v *View, web *model.Application) { web.AllowedServers = []model.ServerID{"s0"} },
			why: "its policy allows s0 only, and none of them takes replicas", fix: "one more server that web may use"},
		"anti-affinity": {change: func(v *View, web *model.Application) {
			web.AntiAffinity = []model.ApplicationID{"api"}
		}, why: "every server that it may use has one that it must be apart from", fix: "one more server for web"},
		"zones": {change: func(v *View, web *model.Application) {
			web.MinimumZones = 2
			v.Placement["web/1"] = "s1"
		}, why: "elsewhere web would stand in too few zones", fix: "one more server in zone a"},
		"unknown": {change: func(v *View, web *model.Application) {
			v.Placement["stray/0"] = "s0"
			flatForecast(*v, "replica:stray/0", model.CPU, 100, 120)
		}, why: "stray/0 stays, nothing is known of stray but where it runs", fix: "a description of stray"},
		"its moves": {change: func(v *View, web *model.Application) {
			web.MaxMovesPerHour = 1
			v.RecentMoves = []RecentMove{{"web/1", "web", noon.Add(-time.Minute)}}
		}, why: "web has made its moves of this hour", fix: "more moves an hour for web"},
		"the fleet's moves": {change: func(v *View, web *model.Application) {
			v.RecentMoves = []RecentMove{{"api/0", "api", noon.Add(-time.Minute)}}
		}, cfg: Config{MaxMovesPerHour: 1}, why: "the fleet has made its 1 moves of this hour", fix: "more moves an hour"},
		"a slow copy": {change: func(v *View, web *model.Application) { web.DataBytes = 100 * gib }, cfg: Config{CopyBytesPerSecond: 4 << 20},
			why: "what runs there will have left at 2026-03-02T19:07:", fix: "a window until 2026-03-02T19:37:"},
	} {
		v := stuckView(c.change)
		ev, plan := Decide(v, c.cfg, greedy)
		said := ev.Updates[0].Reason
		for _, want := range []string{"impossible as things stand: ", c.why, "what would fix it: ", c.fix} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the update's row lacks %q: %s", name, want, said)
			}
		}
		if ev.Updates[0].State != model.UpdateDraining || !strings.Contains(ev.Reason, "s0 can't be emptied: ") || !strings.Contains(ev.Reason, c.why) {
			t.Errorf("%s: %s, the record says %s", name, ev.Updates[0].State, ev.Reason)
		}
		if plan != nil && !strings.Contains(plan.Reason, c.why) {
			t.Errorf("%s: the plan says %s", name, plan.Reason)
		}
	}
}

// What can be emptied is not called impossible, nor is a server without an update
// forgotten.
func TestOnlyWhatIsStuckIsSaidToBe(t *testing.T) {
	ev, plan := Decide(stuckView(func(*View, *model.Application) {}), Config{}, greedy)
	if plan == nil || strings.Contains(ev.Reason, "can't be emptied") || ev.Updates[0].Reason != "1 replicas are to leave" {
		t.Errorf("%s; %s", ev.Reason, ev.Updates[0].Reason)
	}
	v := stuckView(func(v *View, web *model.Application) {
		web.AllowedServers = []model.ServerID{"s0"}
		v.Maintenance, v.Drained = nil, map[model.ServerID]model.Instant{"s0": noon}
	})
	if ev, _ := Decide(v, Config{}, greedy); !strings.Contains(ev.Reason, "s0 can't be emptied: web/0 stays, its policy allows s0 only") {
		t.Errorf("a drain: %s", ev.Reason)
	}
}

func TestAWindowThatIsTooShortIsSaidToBe(t *testing.T) {
	at := func(h, m int) model.Instant {
		return noon.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
	}
	for name, c := range map[string]struct {
		from, until model.Instant
		takes       time.Duration
		replicas    bool
		state       model.UpdateState
		want        string
	}{
		"shorter than the update": {at(1, 0), at(1, 20), 30 * time.Minute, true, model.UpdateMissed,
			"it takes 30m, its window from 2026-03-02T13:00:00Z to 2026-03-02T13:20:00Z is shorter; order it again with 30m or more"},
		"run out of":      {at(-3, 0), at(0, 20), 30 * time.Minute, true, model.UpdateMissed, "would not be over by 2026-03-02T12:20:00Z: 1 replica still on s0; order it again with more time"},
		"run out of idle": {at(-3, 0), at(0, 20), 30 * time.Minute, false, model.UpdateMissed, "would not be over by 2026-03-02T12:20:00Z; order it again"},
		"over":            {at(-3, 0), at(-1, 0), 30 * time.Minute, true, model.UpdateMissed, "its window ended at 2026-03-02T11:00:00Z with 1 replica still on s0"},
		"over and idle":   {at(-3, 0), at(-1, 0), 30 * time.Minute, false, model.UpdateMissed, "its window ended at 2026-03-02T11:00:00Z; order it again"},
		"just enough":     {at(-3, 0), at(0, 30), 30 * time.Minute, false, model.UpdateDrained, ""},
	} {
		v := stuckView(func(v *View, _ *model.Application) {
			m := &v.Maintenance[0]
			m.Start, m.End, m.EarliestStart, m.LatestEnd, m.Duration = c.from, c.until, c.from, c.until, c.takes
			if !c.replicas {
				v.Placement["web/0"] = "s1"
			}
		})
		ev, plan := Decide(v, Config{}, greedy)
		if u := ev.Updates[0]; u.State != c.state || !strings.Contains(u.Reason, c.want) {
			t.Errorf("%s: %s, %s", name, u.State, u.Reason)
		}
		if handed := plan != nil && plan.UpdateServer != ""; handed != (c.state == model.UpdateDrained) {
			t.Errorf("%s: handed over is %v", name, handed)
		}
	}
}

// Four servers, one at once, two hours each: the fourth would be over after eight.
func TestARollThatIsTooLongForItsWindowIsSaidToBe(t *testing.T) {
	rollOfFour := func(atOnce int, takes, window time.Duration) []model.ServerUpdate {
		v := rollView()
		v.Maintenance = nil
		for _, s := range []model.ServerID{"s0", "s1", "s2", "s3"} {
			v.Maintenance = append(v.Maintenance, model.Maintenance{ID: "u/" + string(s), Server: s, Hook: "kernel", Roll: "u", AtOnce: atOnce,
				Start: noon, End: noon.Add(window), EarliestStart: noon, LatestEnd: noon.Add(window), Duration: takes})
		}
		ev, _ := Decide(v, Config{}, greedy)
		return ev.Updates
	}
	impossible := func(rows []model.ServerUpdate) (out []string) {
		for _, u := range rows {
			if strings.HasPrefix(u.Reason, "impossible in its window: ") {
				out = append(out, string(u.Server)+" "+u.Reason)
			}
		}
		return out
	}
	rows := rollOfFour(1, 2*time.Hour, 6*time.Hour)
	got := impossible(rows)
	want := "s3 impossible in its window: 3 servers before it, 1 at once, 2h each, it would be over at 2026-03-02T20:00:00Z, " +
		"the window ends at 2026-03-02T18:00:00Z; what would fix it: 2 at once or a window until 2026-03-02T20:00:00Z"
	if len(got) != 1 || got[0] != want || rows[3].State != model.UpdateWaiting {
		t.Errorf("got %q (%s)\nwant %q", got, rows[3].State, want)
	}
	if got := impossible(rollOfFour(2, 2*time.Hour, 6*time.Hour)); len(got) != 0 {
		t.Errorf("two at once: %q", got)
	}
	if got := impossible(rollOfFour(1, 2*time.Hour, 8*time.Hour)); len(got) != 0 {
		t.Errorf("eight hours: %q", got)
	}
}
