package panel

import (
	"math"
	"slices"
	"testing"
)

var nan = math.NaN()

func TestFill(t *testing.T) {
	for name, c := range map[string]struct {
		in     []float64
		season int
		want   []float64
	}{
		"nothing missing": {[]float64{1, 2, 3}, 2, []float64{1, 2, 3}},
		"a line":          {[]float64{1, nan, nan, 4}, 1, []float64{1, 2, 3, 4}},
		"front":           {[]float64{nan, 2}, 1, []float64{2, 2}},
		"end":             {[]float64{2, nan}, 1, []float64{2, 2}},
		"all":             {[]float64{nan, nan}, 1, []float64{0, 0}},
		"season":          {[]float64{1, 5, 9, 5, 1, nan, nan, 5, 1}, 4, []float64{1, 5, 9, 5, 1, 5, 9, 5, 1}},
	} {
		before := slices.Clone(c.in)
		got := Fill(c.in, c.season)
		for i := range c.want {
			if math.Abs(got[i]-c.want[i]) > 1e-9 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
		for i := range before {
			if before[i] != c.in[i] && before[i] == before[i] {
				t.Errorf("%s: the values given were changed", name)
			}
		}
	}
}

func TestCut(t *testing.T) {
	p := &Panel{Series: []Series{{ID: "a", Values: []float64{1, 2, nan, 4}}, {ID: "b", Values: []float64{1}}}}
	cut, index := p.Cut(1, 1)
	if len(cut.Series) != 1 || index[0] != 0 || !slices.Equal(cut.Series[0].Values, []float64{1, 2}) {
		t.Errorf("cut %v, index %v", cut.Series, index)
	}
	if cap(cut.Series[0].Values) > 3 {
		t.Error("what was cut off can be reached")
	}
}

func TestTrim(t *testing.T) {
	kept, front := Trim([]float64{nan, 1, nan, 2, nan})
	if front != 1 || len(kept) != 3 {
		t.Errorf("kept %v from %d", kept, front)
	}
}

func TestNaive(t *testing.T) {
	if got := Naive([]float64{1, 2, 3}, 2, 5); !slices.Equal(got, []float64{2, 3, 2, 3, 2}) {
		t.Errorf("seasonal naive %v", got)
	}
	if got := Naive([]float64{1}, 24, 2); !slices.Equal(got, []float64{1, 1}) {
		t.Errorf("short history %v", got)
	}
}

func TestScale(t *testing.T) {
	for name, c := range map[string]struct {
		in   []float64
		want float64
	}{
		"seasonal": {[]float64{0, 0, 1, 3}, 2},
		"constant": {[]float64{4, 4, 4}, 4},
		"zero":     {[]float64{0, 0}, 1},
		"one":      {[]float64{-3}, 3},
	} {
		if got := Scale(c.in, 2); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
