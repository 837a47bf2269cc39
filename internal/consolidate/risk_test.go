package consolidate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// gammaSample draws a gamma variable of the given shape and scale 1
// (Marsaglia and Tsang, ACM TOMS 26(3), 2000).
func gammaSample(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaSample(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := (1 + c*x) * (1 + c*x) * (1 + c*x)
		if v > 0 && math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func TestStandardExcessAgainstMonteCarlo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 200000
	for _, skew := range []float64{0, .2, .5, 1, 2, 3} {
		for _, z := range []float64{-2, 0, 1, 2} {
			var sum, squares float64
			for range n {
				x := r.NormFloat64()
				if skew > 0 {
					shape := 4 / (skew * skew)
					x = (gammaSample(r, shape) - shape) / math.Sqrt(shape)
				}
				e := max(0, x-z)
				sum += e
				squares += e * e
			}
			mean := sum / n
			tolerance := 5*math.Sqrt((squares/n-mean*mean)/n) + 1e-9
			if got := standardExcess(z, skew); math.Abs(got-mean) > tolerance {
				t.Errorf("skew %v, limit %v: %v, sampled %v +- %v", skew, z, got, mean, tolerance)
			}
		}
	}
}

func TestStandardExcessHasItsLimits(t *testing.T) {
	if got, want := standardExcess(0, 0), 1/math.Sqrt(2*math.Pi); math.Abs(got-want) > 1e-15 {
		t.Errorf("normal at its mean: %v, want %v", got, want)
	}
	// Skewness 2 is the exponential: P(Z>z) = exp(-1-z), and so is its integral.
	for _, z := range []float64{-.9, 0, 1, 4} {
		if got, want := standardExcess(z, 2), math.Exp(-1-z); math.Abs(got-want) > 1e-12 {
			t.Errorf("exponential at %v: %v, want %v", z, got, want)
		}
	}
	if a, b := standardExcess(1.5, 1e-3), standardExcess(1.5, 0); math.Abs(a-b) > 1e-4 {
		t.Errorf("skewness 0.001 gives %v, the normal %v", a, b)
	}
}

func TestTableInterpolates(t *testing.T) {
	table := tabulate(standardExcess)
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		z, skew := -3+9*r.Float64(), 3*r.Float64()
		want := standardExcess(z, skew)
		if got := table.at(z, skew); math.Abs(got-want) > .02*want+1e-3 {
			t.Fatalf("limit %v, skewness %v: %v, want %v", z, skew, got, want)
		}
	}
	for _, z := range []float64{limitMin - 1, limitMax, limitMax + 5, math.NaN()} {
		if got := table.at(z, 1); math.IsNaN(got) && !math.IsNaN(z) || got < 0 {
			t.Errorf("limit %v: %v", z, got)
		}
	}
	if got := table.at(1, 50); math.Abs(got-table.at(1, skewMax)) > 1e-12 {
		t.Errorf("skewness beyond the table: %v", got)
	}
}

// expectedByPlaying plays a host's demand: it starts at a known value and goes
// on a line to a random sample, then from that to the next.
func expectedByPlaying(r *rand.Rand, l load, capacity, later float64, n int) float64 {
	sd := math.Sqrt(l.variance)
	skew := l.third / (l.variance * sd)
	shape := 4 / (skew * skew)
	draw := func() float64 { return l.mean + sd*(gammaSample(r, shape)-shape)/math.Sqrt(shape) }
	var sum float64
	for range n {
		a, b := draw(), draw()
		f := r.Float64()
		sum += max(0, (1-f)*l.now+f*a-capacity) + later*max(0, (1-f)*a+f*b-capacity)
	}
	return sum / float64(n)
}

func TestExpectedDeficitAgainstMonteCarlo(t *testing.T) {
	d := deficits{next: tabulate(standardExcess), mix: tabulate(mixedExcess), frame: comingFrame(0), later: 3, skewShare: 1}
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		name string
		load load
	}{
		{"calm", load{4000, 4000, 500 * 500, .5 * 500 * 500 * 500}},
		{"overloaded now", load{6000, 4000, 500 * 500, .5 * 500 * 500 * 500}},
		{"idle now", load{1000, 4500, 600 * 600, .3 * 600 * 600 * 600}},
		{"volatile", load{3000, 3200, 1100 * 1100, 1100 * 1100 * 1100}},
		{"hopeless", load{7000, 7000, 300 * 300, .4 * 300 * 300 * 300}},
	} {
		got := d.expected(c.load, 5320)
		want := expectedByPlaying(r, c.load, 5320, d.later, 300000)
		if math.Abs(got-want) > .06*want+.15 {
			t.Errorf("%s: %v, played %v", c.name, got, want)
		}
	}
}

func TestExpectedDeficitGrowsWithLoad(t *testing.T) {
	d := deficits{next: tabulate(standardExcess), mix: tabulate(mixedExcess), frame: comingFrame(0), common: .04 * .04, later: 23, skewBase: .35, skewShare: .25}
	base := load{4000, 4000, 500 * 500, .5 * 500 * 500 * 500}
	before := d.expected(base, 5320)
	for name, l := range map[string]load{
		"now": {5500, 4000, base.variance, base.third}, "mean": {4000, 4300, base.variance, base.third},
		"variance": {4000, 4000, 600 * 600, base.third},
	} {
		if after := d.expected(l, 5320); after <= before {
			t.Errorf("more %s: %v after %v", name, after, before)
		}
	}
	if got := d.expected(load{100, 100, 0, 0}, 5320); got != 0 {
		t.Errorf("a host with nearly no demand: %v", got)
	}
	still := deficits{next: d.next, mix: d.mix, frame: comingFrame(0), later: 1}
	if got := still.expected(load{6000, 6000, 0, 0}, 5320); got != 2*680 {
		t.Errorf("demand that is certain: %v, want %v", got, 2*680)
	}
}
