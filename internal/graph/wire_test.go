package graph

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSnapshotsOfOthersAreRefused(t *testing.T) {
	g := New(Config{})
	g.Observe(call("web", "db", noon, 1))
	whole, err := g.AppendBinary([]byte("kept"))
	if err != nil || !strings.HasPrefix(string(whole), "kept") {
		t.Fatalf("%q %v", whole, err)
	}
	whole = whole[4:]
	for name, data := range map[string][]byte{
		"empty": nil, "another version": append([]byte{99}, whole[1:]...), "cut off": whole[:len(whole)-3],
		"too long": append(append([]byte{}, whole...), 0), "no half-life": append([]byte{snapshotVersion}, make([]byte, 40)...),
	} {
		if err := New(Config{}).UnmarshalBinary(data); !errors.Is(err, errSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSymbolsAreReused(t *testing.T) {
	s := newSymbols()
	a, b := s.acquire("a"), s.acquire("b")
	if s.acquire("a") != a || s.name(b) != "b" {
		t.Error("a name changed its symbol")
	}
	s.release(a)
	if _, known := s.find("a"); !known {
		t.Error("a name in use was freed")
	}
	s.release(a)
	if _, known := s.find("a"); known {
		t.Error("a name without use is known")
	}
	if c := s.acquire("c"); c != a || s.name(c) != "c" {
		t.Errorf("symbol %d, want %d again", c, a)
	}
}

func TestForwardDecayDoesNotDependOnItsReference(t *testing.T) {
	d := decay{halfLifeMillis: float64(time.Hour.Milliseconds())}
	early, late := noon, noon.Add(7*time.Hour)
	old, young := d.reference(early), d.reference(late)
	if x, y := d.weight(old, late)/d.weight(old, early), d.weight(young, late)/d.weight(young, early); x != y || x < 127.99 || x > 128.01 {
		t.Errorf("seven half-lives weigh %g and %g, want 128", x, y)
	}
}
