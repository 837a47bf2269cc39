package simfleet

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

func newDemo(t *testing.T) *Fleet {
	t.Helper()
	f, err := New(DemoSpec(1))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// serverCPU returns the CPU use of every server as a share of its capacity.
func serverCPU(f *Fleet, at model.Instant) map[model.EntityID]float64 {
	use := map[model.EntityID]float64{}
	for _, e := range f.Measure(at, time.Minute) {
		if m, ok := e.(model.Metric); ok && strings.HasPrefix(string(m.Entity), "server:") {
			for _, s := range f.spec.Servers {
				if m.Entity == model.ServerEntity(s.ID) {
					use[m.Entity] = m.Samples[0].Value / float64(s.Capacity[model.CPU])
				}
			}
		}
	}
	return use
}

func TestSameSpecSameEvents(t *testing.T) {
	a, b := newDemo(t), newDemo(t)
	at := a.spec.Start.Add(17 * time.Minute)
	if !reflect.DeepEqual(a.Measure(at, time.Minute), b.Measure(at, time.Minute)) {
		t.Error("measurements differ")
	}
	if !reflect.DeepEqual(a.Traceroutes(at), b.Traceroutes(at)) || !reflect.DeepEqual(a.Inventory(at), b.Inventory(at)) {
		t.Error("traceroutes or inventory differ")
	}
	other, err := New(DemoSpec(2))
	if err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(a.Measure(at, time.Minute), other.Measure(at, time.Minute)) {
		t.Error("another seed gives the same measurements")
	}
}

func TestTheCampaignOverloadsAServer(t *testing.T) {
	f := newDemo(t)
	worst := func(at model.Instant) (most float64) {
		for _, u := range serverCPU(f, at) {
			most = max(most, u)
		}
		return most
	}
	before, during := worst(f.spec.Start), worst(f.spec.Start.Add(80*time.Minute))
	if before > 0.8 {
		t.Errorf("a server stands at %.0f %% before the campaign; want at most 80 %%", before*100)
	}
	if during < 0.95 {
		t.Errorf("the tightest server reaches %.0f %% in the campaign; want an overload", during*100)
	}
}

func TestMovesChangeWhereTheLoadIs(t *testing.T) {
	f := newDemo(t)
	at := f.spec.Start.Add(time.Hour)
	was := serverCPU(f, at)["server:s01"]
	id := model.NewReplicaID("search", 0)
	f.Begin(model.Move{Replica: id, From: "s01", To: "s12"})
	if during := serverCPU(f, at)["server:s12"]; during < 0.05 {
		t.Errorf("a copy loads its target with %.3f", during)
	}
	f.Apply(model.Outcome{Kind: model.OutcomeMove, Replica: id, Server: "s12"})
	if now := serverCPU(f, at)["server:s01"]; now >= was-0.05 {
		t.Errorf("s01 stands at %.2f after a replica left it, %.2f before", now, was)
	}
	if got := f.Placement()[id]; got != "s12" {
		t.Errorf("replica on %s, want s12", got)
	}
}

func TestAnnouncementsComeOnce(t *testing.T) {
	f := newDemo(t)
	seen := map[string]int{}
	for at := f.spec.Start.Add(-15 * 24 * time.Hour); at < f.spec.Start.Add(3*time.Hour); at = at.Add(10 * time.Minute) {
		for _, e := range f.Announcements(at, at.Add(10*time.Minute)) {
			switch e := e.(type) {
			case model.CalendarEvent:
				seen[e.ID]++
			case model.Maintenance:
				seen[e.ID]++
			}
		}
	}
	want := map[string]int{"newsletter-1": 1, "newsletter-2": 1, "newsletter-3": 1, "firmware-s05": 1}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("announced %v, want %v", seen, want)
	}
}

func TestSpecsThatDoNotMeetAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Spec){
		"place":       func(s *Spec) { s.Applications[0].Placement[0] = "s99" },
		"count":       func(s *Spec) { s.Applications[0].Replicas = 7 },
		"callee":      func(s *Spec) { s.Applications[0].Calls[0].Callee = "nobody" },
		"cycle":       func(s *Spec) { s.Applications[11].Calls = []CallSpec{{Callee: "web", Rate: 1}} },
		"maintenance": func(s *Spec) { s.Maintenance[0].Server = "s99" },
		"campaign":    func(s *Spec) { s.Campaigns[0].Application = "nobody" },
		"interval":    func(s *Spec) { s.Interval = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s := DemoSpec(1)
			spoil(s)
			if _, err := New(s); err == nil {
				t.Error("accepted")
			}
		})
	}
}
