package ensemble

import (
	"math"
	"testing"

	"drover/internal/forecast/panel"
)

// TestForecastsAreAtTheNewLevel moves every series' level a while before the
// end: the forecast is that of the series that always was there.
func TestForecastsAreAtTheNewLevel(t *testing.T) {
	for name, c := range map[string]struct {
		back        int
		factor, add float64
	}{"six hours ago": {6, 1, 200}, "yesterday": {36, 1, 200}, "down by a factor": {40, 0.3, 0}} {
		p, want := made(4, 504, 1), made(4, 504, 1)
		for i := range p.Series {
			for h, v := range p.Series[i].Values {
				want.Series[i].Values[h] = v*c.factor + c.add
				if h >= 504-c.back {
					p.Series[i].Values[h] = want.Series[i].Values[h]
				}
			}
		}
		got, there := run(t, p, options(Auto)), run(t, want, options(Auto))
		for i, s := range got.Series {
			for h, row := range s.Quantiles.Values {
				ideal := there.Series[i].Quantiles.Values[h]
				width := ideal[2] - ideal[0]
				if math.Abs(row[1]-ideal[1]) > width || row[2]-row[0] > 2*width {
					t.Errorf("%s: series %d, step %d: %.1f, want about %.1f", name, i, h, row, ideal)
					break
				}
			}
		}
	}
}

func TestOutliersDoNotPoisonTheSeason(t *testing.T) {
	p := made(2, 720, 1)
	clean := run(t, p, options(Auto)).Series[0].Quantiles
	for _, i := range []int{333, 400, 401, 402, 403, 719} {
		p.Series[0].Values[i] *= 1e5
	}
	for h, row := range run(t, p, options(Auto)).Series[0].Quantiles.Values {
		ideal := clean.Values[h]
		if width := ideal[2] - ideal[0]; math.Abs(row[1]-ideal[1]) > width || row[2]-row[0] > 2*width {
			t.Errorf("step %d: %.1f, want about %.1f", h, row, ideal)
		}
	}
}

// TestFewValuesAreNotCertain: one value, two, or ten minutes say little.
func TestFewValuesAreNotCertain(t *testing.T) {
	p := &panel.Panel{Step: made(1, 1, 1).Step, Seasons: []int{24, 168}}
	for _, values := range [][]float64{{7}, {3, 5}, {4, 4, 4, 4}, {40, 41, 39, 42, 40, 38, 41, 40, 39, 40}} {
		p.Series = append(p.Series, panel.Series{ID: "few", Start: start, Values: values})
	}
	p.Series = append(p.Series, made(1, 504, 1).Series[0])
	for _, one := range []*panel.Panel{p, {Step: p.Step, Seasons: p.Seasons, Series: p.Series[:4]}} {
		r := run(t, one, options(Auto))
		for i, s := range r.Series[:4] {
			last := p.Series[i].Values[len(p.Series[i].Values)-1]
			for h, row := range s.Quantiles.Values {
				if wide := row[2] - row[0]; wide < 0.02*last || wide > 2*last || math.Abs(row[1]-last) > 0.4*last {
					t.Errorf("%d series, series %d, step %d: %.2f after %.0f", len(one.Series), i, h, row, last)
					break
				}
			}
		}
	}
}

// TestShortSeriesDoNotUnlearnLongOnes: weights and bands come from series that
// are long enough to be judged.
func TestShortSeriesDoNotUnlearnLongOnes(t *testing.T) {
	p := made(1, 504, 1)
	alone := run(t, p, options(Auto)).Series[0].Quantiles
	for range 3 {
		p.Series = append(p.Series, panel.Series{ID: "short", Start: start, Values: []float64{3, 5}})
	}
	for h, row := range run(t, p, options(Auto)).Series[0].Quantiles.Values {
		if row[2]-row[0] > 2*(alone.Values[h][2]-alone.Values[h][0]) {
			t.Errorf("step %d: %.1f, alone %.1f", h, row, alone.Values[h])
		}
	}
}

func TestUnknownChangesAreNotJudged(t *testing.T) {
	s := series{values: make([]float64, 100), blind: []blind{{at: 50, known: 53}}}
	for _, c := range []struct {
		n, horizon int
		judged     bool
	}{{20, 30, true}, {20, 31, false}, {52, 10, false}, {53, 10, true}, {90, 20, true}} {
		truth := s.truth(c.n, c.horizon)
		if len(truth) != min(c.horizon, 100-c.n) || math.IsNaN(truth[0]) == c.judged {
			t.Errorf("from %d, %d steps: %v", c.n, c.horizon, truth)
		}
	}
}
