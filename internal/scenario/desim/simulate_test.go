package desim

import (
	"math"
	"slices"
	"testing"
)

// relative returns |a-b| / b.
func relative(a, b float64) float64 { return math.Abs(a-b) / b }

func TestOneCoreMatchesClosedForms(t *testing.T) {
	// M/M/1 first come first served: response times are exponential with mean
	// 1/(mu-lambda); under sharing the mean is the same whatever the law.
	for _, rho := range []float64{0.3, 0.6, 0.8} {
		fcfs := Run([]Station{{Cores: 1}}, []Flow{{PerSecond: rho, Path: []Visit{{Draw: Exponential(1)}}}}, 200_000, 1)[0]
		mean := 1 / (1 - rho)
		if relative(fcfs.Mean(), mean) > 0.06 || relative(fcfs.Quantile(0.95), -mean*math.Log(0.05)) > 0.08 {
			t.Errorf("rho %v: mean %v of %v, p95 %v of %v", rho, fcfs.Mean(), mean, fcfs.Quantile(0.95), -mean*math.Log(0.05))
		}
		for name, visit := range map[string]Visit{"constant": {Draw: Deterministic(1)}, "exponential": {Draw: Exponential(1)}, "hyper": {Draw: HyperExponential(1, 2)}} {
			got := Run([]Station{{Cores: 1, Sharing: true}}, []Flow{{PerSecond: rho, Path: []Visit{visit}}}, 200_000, 2)[0]
			if relative(got.Mean(), mean) > 0.07 {
				t.Errorf("rho %v, %s, shared: mean %v of %v", rho, name, got.Mean(), mean)
			}
		}
	}
}

func TestDelaysAndPathsAdd(t *testing.T) {
	path := []Visit{{Station: 0, Delay: 0.5, Draw: Deterministic(1)}, {Station: 1, Delay: 0.25, Draw: Deterministic(2)}}
	got := Run([]Station{{Cores: 1}, {Cores: 1, Sharing: true}}, []Flow{{PerSecond: 1e-6, Path: path}}, 100, 3)[0]
	if relative(got.Quantile(0), 3.75) > 1e-6 || relative(got.Quantile(1), 3.75) > 1e-6 {
		t.Errorf("an empty system answers in %v..%v, want 3.75", got.Quantile(0), got.Quantile(1))
	}
}

func TestSharedStationSlowsBothFlows(t *testing.T) {
	flow := Flow{PerSecond: 0.4, Path: []Visit{{Draw: Exponential(1)}}}
	alone := Run([]Station{{Cores: 1, Sharing: true}}, []Flow{flow}, 100_000, 4)
	both := Run([]Station{{Cores: 1, Sharing: true}}, []Flow{flow, flow}, 200_000, 4)
	for f := range both {
		if relative(both[f].Mean(), 5) > 0.1 || alone[0].Mean() > 2 {
			t.Errorf("flow %d: mean %v together, %v alone", f, both[f].Mean(), alone[0].Mean())
		}
	}
}

func TestSameSeedSameResponses(t *testing.T) {
	run := func() []float64 {
		return Run([]Station{{Cores: 2, Sharing: true}}, []Flow{{PerSecond: 1.2, Path: []Visit{{Draw: HyperExponential(1, 2)}}}}, 2000, 9)[0].Responses
	}
	if !slices.Equal(run(), run()) {
		t.Error("two runs of one seed differ")
	}
}
