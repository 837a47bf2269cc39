package consolidate

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestFirstStepPlacesEveryVM(t *testing.T) {
	c := testFleet(20, 60)
	p := mustNew(t, c)
	moves := run(t, p, testDay(60, 1, 3), 0)[0]
	if len(moves) != 60 {
		t.Fatalf("%d rows at tick 0, want 60", len(moves))
	}
	used := map[int]bool{}
	for v, m := range moves {
		if m.VM != v || m.Host < 0 || m.Host >= len(c.Hosts) {
			t.Fatalf("row %d is %+v", v, m)
		}
		used[m.Host] = true
	}
	for h := range used {
		if h%2 == 0 {
			t.Errorf("host %d of the less efficient class is in use", h)
		}
	}
}

// A policy may only know what it has been fed: a shorter day is a prefix, and
// other samples later change nothing earlier.
func TestDecisionsDependOnThePastOnly(t *testing.T) {
	const ticks, cut = 60, 25
	day := testDay(80, ticks, 5)
	whole := run(t, mustNew(t, testFleet(20, 80)), day, 0)
	short := run(t, mustNew(t, testFleet(20, 80)), day[:cut], 0)
	if !reflect.DeepEqual(whole[:cut], short) {
		t.Error("a truncated day gives other decisions")
	}
	other := append([][]float64{}, day[:cut]...)
	other = append(other, testDay(80, ticks, 77)[cut:]...)
	changed := run(t, mustNew(t, testFleet(20, 80)), other, 0)
	if !reflect.DeepEqual(whole[:cut], changed[:cut]) {
		t.Error("later samples change earlier decisions")
	}
	if reflect.DeepEqual(whole, changed) {
		t.Error("other samples give the same day; the test shows nothing")
	}
}

func TestMovesAreRealAndInOrder(t *testing.T) {
	day := testDay(80, 80, 9)
	at := make([]int, 80)
	count := 0
	for k, moves := range run(t, mustNew(t, testFleet(20, 80)), day, 0) {
		last := -1
		for _, m := range moves {
			if m.VM <= last {
				t.Fatalf("tick %d: VM %d after VM %d", k, m.VM, last)
			}
			if k > 0 && at[m.VM] == m.Host {
				t.Fatalf("tick %d: VM %d is on host %d already", k, m.VM, m.Host)
			}
			last, at[m.VM] = m.VM, m.Host
			if k > 0 {
				count++
			}
		}
	}
	if count == 0 || count > 80*20 {
		t.Errorf("%d migrations in 80 ticks of 80 VMs", count)
	}
}

func TestStepRefusesBadInput(t *testing.T) {
	p := mustNew(t, testFleet(4, 8))
	if _, err := p.Step(0, make([]float64, 7)); err == nil || !strings.Contains(err.Error(), "7 samples") {
		t.Errorf("wrong count: %v", err)
	}
	run(t, p, testDay(8, 1, 1), 0)
	if _, err := p.Step(2, make([]float64, 8)); err == nil || !strings.Contains(err.Error(), "tick 2 after tick 0") {
		t.Errorf("gap: %v", err)
	}
	if _, err := p.Step(1, make([]float64, 8)); err != nil {
		t.Errorf("the right tick after refusals: %v", err)
	}
}

func TestStrangeSamplesAreTamed(t *testing.T) {
	p := mustNew(t, testFleet(10, 16))
	day := testDay(16, 6, 2)
	day[2][3], day[3][4], day[4][5], day[4][6] = math.NaN(), math.Inf(1), -3, 40
	run(t, p, day, 0)
	for v := range p.vms {
		if m, variance, third := p.vms[v].moments(&p.cfg.Tuning.Demand); !(m >= 0 && m <= 1 && variance > 0) || math.IsNaN(third) {
			t.Errorf("VM %d: moments %v, %v, %v", v, m, variance, third)
		}
	}
}

func TestEmptyFleetOfVMs(t *testing.T) {
	p := mustNew(t, testFleet(3, 0))
	for k := range 3 {
		if moves, err := p.Step(k, nil); err != nil || len(moves) > 0 {
			t.Fatalf("tick %d: %v, %v", k, moves, err)
		}
	}
}

// One host cannot be relieved; the policy must live with that.
func TestSingleHost(t *testing.T) {
	day := testDay(30, 20, 4)
	for _, row := range day {
		for v := range row {
			row[v] = .9
		}
	}
	for k, moves := range run(t, mustNew(t, testFleet(1, 30)), day, 0) {
		if k > 0 && len(moves) > 0 {
			t.Fatalf("tick %d: %v", k, moves)
		}
	}
}

func TestLoadFollowsDemand(t *testing.T) {
	c := testFleet(40, 200)
	day := testDay(200, 60, 8)
	for k := range day {
		for v := range day[k] {
			if k >= 30 {
				day[k][v] *= .4
			}
		}
	}
	p := mustNew(t, c)
	on := func() int {
		used := map[int]bool{}
		for _, h := range p.at {
			used[h] = true
		}
		return len(used)
	}
	run(t, p, day[:30], 0)
	before := on()
	run(t, p, day, 30)
	if after := on(); after >= before {
		t.Errorf("%d hosts on before demand fell to 40 %%, %d after", before, after)
	}
}

func BenchmarkStep(b *testing.B) {
	day := testDay(1000, 48, 1)
	c := testFleet(800, 1000)
	for b.Loop() {
		run(b, mustNew(b, c), day, 0)
	}
}

// What is foreseen takes the place of estimates, at each tick anew.
func TestForesightIsUsed(t *testing.T) {
	const ticks = 30
	day := testDay(80, ticks, 5)
	c := testFleet(20, 80)
	var asked []int
	size := .05
	c.Foresee = func(tick int) []Moments {
		asked = append(asked, tick)
		out := make([]Moments, 80)
		for v := range out {
			out[v] = Moments{Mean: size, Variance: .001}
		}
		return out
	}
	used := func() int {
		p := mustNew(t, c)
		run(t, p, day, 0)
		on := map[int]bool{}
		for _, h := range p.at {
			on[h] = true
		}
		return len(on)
	}
	low := used()
	if len(asked) != ticks || asked[0] != 0 || asked[ticks-1] != ticks-1 {
		t.Errorf("asked at ticks %v, want each once", asked)
	}
	size = .4
	if high := used(); high <= low {
		t.Errorf("%d hosts for a foreseen mean of .4, %d for .05", high, low)
	}
	c.Foresee = func(int) []Moments { return make([]Moments, 79) }
	if _, err := mustNew(t, c).Step(0, day[0]); err == nil || !strings.Contains(err.Error(), "79") {
		t.Errorf("79 of 80 VMs foreseen: %v", err)
	}
}
