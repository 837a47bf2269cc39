package netmap

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSamplesKeepTheLast(t *testing.T) {
	var s samples
	if s.quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := range 100 {
		s.add(uint32(i))
	}
	if len(s.micros) != sampleLimit || s.quantile(0) != 100-sampleLimit || s.quantile(1) != 99 {
		t.Errorf("%d samples from %g to %g", len(s.micros), s.quantile(0), s.quantile(1))
	}
	if got := s.quantile(0.5); got != 99-float64(sampleLimit-1)/2 {
		t.Errorf("median %g", got)
	}
}

func TestLossDecays(t *testing.T) {
	hour := float64(time.Hour.Milliseconds())
	var p pair
	p.observe(noon, nil, 10, hour)
	p.observe(noon.Add(time.Hour), []uint32{5, 5, 5, 5, 5}, 0, hour)
	// Ten lost an hour ago count as five.
	if p.lossPPM() != 500_000 {
		t.Errorf("loss %d ppm, want 500,000", p.lossPPM())
	}
	p.observe(noon, nil, 10, hour) // late: it weighs as its time does
	if want := int64(666_667); p.lossPPM() != want || p.at != noon.Add(time.Hour) {
		t.Errorf("loss %d ppm, want %d", p.lossPPM(), want)
	}
	if (&pair{}).lossPPM() != 0 {
		t.Error("loss without probes")
	}
}

func TestSnapshotsOfOthersAreRefused(t *testing.T) {
	m := New(Config{})
	m.Observe(probe("a", "b", noon, 5000, "r1"))
	whole, err := m.AppendBinary([]byte("kept"))
	if err != nil || !strings.HasPrefix(string(whole), "kept") {
		t.Fatalf("%q %v", whole, err)
	}
	whole = whole[4:]
	for name, data := range map[string][]byte{
		"empty": nil, "another version": append([]byte{99}, whole[1:]...), "cut off": whole[:len(whole)-3],
		"too long": append(append([]byte{}, whole...), 0),
	} {
		err := New(Config{}).UnmarshalBinary(data)
		if !errors.Is(err, errSnapshot) || !strings.Contains(err.Error(), "rebuild it from the topics") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
