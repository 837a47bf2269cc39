package consolidate

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestSnapshotDecidesTheSame(t *testing.T) {
	day := testDay(80, 50, 6)
	for _, cut := range []int{0, 1, 17, 49} {
		p := mustNew(t, testFleet(20, 80))
		run(t, p, day[:cut], 0)
		snapshot, err := p.AppendBinary([]byte("prefix"))
		if err != nil {
			t.Fatal(err)
		}
		snapshot = snapshot[len("prefix"):]
		restored := mustNew(t, testFleet(20, 80))
		if err := restored.UnmarshalBinary(snapshot); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(run(t, p, day, cut), run(t, restored, day, cut)) {
			t.Errorf("cut at %d: the restored policy decides otherwise", cut)
		}
		a, _ := p.AppendBinary(nil)
		b, _ := restored.AppendBinary(nil)
		if !bytes.Equal(a, b) {
			t.Errorf("cut at %d: the states differ after the same samples", cut)
		}
	}
}

func TestDamagedSnapshots(t *testing.T) {
	p := mustNew(t, testFleet(6, 12))
	run(t, p, testDay(12, 5, 6), 0)
	good, _ := p.AppendBinary(nil)
	other := mustNew(t, testFleet(6, 13))
	if err := other.UnmarshalBinary(good); err == nil || !strings.Contains(err.Error(), "12 VMs") {
		t.Errorf("another fleet: %v", err)
	}
	for n := range len(good) {
		if err := p.UnmarshalBinary(good[:n]); err == nil {
			t.Fatalf("accepted %d of %d bytes", n, len(good))
		}
		bad := bytes.Clone(good)
		bad[n] ^= 4
		if err := p.UnmarshalBinary(bad); err == nil {
			t.Fatalf("accepted a flipped bit in byte %d", n)
		}
	}
	if after, _ := p.AppendBinary(nil); !bytes.Equal(after, good) {
		t.Error("a refused snapshot changed the state")
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	p := mustNew(f, testFleet(4, 6))
	day := testDay(6, 3, 6)
	run(f, p, day, 0)
	good, _ := p.AppendBinary(nil)
	f.Add(good)
	f.Add(good[:9])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		q := mustNew(t, testFleet(4, 6))
		if q.UnmarshalBinary(data) != nil {
			return
		}
		again, _ := q.AppendBinary(nil)
		if r := mustNew(t, testFleet(4, 6)); r.UnmarshalBinary(again) != nil {
			t.Fatal("a snapshot of a restored policy is refused")
		}
	})
}
