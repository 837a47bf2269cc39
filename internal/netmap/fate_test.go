package netmap

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// measureAll traces all pairs of a topology some times.
func measureAll(m *Map, top topology, r *rand.Rand, times int) {
	for k := range times {
		for i := range top.servers {
			for j := range top.servers {
				if i != j {
					m.Observe(top.path(r, i, j, noon.Add(time.Duration(k)*time.Minute)))
				}
			}
		}
	}
}

func TestRacksAreFoundAsDomains(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	m := New(Config{})
	measureAll(m, tree(r, 12, 4, 2), r, 3)
	got := map[string]string{}
	for _, d := range m.Domains("f") {
		got[fmt.Sprint(d.Servers)] = strings.Join(d.Routers, " ")
	}
	for rack, servers := range []string{"[s00 s04 s08]", "[s01 s05 s09]", "[s02 s06 s10]", "[s03 s07 s11]"} {
		if !strings.Contains(got[servers], fmt.Sprint("rack", rack)) {
			t.Errorf("rack %d, servers %s: routers %q of %v", rack, servers, got[servers], got)
		}
	}
	if len(got) != 4 {
		t.Errorf("domains %v, want the four racks", got)
	}
}

func TestARouterAroundWhichThereIsAWayIsNoDomain(t *testing.T) {
	m := New(Config{})
	for i, target := range []string{"x", "y", "z"} {
		for k := range 10 {
			gateway := fmt.Sprint("g", k%2)
			at := noon.Add(time.Duration(10*i+k) * time.Minute)
			m.Observe(probe("a", target, at, 5000, gateway, "core"))
			m.Observe(probe("b", target, at, 5000, gateway, "core"))
		}
	}
	if got := fmt.Sprint(m.Domains("f")); got != "[{[core] [a b]}]" {
		t.Errorf("domains %s, want the core only", got)
	}
	if m.Domains("unknown") != nil {
		t.Error("domains of an unknown fleet")
	}
}

func TestSharedLinks(t *testing.T) {
	m := New(Config{})
	for i, pair := range [][2]string{{"a", "x"}, {"b", "x"}, {"c", "y"}} {
		m.Observe(probe(pair[0], pair[1], noon.Add(time.Duration(i)*time.Minute), 5000, "rack-"+pair[0], "core1", "core2"))
	}
	got := m.SharedLinks("f", 2)
	if len(got) != 1 || got[0] != (SharedLink{"core1", "core2", 3, 1000}) {
		t.Errorf("%+v", got)
	}
	if len(m.SharedLinks("f", 1)) != 4 || m.SharedLinks("unknown", 1) != nil {
		t.Error("links of few pairs")
	}
}

func TestEstimatesAreTold(t *testing.T) {
	m := New(Config{})
	for i, pair := range [][2]string{{"a", "x"}, {"b", "x"}, {"a", "y"}} {
		m.Observe(probe(pair[0], pair[1], noon.Add(time.Duration(i)*time.Minute), 5000, "r1", "r2"))
	}
	told := func(at model.Instant) map[string]model.Link {
		links := map[string]model.Link{}
		for _, l := range m.Changed(at) {
			links[string(l.From+">"+l.To)] = l
		}
		return links
	}
	first := told(noon.Add(10 * time.Minute))
	// b shares r2 with a, whose path goes on to y.
	if l := first["b>y"]; l.Measured || l.RTTMicros != 5000 || l.RTTErrorMicros == 0 {
		t.Errorf("b>y: %+v", l)
	}
	// a and b are both a millisecond away from r1.
	if l := first["a>b"]; l.Measured || l.RTTMicros != 2000 {
		t.Errorf("a>b: %+v", l)
	}
	if !first["a>x"].Measured || len(first) != 6 {
		t.Errorf("%d links: %+v", len(first), first)
	}
	if again := told(noon.Add(20 * time.Minute)); len(again) != 0 {
		t.Errorf("told again: %+v", again)
	}
	m.Observe(probe("b", "y", noon.Add(21*time.Minute), 7000, "r1", "r2"))
	if now := told(noon.Add(30 * time.Minute)); !now["b>y"].Measured || now["b>y"].RTTMicros != 7000 {
		t.Errorf("once measured: %+v", now)
	}
	large := New(Config{EstimateServers: -1})
	large.Observe(probe("a", "x", noon, 5000))
	large.Observe(probe("b", "x", noon, 5000))
	if links := large.Changed(noon.Add(time.Minute)); len(links) != 2 {
		t.Errorf("a fleet above the limit: %+v", links)
	}
}

func TestLinksTellTheRoutersOnEveryRoute(t *testing.T) {
	m := New(Config{})
	at := model.Instant(1_700_000_000_000)
	for i := range 40 {
		way := []string{"r1", "a", "core", "b"}
		if i%2 == 0 { // two equal ways, by a or by z
			way[1] = "z"
		}
		hops := make([]model.Hop, 0, len(way))
		for ttl, address := range way {
			hops = append(hops, model.Hop{TTL: ttl + 1, Address: address, RTTMicros: []int64{int64(100 * (ttl + 1))}})
		}
		m.Observe(model.Path{Fleet: "f", From: "s1", To: "b", At: at.Add(time.Duration(i) * time.Minute), Reached: true, Hops: hops})
	}
	links := m.Changed(at.Add(time.Hour))
	if len(links) != 1 || !slices.Equal(links[0].Routers, []string{"r1", "core"}) {
		t.Errorf("%+v: want the routers r1 and core, which both ways pass", links)
	}
}
