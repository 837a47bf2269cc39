package simfleet

import (
	"math"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
)

func generated(t *testing.T, seed uint64) *Spec {
	t.Helper()
	s, err := GeneratedSpec(Generated{Seed: seed, Servers: 200, Days: 14})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAGeneratedFleetFollowsFromItsSeed(t *testing.T) {
	if !reflect.DeepEqual(generated(t, 1), generated(t, 1)) {
		t.Error("one seed, two fleets")
	}
	if reflect.DeepEqual(generated(t, 1).Applications, generated(t, 2).Applications) {
		t.Error("two seeds, one fleet")
	}
}

// At no minute of the quarter hours of two weeks may a server be overloaded as
// the platform placed the replicas, campaigns apart, and the chains are such
// that callees follow their callers.
func TestAGeneratedFleetIsPlacedForItsPeaks(t *testing.T) {
	for seed := range uint64(3) {
		spec := generated(t, seed)
		f, err := New(spec)
		if err != nil {
			t.Fatal(err)
		}
		apart(t, spec)
		worst := 0.0
		for at := spec.Start; at < spec.Start.Add(14*24*time.Hour); at = at.Add(time.Hour) {
			rates := f.Rates(at)
			load := map[model.ServerID]float64{}
			for _, a := range spec.Applications {
				for _, s := range a.Placement {
					load[s] += f.CPUMilli(a.ID, rates) / float64(a.Replicas)
				}
			}
			for _, s := range spec.Servers {
				worst = max(worst, load[s.ID]/float64(s.Capacity[model.CPU]))
			}
		}
		if worst > 0.95 || worst < 0.4 {
			t.Errorf("seed %d: the busiest server reaches %.0f %%", seed, 100*worst)
		}
	}
}

func apart(t *testing.T, spec *Spec) {
	t.Helper()
	zone := map[model.ServerID]string{}
	for _, s := range spec.Servers {
		zone[s.ID] = s.Zone
	}
	for _, a := range spec.Applications {
		servers, zones := map[model.ServerID]bool{}, map[string]bool{}
		for _, s := range a.Placement {
			servers[s], zones[zone[s]] = true, true
		}
		if len(servers) != a.Replicas || len(zones) < a.MinimumZones {
			t.Errorf("%s: %d replicas on %d servers in %d zones", a.ID, a.Replicas, len(servers), len(zones))
		}
	}
}

func TestBurstsAreNotAnnounced(t *testing.T) {
	spec := generated(t, 1)
	f, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	campaigns, windows := 0, 0
	for _, e := range f.Announcements(model.NoInstant, spec.Start.Add(20*24*time.Hour)) {
		switch e := e.(type) {
		case model.CalendarEvent:
			campaigns++
			if e.Name == "burst" {
				t.Errorf("burst %s is announced", e.ID)
			}
		case model.Maintenance:
			windows++
		}
	}
	if campaigns != 8 || windows != rackSize {
		t.Errorf("%d campaigns and %d windows announced, want 8 and %d", campaigns, windows, rackSize)
	}
}

func TestMonitoringReportsWhatTheSpecSays(t *testing.T) {
	spec := generated(t, 1)
	f, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[model.EntityKind]int{}
	for _, e := range f.Measure(spec.Start, time.Minute) {
		if m, ok := e.(model.Metric); ok {
			kind, _, _ := m.Entity.Split()
			kinds[kind]++
			if len(m.Samples) != 1 || m.Samples[0].Resource != model.CPU {
				t.Fatalf("%s reports %v", m.Entity, m.Samples)
			}
		}
	}
	if kinds[model.KindApplication] != len(spec.Applications) || len(kinds) != 1 {
		t.Errorf("measured %v", kinds)
	}
	if n := len(f.Traceroutes(spec.Start)); n != 7*len(spec.Servers) {
		t.Errorf("%d traceroutes, want 7 a server", n)
	}
}

func TestAPowerCurveRisesFromIdleToPeak(t *testing.T) {
	s := ServerSpec{IdleWatts: 100, PeakWatts: 300}
	if s.Watts(0) != 100 || math.Abs(s.Watts(1)-300) > 1e-9 {
		t.Errorf("%v W idle, %v W at the peak", s.Watts(0), s.Watts(1))
	}
	for u := 0.0; u < 1; u += 0.1 {
		if s.Watts(u+0.1) <= s.Watts(u) {
			t.Errorf("the draw falls at %.1f", u)
		}
	}
}

func TestWrongSizesAreRefused(t *testing.T) {
	for _, g := range []Generated{{Servers: 0, Days: 1}, {Servers: 50, Days: 1}, {Servers: 200}, {Servers: 200, Days: 400}} {
		if _, err := GeneratedSpec(g); err == nil {
			t.Errorf("%+v is accepted", g)
		}
	}
}
