package ensemble

import (
	"math"
	"reflect"
	"testing"
)

// everyModel is the ensemble and each of its models alone.
func everyModel() []string { return append([]string{Auto}, Names()...) }

// TestEveryModelIsTheSameInOtherUnits: a thousand times the values give a thousand
// times the forecast, at every level.
func TestEveryModelIsTheSameInOtherUnits(t *testing.T) {
	for _, name := range everyModel() {
		a, b := run(t, made(3, 360, 1), options(name)), run(t, made(3, 360, 1024), options(name))
		for i := range a.Series {
			for h, row := range a.Series[i].Quantiles.Values {
				for l, v := range row {
					x, y := v*1024, b.Series[i].Quantiles.Values[h][l]
					if math.Abs(x-y) > 0.02*math.Abs(x) {
						t.Fatalf("%s: series %d, step %d, level %d: %v in other units is %v", name, i, h, l, x, y)
					}
				}
			}
		}
	}
}

// TestNoModelLooksAhead changes what comes after the first and the last rolling
// origin: no model's forecast made at or before it may change. And what is forecast from the end of a
// panel that was cut is what is forecast from one that never was longer.
func TestNoModelLooksAhead(t *testing.T) {
	for _, name := range everyModel() {
		o := options(name)
		p, q := made(3, 400, 1), made(3, 400, 1)
		ms := models(name, &o)
		before := roll(ms, prepare(p, &o), p, &o)
		for _, k := range []int{len(before.backs) - 1, 0} {
			for i := range q.Series {
				for j := 400 - before.backs[k]; j < 400; j++ {
					q.Series[i].Values[j] *= 1 + float64(j%5)
				}
			}
			after := roll(ms, prepare(q, &o), q, &o)
			for m := range ms {
				if !reflect.DeepEqual(before.forecasts[m][:k+1], after.forecasts[m][:k+1]) {
					t.Errorf("%s: %s knows what came after origin %d", name, ms[m].Name(), k)
				}
			}
		}
		cut, _ := made(3, 424, 1).Cut(24, 1)
		if whole := run(t, p, o); !reflect.DeepEqual(whole.Series, run(t, cut, o).Series) {
			t.Errorf("%s: what was cut off changes the forecast", name)
		}
	}
}

// TestQuantilesOfEveryModelNeverCross, whatever the levels and the series.
func TestQuantilesOfEveryModelNeverCross(t *testing.T) {
	p := made(2, 300, 1)
	for i := range 300 {
		p.Series[1].Values[i] = float64(i % 29 / 27 * (i % 7)) // almost always zero
	}
	for _, name := range everyModel() {
		o := options(name)
		o.Levels = []float64{0.001, 0.01, 0.02, 0.5, 0.501, 0.9, 0.99, 0.9999}
		for _, s := range run(t, p, o).Series {
			for h, row := range s.Quantiles.Values {
				for l := range row {
					if row[l] < 0 || l > 0 && row[l] < row[l-1] {
						t.Fatalf("%s: step %d: %v", name, h, row)
					}
				}
			}
		}
	}
}

// TestSeasonsOfAnyNumber: none, one, two, and those that no history reaches, at
// either effort.
func TestSeasonsOfAnyNumber(t *testing.T) {
	for _, seasons := range [][]int{nil, {1}, {24}, {7, 365}, {24, 100_000}, {100_000}} {
		for _, length := range []int{1, 40, 150} {
			for _, effort := range []Effort{Quick, Full} {
				if effort == Full && (length != 40 || len(seasons) == 1) {
					continue
				}
				p := made(2, length, 1)
				p.Seasons = seasons
				o := options(Auto)
				o.Effort, o.Horizon = effort, 5
				run(t, p, o)
			}
		}
	}
}
