package netmap

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
)

// probe returns a path over routers, 1 ms each, with one answer of the target.
func probe(from, to string, at model.Instant, micros int64, routers ...string) model.Path {
	p := model.Path{Fleet: "f", From: model.ServerID(from), To: to, At: at, Producer: "p", Reached: true}
	for i, router := range routers {
		hop := model.Hop{TTL: i + 1, Address: router, RTTMicros: []int64{int64(i+1) * 1000}}
		if router == "" {
			hop = model.Hop{TTL: i + 1, Lost: 3}
		}
		p.Hops = append(p.Hops, hop)
	}
	p.Hops = append(p.Hops, model.Hop{TTL: len(routers) + 1, Address: "ip-" + to, RTTMicros: []int64{micros}})
	return p
}

func TestMeasuredPairs(t *testing.T) {
	m := New(Config{StaleAfter: time.Hour})
	for i, micros := range []int64{100, 300, 200} {
		m.Observe(probe("a", "b", noon.Add(time.Duration(i)*time.Minute), micros))
	}
	unreached := probe("a", "b", noon.Add(3*time.Minute), 0)
	unreached.Reached, unreached.Hops = false, nil
	m.Observe(unreached)
	links := m.Changed(noon.Add(5 * time.Minute))
	if len(links) != 1 {
		t.Fatalf("%d links, want 1", len(links))
	}
	l := links[0]
	if l.RTTMicros != 200 || !l.Measured || l.RTTErrorMicros != 80 || l.At != noon.Add(3*time.Minute) {
		t.Errorf("link %+v", l)
	}
	if l.LossPPM < 250_000 || l.LossPPM > 260_000 {
		t.Errorf("loss %d ppm, want about a quarter", l.LossPPM)
	}
	if again := m.Changed(noon.Add(6 * time.Minute)); len(again) != 0 {
		t.Errorf("told again: %+v", again)
	}
	back, ok := m.Estimate("f", "b", "a")
	if !ok || !back.Measured || back.RTTMicros != 200 || back.From != "b" {
		t.Errorf("the way back: %+v %v", back, ok)
	}
	if stale := m.Changed(noon.Add(2 * time.Hour)); len(stale) != 1 || stale[0].Measured || stale[0].RTTMicros == 0 {
		t.Errorf("stale: %+v", stale)
	}
}

func TestAddressesAreTheServersTheyAnswerFor(t *testing.T) {
	m := New(Config{})
	m.Observe(probe("a", "b", noon, 500))
	p := probe("c", "x", noon, 700)
	p.To, p.Hops[0].Address = "ip-b", "ip-b"
	m.Observe(p)
	if l, ok := m.Estimate("f", "c", "b"); !ok || !l.Measured || l.RTTMicros != 700 {
		t.Errorf("%+v %v", l, ok)
	}
}

func TestBadPathsAreRefused(t *testing.T) {
	m := New(Config{MaxPairs: 1})
	noTime := probe("a", "b", 0, 1)
	noFleet := probe("a", "b", noon, 1)
	noFleet.Fleet = ""
	for _, p := range []model.Path{{}, noTime, noFleet, probe("a", "a", noon, 1), probe("a", "", noon, 1), probe("", "b", noon, 1)} {
		if o := m.Observe(p); o != Refused {
			t.Errorf("%+v: %v", p, o)
		}
	}
	m.Observe(probe("a", "b", noon, -5))
	m.Observe(probe("a", "b", noon, longestRTT+1))
	if o := m.Observe(probe("a", "c", noon, 1)); o != Refused {
		t.Errorf("above the limit of pairs: %v", o)
	}
	if paths, trips := m.Refused(); paths != 7 || trips != 2 {
		t.Errorf("%d paths and %d round trips refused, want 7 and 2", paths, trips)
	}
	if _, ok := m.Estimate("f", "a", "nobody"); ok {
		t.Error("an estimate for an unknown server")
	}
	if _, ok := m.Estimate("g", "a", "b"); ok {
		t.Error("an estimate for an unknown fleet")
	}
}

func TestSnapshotHasTheSameFuture(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	top := tree(r, 12, 4, 2)
	m, at := New(Config{}), noon
	observe := func(maps ...*Map) {
		for range 30 {
			i, j := r.IntN(12), r.IntN(12)
			p := top.path(r, i, j, at)
			want := m.Observe(p)
			for _, other := range maps {
				if got := other.Observe(p); got != want {
					t.Fatalf("outcomes %v and %v", got, want)
				}
			}
		}
	}
	for range 10 {
		observe()
		m.Changed(at)
		at = at.Add(10 * time.Minute)
		observe()
		snapshot, _ := m.AppendBinary(nil)
		restored := New(Config{})
		if err := restored.UnmarshalBinary(snapshot); err != nil {
			t.Fatal(err)
		}
		observe(restored)
		if x, y := m.Changed(at), restored.Changed(at); !reflect.DeepEqual(x, y) {
			t.Fatalf("changes differ:\n%v\n%v", x, y)
		}
		for i := range top.servers {
			for j := range top.servers {
				x, a := m.Estimate("f", top.servers[i], top.servers[j])
				y, b := restored.Estimate("f", top.servers[i], top.servers[j])
				if !reflect.DeepEqual(x, y) || a != b {
					t.Fatalf("estimates differ:\n%+v\n%+v", x, y)
				}
			}
		}
		first, _ := m.AppendBinary(nil)
		second, _ := restored.AppendBinary(nil)
		if string(first) != string(second) {
			t.Fatal("snapshots differ")
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	top, m := tree(r, 4, 2, 1), New(Config{})
	for i := range 12 {
		m.Observe(top.path(r, i%4, (i+1)%4, noon))
	}
	m.Changed(noon)
	whole, _ := m.AppendBinary(nil)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		m := New(Config{RelaxSteps: 100})
		if err := m.UnmarshalBinary(data); err != nil {
			if len(m.fleets) != 0 {
				t.Fatal("a refused snapshot changed the map")
			}
			return
		}
		m.Observe(probe("a", "b", noon, 5, "r"))
		m.Changed(noon)
		m.Links(noon)
		m.Estimate("f", "a", "s01")
	})
}
