package backtest

import (
	"encoding/json"
	"math"
	"path/filepath"
	"testing"

	"drover/internal/planetlab"
)

func TestMomentsOfSamples(t *testing.T) {
	m := momentsOf([]float64{0, 0, 0, .8})
	for what, d := range map[string]float64{"mean": m.Mean - .2, "variance": m.Variance - .12, "third": m.Third - .048} {
		if math.Abs(d) > 1e-12 {
			t.Errorf("%s is off by %v: %+v", what, d, m)
		}
	}
}

// The oracle sees the two hours after its tick, neither the tick itself nor
// anything later; the day's last sample lasts.
func TestTheOracleSeesTwoHours(t *testing.T) {
	use := make([]float64, planetlab.SampleCount)
	for k := range use {
		use[k] = float64(k) / 1000
	}
	see := foresee(&planetlab.Day{Names: []string{"a"}, Use: [][]float64{use}})
	for tick, want := range map[int]float64{0: .0125, 100: .1125, 285: .2865, 286: .287, 287: .287} {
		if got := see(tick)[0].Mean; math.Abs(got-want) > 1e-12 {
			t.Errorf("tick %d: mean %v, want %v", tick, got, want)
		}
	}
	if m := see(287)[0]; m.Variance != 0 || m.Third != 0 {
		t.Errorf("after the last sample: %+v, want no variance", m)
	}
}

// On a recorded morning true moments must be worth something, or the oracle is none.
func TestTheOracleBeatsForecasts(t *testing.T) {
	dir := filepath.Join(dataFolder(t), "20110306")
	out, err := command(t, "planetlab", dir, "--policies", "drover,oracle", "--until", "72", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Policies []result }
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Policies) != 2 || r.Policies[1].Policy != "oracle" {
		t.Fatalf("document %s", out)
	}
	drover, oracle := r.Policies[0], r.Policies[1]
	if oracle.EnergyRatio >= drover.EnergyRatio || oracle.Unserved > .0015 {
		t.Errorf("oracle %.4f x the bound, %.4f %% unserved; drover %.4f and %.4f %%", oracle.EnergyRatio, 100*oracle.Unserved,
			drover.EnergyRatio, 100*drover.Unserved)
	}
}
