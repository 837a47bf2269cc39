package queueing

import (
	"math"
	"math/rand/v2"
	"testing"

	"drover/internal/scenario/desim"
)

// exponential is an exponential law on the lattice.
func exponential(mean float64) Dist {
	return FromTail(func(t float64) float64 { return math.Exp(-t / mean) }, mean, 12*mean)
}

func total(d Dist) float64 {
	sum := 0.0
	for _, m := range d.Mass {
		sum += m
	}
	return sum
}

func TestSumsOfExponentials(t *testing.T) {
	d := exponential(1).Plus(exponential(1))
	near(t, "mean", d.Mean(), 2, 1e-3)
	near(t, "mass", total(d), 1, 1e-9)
	// Erlang-2: P(T > t) = (1+t) e^-t.
	for _, p := range []float64{0.5, 0.95, 0.99} {
		q := d.Quantile(p)
		near(t, "tail at quantile", (1+q)*math.Exp(-q), 1-p, 0.03)
	}
	five := exponential(2).Times(5)
	near(t, "five", five.Mean(), 10, 1e-2)
	near(t, "p95 of Erlang-5", five.Quantile(0.95), 2*9.1535, 0.02)
	near(t, "a part of a call", exponential(1).Times(2.5).Mean(), 2.5, 1e-2)
}

func TestConstantsAddExactly(t *testing.T) {
	d := Constant(0.25).Plus(Constant(0)).Plus(Constant(0.5))
	near(t, "mean", d.Mean(), 0.75, 1e-9)
	near(t, "p99", d.Quantile(0.99), 0.75, 0.01)
	near(t, "shifted", exponential(1).Plus(Constant(3)).Quantile(0.95), 3-math.Log(0.05), 0.01)
	near(t, "none", Constant(1).Times(0).Mean(), 0, 0)
}

func TestMixAndLongest(t *testing.T) {
	m := Mix([]Dist{exponential(1), exponential(3)}, []float64{1, 1})
	near(t, "mixed mean", m.Mean(), 2, 0.01)
	q := m.Quantile(0.95)
	near(t, "mixed tail", 0.5*math.Exp(-q)+0.5*math.Exp(-q/3), 0.05, 0.03)
	points := Points([]float64{1, 2, 6})
	near(t, "mean of points", points.Mean(), 3, 1e-9)
	near(t, "mass of points", total(points), 1, 1e-9)
	near(t, "no points", Points(nil).Mean(), 0, 0)
	l := Longest(exponential(1), exponential(1))
	near(t, "longest of two", l.Mean(), 1.5, 0.02)
	near(t, "p95 of the longest", l.Quantile(0.95), -math.Log(1-math.Sqrt(0.95)), 0.03)
}

func TestLatticeLawsStaySane(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		a, b := exponential(0.01+rng.Float64()*10), exponential(0.01+rng.Float64())
		n := rng.Float64() * 6
		for name, d := range map[string]Dist{"sum": a.Plus(b), "times": b.Times(n), "mix": Mix([]Dist{a, b}, []float64{rng.Float64(), 1}), "longest": Longest(a, b)} {
			if math.Abs(total(d)-1) > 1e-6 || d.Quantile(0.5) > d.Quantile(0.99) || d.Quantile(0) < 0 || math.IsNaN(d.Mean()) {
				t.Fatalf("%s: mass %v, median %v, p99 %v", name, total(d), d.Quantile(0.5), d.Quantile(0.99))
			}
		}
		near(t, "sum of means", a.Plus(b).Mean(), a.Mean()+b.Mean(), 1e-3)
		near(t, "n times the mean", b.Times(n).Mean(), n*b.Mean(), 5e-3)
	}
}

func TestShapesScaleAndRefuse(t *testing.T) {
	var s Shapes
	d, ok := s.Shared(0.01, 1000, 1, 0.5)
	if !ok {
		t.Fatal("no law")
	}
	near(t, "mean", d.Mean(), 0.02, 0.005)
	wide, _ := s.Shared(1, 1000, 1, 0.495)
	near(t, "scaled and rounded up", wide.Quantile(0.95), 100*d.Quantile(0.95), 1e-9)
	if _, ok := s.Shared(1, 1000, 4, 0.96); ok {
		t.Error("an answer beyond the range")
	}
}

// TestChainAgainstSimulation: a request visits three applications on three
// servers that it shares with others, with network delays between.
func TestChainAgainstSimulation(t *testing.T) {
	const rho = 0.8
	cores := []int{2, 4, 1}
	means, cvs, delays := []float64{1, 0.5, 2}, []float64{1, 2, 0}, []float64{0, 0.2, 0.1}
	draws := []func(*rand.Rand) float64{desim.Exponential(1), desim.HyperExponential(0.5, 2), desim.Deterministic(2)}
	var stations []desim.Station
	chain := desim.Flow{PerSecond: 0.1}
	var flows []desim.Flow
	for i, c := range cores {
		stations = append(stations, desim.Station{Cores: c, Sharing: true})
		chain.Path = append(chain.Path, desim.Visit{Station: i, Delay: delays[i], Draw: draws[i]})
		other := (rho*float64(c) - chain.PerSecond*means[i]) / means[i]
		flows = append(flows, desim.Flow{PerSecond: other, Path: []desim.Visit{{Station: i, Draw: draws[i]}}})
	}
	sim := desim.Run(stations, append([]desim.Flow{chain}, flows...), 500_000, 3)[0]
	var s Shapes
	sum := Constant(0)
	for i := range cores {
		d, ok := s.Shared(means[i], int64(cvs[i]*1000), cores[i], rho)
		if !ok {
			t.Fatal("no law")
		}
		sum = sum.Plus(Constant(delays[i])).Plus(d)
	}
	near(t, "mean", sum.Mean(), sim.Mean(), 0.05)
	for _, p := range []float64{0.5, 0.95, 0.99} {
		near(t, "quantile", sum.Quantile(p), sim.Quantile(p), 0.10)
	}
}
