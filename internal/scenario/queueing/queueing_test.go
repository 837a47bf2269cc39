package queueing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"drover/internal/scenario/desim"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance*math.Max(1e-12, math.Abs(want)) {
		t.Errorf("%s: %.6g, want %.6g within %.2g", what, got, want, tolerance)
	}
}

func TestErlangC(t *testing.T) {
	near(t, "one core", ErlangC(1, 0.7), 0.7, 1e-12)
	// Two cores: C = a^2 / (2 + a) ... with a = 1: 1/3.
	near(t, "two cores", ErlangC(2, 1), 1.0/3, 1e-12)
	near(t, "no load", ErlangC(8, 0), 0, 0)
}

func TestMMcIsExponentialForOneCore(t *testing.T) {
	for _, rho := range []float64{0.01, 0.5, 0.9, 0.99} {
		q := MMc{Cores: 1, Lambda: rho * 4, Mu: 4}
		rate := 4 * (1 - rho)
		near(t, "mean", q.MeanResponse(), 1/rate, 1e-12)
		for _, p := range []float64{0.1, 0.5, 0.95, 0.999} {
			near(t, "quantile", q.Quantile(p), -math.Log(1-p)/rate, 1e-9)
		}
	}
}

func TestMMcMeanIsTheIntegralOfItsTail(t *testing.T) {
	for _, q := range []MMc{{2, 1, 1}, {4, 3.4, 1}, {4, 3, 1}, {16, 10, 1}} { // {4,3,1}: theta = mu
		sum, h := 0.0, 0.001
		for x := h / 2; x < 60; x += h {
			sum += q.Tail(x) * h
		}
		near(t, fmt.Sprint(q), sum, q.MeanResponse(), 1e-4)
	}
}

func TestMMcWaits(t *testing.T) {
	q := MMc{Cores: 3, Lambda: 2.4, Mu: 1}
	w := q.WaitQuantile(0.95)
	near(t, "P(W>w)", ErlangC(3, 2.4)*math.Exp(-(3-2.4)*w), 0.05, 1e-9)
	near(t, "idle", MMc{Cores: 3, Lambda: 0.1, Mu: 1}.WaitQuantile(0.5), 0, 0)
	if (MMc{Cores: 2, Lambda: 2, Mu: 1}).Stable() || !q.Stable() {
		t.Error("stability")
	}
}

func TestServiceLawsKeepTheirMoments(t *testing.T) {
	for _, cv := range []float64{0, 0.3, 0.7, 1, 1.5, 2} {
		s := NewService(0.02, cv)
		near(t, "mean", s.Mean(), 0.02, 1e-9)
		near(t, fmt.Sprintf("CV %v", cv), s.CV(), cv, 0.03)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var times []float64
	for range 50_000 {
		times = append(times, rng.ExpFloat64()*3)
	}
	s, ok := MeasuredService(times)
	if !ok {
		t.Fatal("no law")
	}
	near(t, "measured mean", s.Mean(), 3, 0.02)
	near(t, "measured CV", s.CV(), 1, 0.03)
	if _, ok := MeasuredService([]float64{0, -1, math.NaN()}); ok {
		t.Error("a law from nothing")
	}
}

func TestSharingMeanIsExact(t *testing.T) {
	for _, cv := range []float64{0, 1, 2} {
		for _, rho := range []float64{0.1, 0.5, 0.85} {
			one, ok := NewSharing(NewService(1, cv), 1, rho)
			if !ok {
				t.Fatal("no law")
			}
			near(t, "one core", one.Mean(), 1/(1-rho), 1e-9)
			sum, h := 0.0, 0.02
			for x := h / 2; x < 400; x += h {
				sum += one.Tail(x) * h
			}
			near(t, "integral of the tail", sum, one.Mean(), 0.02)
			four, _ := NewSharing(NewService(1, cv), 4, rho)
			near(t, "four cores", four.Mean(), MMc{4, 4 * rho, 1}.MeanResponse(), 1e-9)
		}
	}
}

func TestSharingRefusesOverload(t *testing.T) {
	for _, rho := range []float64{MaxUtilisation, 1, 2, -0.1, math.NaN()} {
		if _, ok := NewSharing(NewService(1, 1), 2, rho); ok {
			t.Errorf("an answer at utilisation %v", rho)
		}
	}
}

// draw returns the simulation's service law for a coefficient of variation.
func draw(cv float64) func(*rand.Rand) float64 {
	switch cv {
	case 0:
		return desim.Deterministic(1)
	case 1:
		return desim.Exponential(1)
	}
	return desim.HyperExponential(1, cv)
}

// TestSharingAgainstSimulation is the bound that docs/planning.md states: within
// 10 % at up to 85 % utilisation. DROVER_LONG=1 simulates more and prints.
func TestSharingAgainstSimulation(t *testing.T) {
	requests, servers, long := 250_000, []int{1, 8}, os.Getenv("DROVER_LONG") != ""
	if long {
		requests, servers = 3_000_000, []int{1, 2, 4, 16}
	}
	for _, cores := range servers {
		for _, cv := range []float64{0, 1, 2} {
			for _, rho := range []float64{0.5, 0.85} {
				sim := desim.Run([]desim.Station{{Cores: cores, Sharing: true}},
					[]desim.Flow{{PerSecond: rho * float64(cores), Path: []desim.Visit{{Draw: draw(cv)}}}}, requests, 11)[0]
				q, _ := NewSharing(NewService(1, cv), cores, rho)
				for _, p := range []float64{0.5, 0.9, 0.95, 0.99} {
					got, want := q.Quantile(p), sim.Quantile(p)
					if long {
						t.Logf("cores %d CV %v rho %v p%v: %.3f, simulated %.3f, error %+.1f %%", cores, cv, rho, p*100, got, want, (got/want-1)*100)
					}
					near(t, fmt.Sprintf("cores %d CV %v rho %v p%v", cores, cv, rho, p*100), got, want, 0.10)
				}
			}
		}
	}
}
