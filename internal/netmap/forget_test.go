package netmap

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
)

func TestOldPairsAreForgotten(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	top := tree(r, 24, 4, 2)
	m := New(Config{StaleAfter: time.Hour})
	// For a day the first half is traced, then for a day the second.
	at, largest := noon, 0
	for hour := range 48 {
		at = at.Add(time.Hour)
		for i := range 12 {
			for j := range 12 {
				if base := 12 * (hour / 24); i != j {
					m.Observe(top.path(r, base+i, base+j, at))
				}
			}
		}
		m.Changed(at)
		largest = max(largest, len(m.fleets[0].pairs))
	}
	f := m.fleets[0]
	if len(f.pairs) != 132 || largest != 264 {
		t.Errorf("%d pairs kept after up to %d, want 132 after 264", len(f.pairs), largest)
	}
	if _, known := f.nodes["s00"]; known || len(f.targets) != 12 {
		t.Errorf("forgotten servers are still known: targets %d", len(f.targets))
	}
	link, ok := m.Estimate("f", "s12", "s13")
	if !ok || !link.Measured {
		t.Errorf("a live pair: %+v %v", link, ok)
	}
	if way, ok := m.Way("f", "s12", "s13"); !ok || len(way.Routes) == 0 || way.Routes[0][0][0] != "rack0" {
		t.Errorf("its way: %+v", way)
	}
	snapshot, _ := m.AppendBinary(nil)
	restored := New(Config{})
	if err := restored.UnmarshalBinary(snapshot); err != nil {
		t.Fatal(err)
	}
	if again, _ := restored.Estimate("f", "s12", "s13"); !reflect.DeepEqual(again, link) {
		t.Errorf("restored: %+v, want %+v", again, link)
	}
}

// FuzzObserve folds paths made of arbitrary bytes: no panic, and whatever state
// comes of it survives a snapshot.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{0, 1, 3, 10, 20, 30, 2, 0, 4, 9, 9, 9, 9, 1, 2})
	f.Add([]byte{1, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		m := New(Config{RelaxSteps: 50, MaxPairs: 6, StaleAfter: time.Minute})
		next := func() int64 {
			if len(data) == 0 {
				return 0
			}
			v := data[0]
			data = data[1:]
			return int64(int8(v))
		}
		name := func() string { return []string{"", "a", "b", "c", "r1", "r2", "r3", "r4"}[next()&7] }
		at := noon
		for len(data) > 0 {
			p := model.Path{Fleet: "f", From: model.ServerID(name()), To: name(), At: at, Reached: next()&1 == 0}
			for range next() & 7 {
				p.Hops = append(p.Hops, model.Hop{TTL: int(next() * next()), Address: name(), RTTMicros: []int64{next() * next(), next() << 30}, Lost: int(next())})
			}
			m.Observe(p)
			if next()&3 == 0 {
				at = at.Add(time.Duration(next()&127) * time.Second)
				m.Changed(at)
			}
		}
		m.Domains("f")
		m.SharedLinks("f", 1)
		snapshot, _ := m.AppendBinary(nil)
		restored := New(Config{})
		if err := restored.UnmarshalBinary(snapshot); err != nil {
			t.Fatalf("its own snapshot is refused: %v", err)
		}
		again, _ := restored.AppendBinary(nil)
		if string(again) != string(snapshot) {
			t.Fatal("a snapshot of the restored map differs")
		}
	})
}
