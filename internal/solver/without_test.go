package solver

import (
	"strings"
	"testing"
)

func TestEveryPartCanBeLeftOut(t *testing.T) {
	t.Parallel()
	all, err := ParseTechniques(TechniqueNames()[1:])
	if err != nil {
		t.Fatal(err)
	}
	p := fleetToImprove(t)
	whole := mustSolve(t, p, Options{Seed: 1, Evaluations: 100_000})
	sets := []Technique{all, all ^ Swaps | Shifts}
	for _, name := range TechniqueNames() {
		set, err := ParseTechniques([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	for _, set := range sets {
		a := mustSolve(t, p, Options{Seed: 1, Evaluations: 100_000, Without: set})
		if a.Violated > 0 || a.Costs.Total() >= a.Start.Total() || a.Costs.Total() < whole.LowerBound {
			t.Errorf("without %b: cost %d from %d, %d broken", set, a.Costs.Total(), a.Start.Total(), a.Violated)
		}
	}
}

func TestWhatIsLeftOutIsNeverDrawn(t *testing.T) {
	t.Parallel()
	in, err := compile(fleetToImprove(t))
	if err != nil {
		t.Fatal(err)
	}
	l := newLane(in, in.start, 1)
	c := schedule{eject: 64}
	full := l.mixAt(&c, 1)
	if full.eject != 1024 || full.repack != 1026 || full.clear != 1042 || full.relay != 1298 {
		t.Errorf("mix %+v", full)
	}
	if warm := l.mixAt(&c, 0); warm.repack != warm.eject {
		t.Errorf("repacking while warm: %+v", warm)
	}
	l.without = Ejections | Repacking | Clearing | Relays
	if none := l.mixAt(&c, 1); none != (mix{}) {
		t.Errorf("mix %+v", none)
	}
	l.without |= Shifts
	counts := func() [2]int { return [2]int{len(l.s.items[0]), len(l.s.items[1])} }
	before := counts()
	m, w := mix{}, climate{t: 1e18}
	for range 2000 {
		l.play(&m, &w)
	}
	if counts() != before {
		t.Errorf("swaps alone changed how many items bins have from %v to %v", before, counts())
	}
}

func TestUnknownPartsAreNamed(t *testing.T) {
	t.Parallel()
	if _, err := ParseTechniques([]string{"swaps", "magic"}); err == nil || !strings.Contains(err.Error(), `"magic"`) || !strings.Contains(err.Error(), "relays") {
		t.Errorf("%v", err)
	}
	if _, err := ParseTechniques([]string{"swaps", "shifts"}); err == nil {
		t.Error("nothing is left that moves an item")
	}
}
