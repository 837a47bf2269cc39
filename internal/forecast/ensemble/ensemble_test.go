package ensemble

import (
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"drover/internal/forecast/effects"
	"drover/internal/forecast/panel"
	"drover/internal/model"
)

const start = model.Instant(1_700_006_400_000) // a midnight

// made returns series with a daily and a weekly season and noise.
func made(count, n int, scale float64) *panel.Panel {
	p := &panel.Panel{Step: time.Hour, Seasons: []int{24, 168}}
	for i := range count {
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		s := panel.Series{ID: string(rune('a' + i)), Start: start}
		for t := range n {
			v := 50 + 20*math.Sin(2*math.Pi*float64(t+3*i)/24) + 5*math.Cos(2*math.Pi*float64(t)/168) + 2*rng.NormFloat64()
			s.Values = append(s.Values, max(0.5, v)*scale)
		}
		p.Series = append(p.Series, s)
	}
	return p
}

func options(name string) Options {
	o := Options{Horizon: 24, Levels: []float64{0.1, 0.5, 0.9, 0.99}, Model: name, Seed: 1, Effort: Quick}
	o.Lower, o.Upper = Unbounded()
	return o
}

func run(t *testing.T, p *panel.Panel, o Options) *Result {
	t.Helper()
	r, err := Run(p, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Series {
		if err := s.Quantiles.Validate(); err != nil {
			t.Fatalf("%s: %v", s.ID, err)
		}
		if len(s.Quantiles.Values) != o.Horizon {
			t.Fatalf("%s: %d steps", s.ID, len(s.Quantiles.Values))
		}
	}
	return r
}

func TestEveryModelForecastsTheSeason(t *testing.T) {
	p := made(4, 420, 1)
	cut, _ := p.Cut(24, 1)
	efforts := []Effort{Quick, Full}
	if testing.Short() {
		efforts = efforts[:1]
	}
	for _, effort := range efforts {
		testEveryModel(t, p, cut, effort)
	}
}

func testEveryModel(t *testing.T, p, cut *panel.Panel, effort Effort) {
	t.Helper()
	for _, name := range append(Names(), Auto) {
		o := options(name)
		o.Effort = effort
		r := run(t, cut, o)
		sum := 0.0
		for i, s := range r.Series {
			for h := range 24 {
				sum += math.Abs(s.Quantiles.At(h, 0.5)-p.Series[i].Values[396+h]) / 96
			}
		}
		if sum > 4.5 {
			t.Errorf("%s, %s: mean error %.2f where the noise is 1.6", name, effort, sum)
		}
		if first := start.Add(396 * time.Hour); r.Series[0].First != first {
			t.Errorf("%s, %s: begins at %v, not %v", name, effort, r.Series[0].First, first)
		}
	}
}

func TestSameResultOnAnyNumberOfThreads(t *testing.T) {
	p := made(3, 360, 1)
	one := run(t, p, options(Auto))
	o := options(Auto)
	o.Each = func(n int, f func(int)) {
		var wait sync.WaitGroup
		for i := n - 1; i >= 0; i-- {
			wait.Go(func() { f(i) })
		}
		wait.Wait()
	}
	if many := run(t, p, o); !reflect.DeepEqual(one.Series[0].Quantiles, many.Series[0].Quantiles) {
		t.Error("threads change the result")
	}
}

// TestNoLookAhead changes what comes after each rolling origin: no forecast
// made at or before it may change.
func TestNoLookAhead(t *testing.T) {
	p := made(3, 420, 1)
	o := options(Auto)
	ms := models(Auto, &o)
	rows := prepare(p, &o)
	before := roll(ms, rows, p, &o)
	for k, back := range before.backs {
		q := made(3, 420, 1)
		for i := range q.Series {
			for j := 420 - back; j < 420; j++ {
				q.Series[i].Values[j] *= 1 + float64(j%5)
			}
		}
		after := roll(ms, prepare(q, &o), q, &o)
		for m := range ms {
			for j := 0; j <= k; j++ {
				if !reflect.DeepEqual(before.forecasts[m][j], after.forecasts[m][j]) {
					t.Errorf("%s: the forecast at origin %d knows what came after origin %d", ms[m].Name(), j, k)
				}
			}
		}
	}
}

func TestHardSeries(t *testing.T) {
	p := made(2, 300, 1)
	nan := math.NaN()
	add := func(id string, n int, f func(i int) float64) {
		s := panel.Series{ID: id, Start: start}
		for i := range n {
			s.Values = append(s.Values, f(i))
		}
		p.Series = append(p.Series, s)
	}
	add("constant", 300, func(int) float64 { return 7 })
	add("zero", 300, func(int) float64 { return 0 })
	add("rarely more than zero", 300, func(i int) float64 { return float64(i % 61 / 60) })
	add("two values", 2, func(i int) float64 { return float64(i) })
	add("one value", 1, func(i int) float64 { return 3 })
	add("a day", 24, func(i int) float64 { return float64(i) })
	add("gaps", 300, func(i int) float64 {
		if i%50 > 30 && i > 0 {
			return nan
		}
		return 10 + float64(i%24)
	})
	add("ends in a gap", 300, func(i int) float64 {
		if i > 290 {
			return nan
		}
		return float64(i % 24)
	})
	add("jumps", 300, func(i int) float64 { return float64(i/150*1000 + i%24) })
	add("huge", 300, func(i int) float64 { return 1e100 * float64(i%24) })
	add("negative", 300, func(i int) float64 { return -float64(i % 24) })
	r := run(t, p, options(Auto))
	for _, s := range r.Series[:len(r.Series)-1] {
		for h := range s.Quantiles.Values {
			if s.Quantiles.Values[h][0] < 0 {
				t.Errorf("%s: step %d is negative", s.ID, h)
			}
		}
	}
	if q := r.Series[2].Quantiles; q.Values[5][0] != 7 || q.Values[5][3] != 7 {
		t.Errorf("a constant of 7 is forecast as %v", q.Values[5])
	}
	if want := start.Add(300 * time.Hour); r.Series[9].First != want {
		t.Errorf("a series that ends in a gap is forecast from %v, not from its last row %v", r.Series[9].First, want)
	}
}

func TestFineSeriesAreForecastThroughBlocks(t *testing.T) {
	p := &panel.Panel{Step: 5 * time.Minute, Seasons: []int{288, 2016}}
	rng := rand.New(rand.NewPCG(1, 1))
	s := panel.Series{ID: "a", Start: start}
	for i := range 288 * 9 {
		s.Values = append(s.Values, 50+20*math.Sin(2*math.Pi*float64(i)/288)+rng.NormFloat64())
	}
	p.Series = []panel.Series{s}
	o := options("seasonal-mean")
	o.Horizon = 100
	q := run(t, p, o).Series[0].Quantiles
	for h := range 100 {
		if want := 50 + 20*math.Sin(2*math.Pi*float64(h)/288); math.Abs(q.At(h, 0.5)-want) > 3 {
			t.Fatalf("step %d: %.1f for %.1f", h, q.At(h, 0.5), want)
		}
	}
}

func TestEventsAreLearnedAndPutBack(t *testing.T) {
	p := made(1, 480, 1)
	var events []effects.Event
	for day := 2; day < 22; day += 3 {
		from := start.Add(time.Duration(day)*24*time.Hour + 9*time.Hour)
		events = append(events, effects.Event{Name: "sale", Start: from, End: from.Add(3 * time.Hour)})
		for h := range 3 {
			if i := day*24 + 9 + h; i < 480 {
				p.Series[0].Values[i] += 60
			}
		}
	}
	o := options("holt-winters")
	without := run(t, p, o).Series[0].Quantiles
	o.Events = events
	with := run(t, p, o).Series[0].Quantiles
	for h := 9; h < 12; h++ {
		if d := with.At(h, 0.5) - without.At(h, 0.5); d < 35 {
			t.Errorf("step %d: the sale of 60 adds %.1f", h, d)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"horizon": func(o *Options) { o.Horizon = 0 },
		"levels":  func(o *Options) { o.Levels = []float64{0.9, 0.1} },
		"level":   func(o *Options) { o.Levels = []float64{1} },
		"none":    func(o *Options) { o.Levels = nil },
		"model":   func(o *Options) { o.Model = "oracle" },
		"bounds":  func(o *Options) { o.Lower, o.Upper = 2, 1 },
	} {
		o := options(Auto)
		change(&o)
		if _, err := Run(made(1, 10, 1), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestLossStopsWhereItIsNoLess: a loss that is found not to be less than another
// one is not finished, and one that is less is exact.
func TestLossStopsWhereItIsNoLess(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	tr := &trial{relative: 0.5}
	n := 5000
	tr.came.forecasts = [][]float64{make([]float64, n)}
	sum := make([]float64, n)
	for p := range n {
		y := rng.NormFloat64()
		tr.came.actual, tr.came.size = append(tr.came.actual, y), append(tr.came.size, math.Abs(y))
		tr.came.weight = append(tr.came.weight, rng.Float64())
		tr.came.forecasts[0][p], sum[p] = y+rng.NormFloat64(), y
	}
	loss := tr.lossWith(sum, 0, 2, math.Inf(1))
	if got := tr.lossWith(sum, 0, 2, loss*1.0001); got != loss {
		t.Errorf("loss %v, with a limit above it %v", loss, got)
	}
	if got := tr.lossWith(sum, 0, 2, loss/2); !math.IsInf(got, 1) {
		t.Errorf("loss %v is said to be %v, below half of it", loss, got)
	}
}

func TestLimits(t *testing.T) {
	rows := []series{{lower: 0, upper: math.Inf(1)}, {lower: math.Inf(-1), upper: 6}}
	f := []float64{-100, 3, math.NaN(), 100}
	got := append([]float64(nil), f...)
	limitsOf(rows, [][]float64{{4, 2, 6}, nil})[0].clamp(got)
	if want := []float64{1, 3, 6, 8}; !reflect.DeepEqual(got, want) {
		t.Errorf("clamped %v, want %v", got, want)
	}
	limitsOf(rows, [][]float64{nil, {-4, 5}})[1].clamp(f)
	if want := []float64{-8.5, 3, 5, 6}; !reflect.DeepEqual(f, want) {
		t.Errorf("clamped %v, want %v", f, want)
	}
}
