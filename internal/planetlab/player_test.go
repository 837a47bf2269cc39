package planetlab

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// flatDay is a day of constant utilisations; four VMs have one size each.
func flatDay(use ...float64) *Day {
	d := &Day{}
	for _, u := range use {
		row := make([]float64, SampleCount)
		for k := range row {
			row[k] = u
		}
		d.Use = append(d.Use, row)
		d.Names = append(d.Names, "vm")
	}
	return d
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func play(t *testing.T, d *Day, initial []int, moves map[int][]Move) Score {
	t.Helper()
	p, err := NewPlayer(d, initial)
	if err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= LastTick; k++ {
		p.Advance(TickSeconds(k))
		if err := p.Command(moves[k]); err != nil {
			t.Fatal(err)
		}
	}
	p.Advance(DaySeconds)
	return p.Score()
}

func TestConstantLoadCostsItsPower(t *testing.T) {
	// Sizes 2500, 2000, 1000, 500 at a half: 3000 MIPS on one G5, a point between 50 % and 60 %.
	s := play(t, flatDay(.5, .5, .5, .5), []int{1, 1, 1, 1}, nil)
	u := 3000 / 5320.0
	near(t, "energy", s.EnergyKWh, (116+(10*u-5)*5)*24/1000)
	if s.LowerBoundKWh >= s.EnergyKWh || s.LowerBoundKWh < .8*s.EnergyKWh {
		t.Errorf("bound %v kWh of %v", s.LowerBoundKWh, s.EnergyKWh)
	}
	near(t, "hosts on", s.MeanHostsOn, 1)
	if s.Unserved != 0 || s.SLATAH != 0 || s.PDM != 0 || s.Migrations != 0 {
		t.Errorf("a calm day: %+v", s)
	}
}

func TestAnIdleHostPaysItsIdlePower(t *testing.T) {
	s := play(t, flatDay(0, 0, 0, 0), []int{0, 1, 1, 1}, nil)
	near(t, "energy", s.EnergyKWh, (86+93.7)*24/1000)
	near(t, "bound", s.LowerBoundKWh, 0)
}

func TestOverloadIsSharedOut(t *testing.T) {
	// 6000 MIPS on 5320: the shares 2216.67, 1773.33, 886.67 and 443.33 are rounded down.
	s := play(t, flatDay(1, 1, 1, 1), []int{1, 1, 1, 1}, nil)
	near(t, "unserved", s.Unserved, (6000-2216-1773-886-443)/6000.0)
	near(t, "SLATAH", s.SLATAH, 1)
	if s.InitialOvercommit != 1 {
		t.Errorf("%d hosts overcommitted at first, want 1", s.InitialOvercommit)
	}
}

func TestAVMIsCappedAtACore(t *testing.T) {
	// A G4 core gives 1860 of the 2500 MIPS that the first VM asks for.
	s := play(t, flatDay(1, 0, 0, 0), []int{0, 0, 0, 0}, nil)
	near(t, "unserved", s.Unserved, 640/2500.0)
}

func TestAMigrationCostsATenthOnTheSource(t *testing.T) {
	d := flatDay(.4, 0, 0, 0)
	s := play(t, d, []int{1, 1, 1, 1}, map[int][]Move{5: {{0, 3}}, 9: {{0, 3}}})
	seconds := 870 / 62.5
	near(t, "PDM", s.PDM, .1*seconds/DaySeconds)
	near(t, "unserved", s.Unserved, s.PDM)
	if s.Migrations != 1 || s.RejectedMoves != 1 {
		t.Errorf("%d migrations, %d rejected; want 1 and 1 (the VM is there already)", s.Migrations, s.RejectedMoves)
	}
	// Host 3 is on from the command on, host 1 keeps the other VMs.
	near(t, "hosts on", s.MeanHostsOn, 1+(DaySeconds-TickSeconds(5))/DaySeconds)
}

func TestMovesOfATickEndOneByOne(t *testing.T) {
	d := flatDay(.1, .1, .1, .1)
	s := play(t, d, []int{1, 1, 1, 1}, map[int][]Move{2: {{0, 3}, {1, 3}, {2, 3}, {3, 3}, {3, 5}}})
	if s.Migrations != 4 || s.RejectedMoves != 1 {
		t.Errorf("%d migrations, %d rejected", s.Migrations, s.RejectedMoves)
	}
	// Host 1 goes off when the slowest move, 27.84 s, has ended.
	near(t, "hosts on", s.MeanHostsOn, 1+1740/62.5/DaySeconds)
}

func TestBadPlacementsAndMoves(t *testing.T) {
	d := flatDay(.1, .1)
	for want, initial := range map[string][]int{"1 VMs": {1}, "host 800": {1, HostCount}, "host -1": {-1, 1}} {
		if _, err := NewPlayer(d, initial); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", initial, err)
		}
	}
	p, _ := NewPlayer(d, []int{1, 1})
	for _, m := range []Move{{2, 1}, {0, HostCount}, {-1, 1}, {0, -1}} {
		if err := p.Command([]Move{m}); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
}

func TestPowerIsLinearBetweenPoints(t *testing.T) {
	g5 := HostTypeOf(1)
	for mips, want := range map[float64]float64{0: 93.7, 532: 97, 266: 95.35, 5320: 135, 9999: 135} {
		near(t, "power", g5.Power(mips), want)
	}
	if HostTypeOf(0).CapacityMIPS != 3720 || VMTypeOf(0, 9).MIPS != 2500 || VMTypeOf(8, 9).MIPS != 1000 {
		t.Error("types are dealt out wrongly")
	}
}

func TestWriteDecisions(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDecisions(&b, [][]Move{{{0, 1}, {1, 3}}, nil, {{1, 1}}}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "time_s,vm,host\n0,0,1\n0,1,3\n600,1,1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// With one class of load the bound can be worked out by hand.
func TestLowerBound(t *testing.T) {
	// 5320 MIPS in all: one full G5 at 135 W beats any split with the G4.
	d := flatDay(1, 1, .5, .64)
	near(t, "one full host", LowerBoundJoules(d, 3600), 135*3600)
	// 372 MIPS: a tenth of a G4 at 89.4 W.
	near(t, "a tenth of a G4", LowerBoundJoules(flatDay(.1, 0, 0, .244), 1000), 89.4*1000)
	if got := LowerBoundJoules(flatDay(0, 0, 0, 0), DaySeconds); got != 0 {
		t.Errorf("no demand: %v J", got)
	}
}
