package planetlab

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// wildDay is made-up demand with bursts.
func wildDay(vms int, seed uint64) *Day {
	r := rand.New(rand.NewPCG(seed, 9))
	d := &Day{Names: make([]string, vms), Use: make([][]float64, vms)}
	for v := range d.Use {
		level := .3 * r.Float64()
		for range SampleCount {
			x := level * (1 + .6*r.NormFloat64())
			if r.IntN(20) == 0 {
				x = r.Float64()
			}
			d.Use[v] = append(d.Use[v], float64(int(100*min(max(x, 0), 1)))/100)
		}
	}
	return d
}

func playPolicy(t *testing.T, d *Day, kind string, until int) ([][]Move, Score) {
	t.Helper()
	p, err := NewReactive(kind, len(d.Use))
	if err != nil {
		t.Fatal(err)
	}
	decisions, score, err := Play(d, p, until)
	if err != nil {
		t.Fatal(err)
	}
	return decisions, score
}

func TestReactivePoliciesSaveEnergyByMoving(t *testing.T) {
	d := wildDay(60, 1)
	_, still := playPolicy(t, d, "static", 120)
	if still.Migrations != 0 || still.Unserved != 0 {
		t.Errorf("static: %+v", still)
	}
	for _, kind := range []string{"threshold", "lr"} {
		_, s := playPolicy(t, d, kind, 120)
		if s.Migrations == 0 || s.EnergyKWh >= still.EnergyKWh || s.EnergyKWh < s.LowerBoundKWh || s.RejectedMoves > 0 {
			t.Errorf("%s: %+v beside %v kWh of static", kind, s, still.EnergyKWh)
		}
	}
}

func TestUntilDecidesAPrefix(t *testing.T) {
	d := wildDay(40, 2)
	whole, all := playPolicy(t, d, "threshold", 160)
	part, some := playPolicy(t, d, "threshold", 50)
	if len(part) != 51 || !reflect.DeepEqual(part, whole[:51]) {
		t.Errorf("%d ticks decided, or decided otherwise", len(part))
	}
	if some.EnergyKWh <= 0 || some.EnergyKWh >= all.EnergyKWh/2 {
		t.Errorf("energy until tick 50 is %v kWh of %v", some.EnergyKWh, all.EnergyKWh)
	}
	other := wildDay(40, 3)
	mixed := &Day{Names: d.Names}
	for v := range d.Use {
		mixed.Use = append(mixed.Use, append(append([]float64{}, d.Use[v][:51]...), other.Use[v][51:]...))
	}
	if changed, _ := playPolicy(t, mixed, "threshold", 60); !reflect.DeepEqual(changed[:51], whole[:51]) {
		t.Error("samples after tick 50 change decisions up to it")
	}
}

func TestUnknownPolicyAndTooManyVMs(t *testing.T) {
	if _, err := NewReactive("clever", 4); err == nil {
		t.Error("an unknown policy is accepted")
	}
	p, _ := NewReactive("static", 5000)
	if _, _, err := Play(wildDay(5000, 1), p, 1); err == nil {
		t.Error("5000 VMs fit on 800 hosts")
	}
	if _, err := p.Decide(1, make([]float64, 3)); err == nil {
		t.Error("3 samples for 5000 VMs are accepted")
	}
}

func TestExtrapolateFollowsALine(t *testing.T) {
	next, long := extrapolate([]float64{99, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	near(t, "next", next, 11)
	if !long {
		t.Error("eleven samples are not long")
	}
	if _, long := extrapolate([]float64{1, 2, 3}); long {
		t.Error("three samples are long")
	}
}
