package backtest

import (
	"drover/internal/consolidate"
	"drover/internal/planetlab"
	"drover/internal/replay"
)

// newPolicy returns a policy by name for a day, which only the oracle looks into.
func newPolicy(name string, day *planetlab.Day) (planetlab.Decider, error) {
	n := len(day.Use)
	if name != "drover" && name != "oracle" {
		return planetlab.NewReactive(name, n)
	}
	cfg := PlanetLabConfig(n)
	if name == "oracle" {
		cfg.Foresee = foresee(day)
	}
	p, err := consolidate.New(cfg)
	if err != nil {
		return nil, err
	}
	return consolidated{p}, nil
}

// PlanetLabConfig describes the benchmark's fleet with n VMs to the
// consolidation policy.
func PlanetLabConfig(n int) consolidate.Config {
	c := consolidate.Config{StepSeconds: planetlab.StepSeconds, PeriodTicks: planetlab.SampleCount,
		UnservedTarget: replay.UnservedTarget, Tuning: consolidate.DefaultTuning()}
	for h := range planetlab.HostCount {
		t := planetlab.HostTypeOf(h)
		c.Hosts = append(c.Hosts, consolidate.Host{CapacityMIPS: t.CapacityMIPS, Watts: t.Watts[:]})
	}
	for v := range n {
		t := planetlab.VMTypeOf(v, n)
		c.VMs = append(c.VMs, consolidate.VM{SizeMIPS: t.MIPS, MigrationSeconds: t.MigrationSeconds()})
	}
	return c
}

// consolidated lets the benchmark play the consolidation policy.
type consolidated struct{ policy *consolidate.Policy }

func (c consolidated) Decide(tick int, samples []float64) ([]planetlab.Move, error) {
	moves, err := c.policy.Step(tick, samples)
	out := make([]planetlab.Move, len(moves))
	for i, m := range moves {
		out[i] = planetlab.Move(m)
	}
	return out, err
}
