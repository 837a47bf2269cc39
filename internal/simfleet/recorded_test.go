package simfleet

import (
	"math"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// recordedSpec is two applications that live by a record of ten minutes.
func recordedSpec() *Spec {
	start := model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	app := func(id model.ApplicationID, cpu ...float64) ApplicationSpec {
		return ApplicationSpec{ID: id, Replicas: 2, Demand: 10 * time.Millisecond, Placement: []model.ServerID{"a", "b"},
			Recorded: &Recorded{Start: start.Add(-5 * time.Minute), Step: time.Minute, CPUMilli: cpu}}
	}
	web := app("web", 100, 100, 100, 100, 100, 200, 400, 600, 800, 1000)
	web.Calls = []CallSpec{{Callee: "db", Rate: 5}}
	db := app("db", 50, 50, 50, 50, 50, 50, 50, 50, 50, 50)
	db.Recorded.MemoryBytes = []float64{1000, 1000, 1000, 1000, 1000, 3000, 3000, 3000, 3000, 3000}
	capacity := model.Vector{model.CPU: 4000, model.Memory: 8 * gibi}
	return &Spec{Fleet: "shop", Seed: 1, Start: start, History: 5 * time.Minute, Interval: 5 * time.Minute, HistoryInterval: 5 * time.Minute,
		Servers:      []ServerSpec{{ID: "a", Zone: "z1", Capacity: capacity, IdleWatts: 50, PeakWatts: 100}, {ID: "b", Zone: "z2", Capacity: capacity}},
		Applications: []ApplicationSpec{web, db}}
}

func TestARecordedLoadIsMeasuredAsItWas(t *testing.T) {
	spec := recordedSpec()
	f, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Duration // of the interval's end, from the start
		over time.Duration
		web  float64 // millicores of both replicas
		db   float64 // bytes
	}{
		{0, 5 * time.Minute, 100, 1000},
		{5 * time.Minute, 5 * time.Minute, 600, 3000},
		{2 * time.Minute, time.Minute, 400, 3000},
		{150 * time.Second, time.Minute, 500, 3000},     // half of one minute, half of the next
		{time.Hour, time.Minute, 1000, 3000},            // the last value lasts
		{-time.Hour, 5 * time.Minute, 100, 1000},        // so does the first, backwards
		{time.Minute, 2 * time.Minute, 150, 2000},       // across the start
		{-5 * time.Minute, 10 * time.Minute, 100, 1000}, // from before the record
	} {
		for _, e := range f.Measure(spec.Start.Add(c.at), c.over) {
			m, ok := e.(model.Metric)
			if !ok {
				continue
			}
			switch m.Entity {
			case "app:web":
				if got := m.Samples[0].Value; math.Abs(got-c.web) > 2 {
					t.Errorf("web at %v over %v: %v millicores, want %v", c.at, c.over, got, c.web)
				}
			case "app:db":
				if got := m.Samples[1].Value; math.Abs(got-c.db) > 2 {
					t.Errorf("db at %v over %v: %v bytes, want %v", c.at, c.over, got, c.db)
				}
			}
		}
	}
}

// What callers do changes nothing of a recorded load, and calls follow it.
func TestCallersDoNotAddToARecordedLoad(t *testing.T) {
	spec := recordedSpec()
	f, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	rates := f.RatesOver(spec.Start.Add(150*time.Second), 5*time.Minute)
	if math.Abs(rates["web"]-60) > 1e-9 || math.Abs(rates["db"]-5) > 1e-9 {
		t.Errorf("rates %v, want 60 of web and 5 of db", rates)
	}
	if got := f.CPUMilli("web", rates); math.Abs(got-600) > 1e-9 {
		t.Errorf("%v millicores, want 600", got)
	}
	for _, e := range f.Measure(spec.Start.Add(5*time.Minute), 5*time.Minute) {
		if c, ok := e.(model.Call); ok && c.Calls != 60*5*300 {
			t.Errorf("%d calls, want five for each of 60 requests a second", c.Calls)
		}
	}
}

func TestStatedMetadataGoesOutAsItIs(t *testing.T) {
	spec := recordedSpec()
	spec.Servers[0].Stated = &model.Server{ID: "a", Zone: "z1", Capacity: spec.Servers[0].Capacity, Labels: map[string]string{"disk": "ssd"},
		Power: []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 40_000}, {UtilisationPPM: 500_000, PowerMilliwatts: 80_000}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 100_000}}}
	spec.Applications[1].Stated = &model.Application{ID: "db", Replicas: 2, MoveCost: 7, Placement: []model.ServerID{"b", "b"}}
	spec.Calendar = []model.CalendarEvent{{ID: "sale", At: spec.Start.Add(time.Minute), Start: spec.Start.Add(time.Hour)}}
	f, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for u, want := range map[float64]float64{0: 40, 0.25: 60, 0.75: 90, 1: 100} {
		if got := spec.Servers[0].Watts(u); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v W at %v, want %v", got, u, want)
		}
	}
	inventory := f.Inventory(spec.Start)
	if s := inventory[0].(model.Server); s.Labels["disk"] != "ssd" || s.At != spec.Start || len(s.Power) != 3 {
		t.Errorf("server %+v", s)
	}
	if a := inventory[3].(model.Application); a.MoveCost != 7 || a.Placement[0] != "a" || a.DemandMicros != 10_000 {
		t.Errorf("application %+v: want what was stated, where the simulation has it", a)
	}
	if n := len(f.Announcements(spec.Start, spec.Start.Add(5*time.Minute))); n != 1 {
		t.Errorf("%d announcements, want the calendar's", n)
	}
}

func TestARecordThatCannotBePlayedIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*ApplicationSpec){
		"0 values":   func(a *ApplicationSpec) { a.Recorded.CPUMilli = nil },
		"of 0s each": func(a *ApplicationSpec) { a.Recorded.Step = 0 },
		"CPU time":   func(a *ApplicationSpec) { a.Demand = 0 },
	} {
		spec := recordedSpec()
		spoil(&spec.Applications[0])
		if _, err := New(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestReplicasWithoutAPlaceAreSpread(t *testing.T) {
	servers := []ServerSpec{{ID: "a", Zone: "z1"}, {ID: "b", Zone: "z1"}, {ID: "c", Zone: "z2"}}
	for i := range servers {
		servers[i].Capacity[model.CPU] = 8000
	}
	apps := []ApplicationSpec{
		{ID: "small", Replicas: 1},
		{ID: "big", Replicas: 2, Placement: []model.ServerID{"b"}},
		{ID: "many", Replicas: 5},
	}
	Spread(servers, apps, func(i int) float64 { return []float64{1, 4, 1}[i] })
	if got := apps[1].Placement; got[0] != "b" || got[1] != "c" {
		t.Errorf("big stands on %v, want b, where it stood, and c, in the other zone", got)
	}
	on := map[model.ServerID]int{}
	for _, s := range apps[2].Placement {
		on[s]++
	}
	if len(on) != 3 || on["a"] > 2 || on["c"] > 2 {
		t.Errorf("many stands on %v, want all servers, none more than twice", apps[2].Placement)
	}
	if got := apps[0].Placement; len(got) != 1 || got[0] == "" {
		t.Errorf("small stands on %v", got)
	}
}
