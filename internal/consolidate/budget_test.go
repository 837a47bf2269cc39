package consolidate

import (
	"math"
	"strings"
	"testing"
)

// playTwo plays one frame of two VMs of 5320 MIPS each on hosts of that size.
func playTwo(t *testing.T, before, at []int, from, to []float64) budget {
	t.Helper()
	c := testFleet(4, 2)
	for v := range c.VMs {
		c.VMs[v] = VM{SizeMIPS: 5320, MigrationSeconds: 30}
	}
	p := mustNew(t, c)
	copy(p.before, before)
	copy(p.at, at)
	copy(p.last, from)
	p.budget.play(p, to)
	return p.budget
}

func TestPlayedDeficit(t *testing.T) {
	for _, c := range []struct {
		name       string
		before, at []int
		from, to   []float64
		want       float64 // MIPS x ticks
	}{
		{"room for both", []int{1, 1}, []int{1, 1}, []float64{.5, .5}, []float64{.4, .6}, 0},
		{"one too much throughout", []int{1, 1}, []int{1, 1}, []float64{1, .5}, []float64{1, .5}, 2660},
		{"an overload that fades", []int{1, 1}, []int{1, 1}, []float64{1, 1}, []float64{.5, .5}, 5320 * .5 * 31 / 30},
		{"on their own", []int{1, 3}, []int{1, 3}, []float64{1, 1}, []float64{1, 1}, 0},
		// A tenth of the frame on the source, with a tenth of the demand lost
		// and asked for on the target too.
		{"a move that relieves", []int{1, 1}, []int{1, 3}, []float64{1, 1}, []float64{1, 1}, 5320*.1 + 532*.1},
		{"just placed", []int{-1, -1}, []int{1, 3}, []float64{1, 1}, []float64{1, 1}, 0},
	} {
		b := playTwo(t, c.before, c.at, c.from, c.to)
		if math.Abs(b.unserved-c.want) > 1e-6 {
			t.Errorf("%s: %v unserved, want %v", c.name, b.unserved, c.want)
		}
		demand := 5320 * (c.from[0] + c.from[1] + c.to[0] + c.to[1]) / 2
		if math.Abs(b.demanded-demand) > 1e-6 || b.ticks != 1 {
			t.Errorf("%s: %v demanded in %d ticks, want %v in 1", c.name, b.demanded, b.ticks, demand)
		}
	}
}

func TestPriceFollowsTheBudget(t *testing.T) {
	c := testFleet(2, 2)
	c.PeriodTicks = 100
	base := c.Tuning.DeficitWatts
	at := func(ticks int, unserved float64) float64 {
		b := budget{ticks: ticks, demanded: 1000 * float64(ticks), unserved: unserved, latest: 1000}
		return b.price(&c)
	}
	if at(0, 0) != base || math.Abs(at(50, 50)-base) > 1e-9 {
		t.Errorf("on budget: %v and %v, want %v", at(0, 0), at(50, 50), base)
	}
	if !(at(50, 60) > base && at(50, 40) < base) {
		t.Errorf("prices %v above and %v below the budget, base %v", at(50, 60), at(50, 40), base)
	}
	if got := at(50, 1e6); got != base*c.Tuning.SteerLimit {
		t.Errorf("budget spent: %v", got)
	}
	if got := at(99, 0); math.Abs(got-base/c.Tuning.SteerLimit) > 1e-12 {
		t.Errorf("budget unused: %v", got)
	}
	idle := budget{ticks: 5}
	if got := idle.price(&c); got != base {
		t.Errorf("no demand: %v", got)
	}
	over := budget{ticks: 100, demanded: 5, unserved: 1, latest: 7}
	if over.roll(100); over != (budget{latest: 7}) {
		t.Errorf("a new period starts with %+v", over)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"no hosts":                 func(c *Config) { c.Hosts = nil },
		"host 1: capacity 0":       func(c *Config) { c.Hosts[1].CapacityMIPS = 0 },
		"host 0: capacity NaN":     func(c *Config) { c.Hosts[0].CapacityMIPS = math.NaN() },
		"host 0: power curve":      func(c *Config) { c.Hosts[0].Watts = []float64{5} },
		"host 2: power -1":         func(c *Config) { c.Hosts[2].Watts = []float64{-1, 5} },
		"VM 3: size -5":            func(c *Config) { c.VMs[3].SizeMIPS = -5 },
		"migration -1":             func(c *Config) { c.VMs[0].MigrationSeconds = -1 },
		"step 0 s":                 func(c *Config) { c.StepSeconds = 0 },
		"period 0 ticks":           func(c *Config) { c.PeriodTicks = 0 },
		"unserved target 0":        func(c *Config) { c.UnservedTarget = 0 },
		"unserved target NaN":      func(c *Config) { c.UnservedTarget = math.NaN() },
		"VM 1: size +Inf":          func(c *Config) { c.VMs[1].SizeMIPS = math.Inf(1) },
		"host 3: power +Inf":       func(c *Config) { c.Hosts[3].Watts = []float64{1, math.Inf(1)} },
		"host 3: capacity -3":      func(c *Config) { c.Hosts[3].CapacityMIPS = -3 },
		"VM 2: size 0":             func(c *Config) { c.VMs[2].SizeMIPS = 0 },
		"host 1: power curve of 0": func(c *Config) { c.Hosts[1].Watts = nil },
	} {
		c := testFleet(4, 4)
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %v", want, err)
		}
	}
}
