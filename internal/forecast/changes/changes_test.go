package changes

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var hours = []int{24, 168}

// hourly is a day, a week whose weekend is lower, and noise.
func hourly(n int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = 100 + 30*math.Sin(2*math.Pi*float64(i)/24) + 2*rng.NormFloat64()
		if i/24%7 >= 5 {
			x[i] -= 25
		}
	}
	return x
}

func TestRestateBringsThePastToTheLevelOfTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		at          int
		factor, add float64
	}{
		"long ago":          {300, 1, 200},
		"yesterday":         {720 - 36, 1, 200},
		"three hours ago":   {720 - 3, 1, 200},
		"down by a factor":  {720 - 40, 0.3, 0},
		"up by a factor":    {500, 4, 0},
		"down, still above": {720 - 30, 1, -35},
	} {
		x, want := hourly(720, 7), make([]float64, 720)
		for i, v := range x {
			want[i] = v*c.factor + c.add
			if i >= c.at {
				x[i] = want[i]
			}
		}
		found := Restate(x, hours)
		if len(found) != 1 || found[0].At != c.at {
			t.Errorf("%s: %+v, want one shift at %d", name, found, c.at)
			continue
		}
		for i := range x {
			if math.Abs(x[i]-want[i]) > 12 {
				t.Errorf("%s: value %d is %.1f, want %.1f", name, i, x[i], want[i])
				break
			}
		}
	}
}

func TestRestateLeavesSeasonsAndBurstsAlone(t *testing.T) {
	series := map[string]func(i int, v float64) float64{
		"day and weekend": func(_ int, v float64) float64 { return v },
		"a burst":         func(i int, v float64) float64 { return v + 80*inside(i, 400, 406) },
		"bursts, the last of them not over": func(i int, v float64) float64 {
			return v + 80*(inside(i, 200, 206)+inside(i, 300, 308)+inside(i, 500, 506)+inside(i, 716, 720))
		},
		"a trend":     func(i int, v float64) float64 { return v + float64(i)/4 },
		"noise":       func(_ int, v float64) float64 { return math.Mod(v*7919, 50) },
		"constant":    func(int, float64) float64 { return 3 },
		"rare spikes": func(i int, _ float64) float64 { return 50 * inside(i%173, 5, 6) },
	}
	for name, f := range series {
		x := hourly(720, 8)
		for i, v := range x {
			x[i] = f(i, v)
		}
		before := slices.Clone(x)
		if found := Restate(x, hours); len(found) > 0 || !slices.Equal(x, before) {
			t.Errorf("%s: shifts %+v", name, found)
		}
	}
}

// inside is 1 from a place to before another.
func inside(i, from, to int) float64 {
	if i >= from && i < to {
		return 1
	}
	return 0
}

func TestRestateNeedsASeason(t *testing.T) {
	x := append(slices.Repeat([]float64{1}, 30), slices.Repeat([]float64{9}, 20)...)
	for _, seasons := range [][]int{nil, {1}, {24}, {24, 168}, {40}} {
		for n := range x {
			y := slices.Clone(x[:n])
			for _, s := range Restate(y, seasons) {
				if s.At != 30 || len(seasons) == 0 || n < 2*seasons[0]+3 {
					t.Errorf("seasons %v, %d values: %+v", seasons, n, s)
				}
			}
		}
	}
}

func TestWeekendOfTheFirstWeekIsNoShift(t *testing.T) {
	x := hourly(24*6+12, 9) // Monday to the middle of the first weekend
	if found := Restate(x, hours); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestOutliers(t *testing.T) {
	for name, c := range map[string]struct {
		places []int
		value  float64
		want   bool
	}{
		"one":             {[]int{300}, 1e8, true},
		"five":            {[]int{100, 333, 511, 650, 700}, 5000, true},
		"negative":        {[]int{300}, -5000, true},
		"the last":        {[]int{719}, 1e5, true},
		"the first":       {[]int{0}, 1e5, true},
		"four in a row":   {[]int{640, 641, 642, 643}, 5000, true},
		"at one phase":    {[]int{100, 124, 148, 172, 196, 220}, 5000, false},
		"not far":         {[]int{300}, 112, false},
		"a level at last": {[]int{714, 715, 716, 717, 718, 719}, 5000, false},
	} {
		x := hourly(720, 10)
		for _, i := range c.places {
			x[i] = c.value
		}
		got := Outliers(x, 24)
		if c.want && !slices.Equal(got, c.places) || !c.want && len(got) > 0 {
			t.Errorf("%s: %v of %v", name, got, c.places)
		}
	}
}

func TestOutliersOfFewOrStillValues(t *testing.T) {
	for name, x := range map[string][]float64{
		"nothing": nil, "one": {3}, "ten": {1, 2, 1, 2, 1e9, 1, 2, 1, 2, 1},
		"constant": slices.Repeat([]float64{4}, 100),
	} {
		if got := Outliers(x, 24); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestChangesAreTheSameInOtherUnits(t *testing.T) {
	for _, scale := range []float64{1e-9, 1, 1e12} {
		x := hourly(720, 11)
		for i := range x {
			x[i] = (x[i] + 200*inside(i, 600, 720)) * scale
		}
		x[100] *= 1e4
		if out := Outliers(x, 24); !slices.Equal(out, []int{100}) {
			t.Errorf("in units of %g: outliers %v", scale, out)
		}
		x[100] = x[76]
		if found := Restate(x, hours); len(found) != 1 || found[0].At != 600 {
			t.Errorf("in units of %g: %+v", scale, found)
		}
	}
}

func FuzzRestate(f *testing.F) {
	f.Add(uint64(1), 100, 24, 60, 50.0)
	f.Add(uint64(2), 900, 7, 10, -1e300)
	f.Fuzz(func(t *testing.T, seed uint64, n, season, at int, by float64) {
		n, season = min(max(n, 0), 2000), min(max(season, 0), 400)
		x := hourly(n, seed)
		for i := max(0, at); i < n; i++ {
			x[i] += by
		}
		if by != by || math.Abs(by) > 1e150 {
			return // readers refuse such values
		}
		for _, i := range Outliers(x, season) {
			if i < 0 || i >= n {
				t.Fatalf("outlier %d of %d", i, n)
			}
		}
		for _, s := range Restate(x, []int{season, 7 * season}) {
			if s.At < season || s.Known <= s.At || s.Known > n || s.Factor <= 0 {
				t.Fatalf("shift %+v of %d values", s, n)
			}
		}
		for i, v := range x {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("value %d became %v", i, v)
			}
		}
	})
}
