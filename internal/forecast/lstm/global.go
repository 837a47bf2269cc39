package lstm

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"drover/internal/forecast/base"
	"drover/internal/forecast/panel"
)

// Global is one network for all series. A step of its window is one of the
// shortest seasons (a day): the values relative to the latest one, and the
// differences to the day before. What it learns is what the base forecasts leave
// at every step of the horizon, as in Smyl's hybrid of smoothing and network (IJF
// 2020), which won the M4 competition.
type Global struct {
	Days    int // of the window
	Hidden  int
	Samples int // windows learned from in all, repeats counted
	// PerSeries, where above zero, bounds the samples by the number of series.
	PerSeries int
	Batch     int
	Rate      float64
	Seed      uint64
	// Warm holds the weights to start from, as AppendWeights wrote them; those of
	// another shape are passed over.
	Warm []byte
}

// Default is what the ensemble uses: about four CPU seconds, less where there
// are fewer values than samples.
func Default() Global {
	return Global{Days: 8, Hidden: 24, Samples: 10_000, Batch: 24, Rate: 0.006}
}

// Quick is what the stream can afford; there the network goes on from its last
// weights, round by round.
func Quick() Global {
	return Global{Days: 7, Hidden: 12, Samples: 1200, PerSeries: 3, Batch: 16, Rate: 0.01}
}

// Name implements panel.Model.
func (Global) Name() string { return "lstm" }

// Fitted is the network and what it knows of the series. It can be learned on
// with Continue.
type Fitted struct {
	Global
	day, week, horizon int
	log                []bool
	unit               []float64
	net                *Network
	base               *base.Forecasts
	logs               *panel.Running
	start              []float64 // mean of the base forecasts of the window at hand
	window, skip, out  []float64
}

// Fit implements panel.Model.
func (g Global) Fit(t *panel.Task) panel.Fitted { return g.Continue(nil, t) }

// Refit implements panel.Continuer.
func (g Global) Refit(before panel.Fitted, t *panel.Task) panel.Fitted {
	warm, _ := before.(*Fitted)
	return g.Continue(warm, t)
}

// Continue learns from a task that holds the same series as an earlier one did
// or others, starting from the earlier weights where the shapes agree: a third
// of the samples is enough then.
func (g Global) Continue(before *Fitted, t *panel.Task) *Fitted {
	f := &Fitted{Global: g, day: max(1, t.Season(0)), week: t.Season(1), horizon: t.Horizon, base: base.Of(t), logs: t.Logs(), start: make([]float64, t.Horizon)}
	for i, x := range t.Histories {
		f.log = append(f.log, panel.Positive(x))
		f.unit = append(f.unit, panel.Scale(f.view(i, x), f.day))
	}
	s := shape{steps: g.Days, in: 2 * f.day, hidden: g.Hidden, skip: (3 + base.Most) * t.Horizon, out: t.Horizon}
	rng := rand.New(rand.NewPCG(g.Seed+t.Seed, 29))
	f.window, f.skip, f.out = make([]float64, s.steps*s.in), make([]float64, s.skip), make([]float64, s.out)
	samples, rate := g.Samples, g.Rate
	if g.PerSeries > 0 {
		samples = min(samples, max(g.PerSeries*len(t.Histories), 8*g.Batch))
	}
	if before != nil && before.net != nil && before.net.shape == s {
		f.net = &Network{shape: s, w: append([]float64(nil), before.net.w...)}
		f.net.workspace()
		samples, rate = samples/3, rate/3
	} else if f.net = newNetwork(s, rng); f.net.readWeights(g.Warm) {
		rate /= 3
	}
	values := 0
	for _, x := range t.Histories {
		values += len(x)
	}
	f.train(t, rng, min(samples, values), rate)
	return f
}

// need is how many values a window takes before its origin.
func (f *Fitted) need() int { return (f.Days + 1) * f.day }

// inputs fills window, skip and start for the origin after n known values, which
// are z as the network sees them; base is what the base forecasts say there.
func (f *Fitted) inputs(series int, base [][]float64, z []float64, n int) {
	unit, last := f.unit[series], z[n-1]
	f.startFrom(series, base)
	for d := range f.Days {
		from := n - (f.Days-d)*f.day
		w := f.window[d*2*f.day : (d+1)*2*f.day]
		for j := range f.day {
			w[j] = squash((z[from+j] - last) / unit / 4)
			w[f.day+j] = squash((z[from+j] - z[from+j-f.day]) / unit)
		}
	}
	week := f.week
	if week == 0 || n < 2*week {
		week = 7 * f.day
	}
	for h := range f.horizon {
		ref := n + h - (h/f.day+1)*f.day
		i := n + h - (h/week+1)*week
		f.skip[h], f.skip[f.horizon+h] = 0, 0
		if i >= 0 {
			f.skip[h] = squash((z[i] - z[ref]) / unit)
		}
		if j := i - (h/f.day+1)*f.day; i >= 0 && j >= 0 {
			f.skip[f.horizon+h] = squash((z[i] - z[j]) / unit)
		}
		f.skip[2*f.horizon+h] = squash((z[ref] - f.start[h]) / unit)
	}
}

// startFrom computes the base forecasts: their mean is what the network starts
// from, how they differ from it is among what it sees.
func (f *Fitted) startFrom(series int, all [][]float64) {
	if f.log[series] {
		all = base.Logs(all)
	}
	clear(f.start)
	for _, one := range all {
		for h, v := range one {
			f.start[h] += v / float64(len(all))
		}
	}
	for e, one := range all {
		skip := f.skip[(3+e)*f.horizon : (4+e)*f.horizon]
		for h, v := range one {
			skip[h] = squash((v - f.start[h]) / f.unit[series])
		}
	}
}

// squash keeps outliers from drowning the rest; it is nearly linear within one.
func squash(x float64) float64 { return math.Copysign(math.Log(1+math.Abs(x)), x) }

// sample is a window to learn from: a series, how many of its values are known,
// and what the base forecasts say then.
type sample struct {
	series, known int
	base          [][]float64
}

// draw picks random origins of all series that are long enough. The base
// forecasts are made series by series, where they go on from one another.
func (f *Fitted) draw(t *panel.Task, rng *rand.Rand, count int) []sample {
	var usable []int
	for i, x := range t.Histories {
		if len(x) >= f.need()+f.horizon+1 {
			usable = append(usable, i)
		}
	}
	if len(usable) == 0 {
		return nil
	}
	samples, order := make([]sample, count), make([]*sample, count)
	for k := range samples {
		i := usable[rng.IntN(len(usable))]
		samples[k] = sample{series: i, known: f.need() + rng.IntN(len(t.Histories[i])-f.horizon-f.need()+1)}
		order[k] = &samples[k]
	}
	slices.SortFunc(order, func(a, b *sample) int { return cmp.Or(a.series-b.series, a.known-b.known) })
	steps := panel.Steps(f.horizon)
	for _, s := range order {
		s.base = f.base.Each(s.series, t.Histories[s.series][:s.known], steps)
	}
	return samples
}

// train makes one pass after the other over random origins of all series.
func (f *Fitted) train(t *panel.Task, rng *rand.Rand, samples int, rate float64) {
	batches := max(1, samples/f.Batch)
	drawn := f.draw(t, rng, batches*f.Batch)
	if drawn == nil {
		return
	}
	grad, dOut := make([]float64, len(f.net.w)), make([]float64, f.horizon)
	var optimiser adam
	for b := range batches {
		clear(grad)
		for _, s := range drawn[b*f.Batch : (b+1)*f.Batch] {
			i, n := s.series, s.known
			z := f.view(i, t.Histories[i])
			f.inputs(i, s.base, z, n)
			f.net.forward(f.window, f.skip, f.out)
			for h := range dOut {
				dOut[h] = slope(f.out[h]-(z[n+h]-f.start[h])/f.unit[i]) / float64(f.horizon*f.Batch)
			}
			f.net.backward(f.window, f.skip, dOut, grad)
		}
		cosine := 0.5 * (1 + math.Cos(math.Pi*float64(b)/float64(batches)))
		optimiser.update(f.net.w, grad, rate*(0.02+0.98*cosine))
	}
}

// slope is the derivative of a smoothed absolute error.
func slope(e float64) float64 { return e / math.Sqrt(e*e+0.04) }

// view is a history as the network sees it.
func (f *Fitted) view(series int, x []float64) []float64 {
	return panel.View(f.logs, f.log[series], series, x)
}

// Forecast implements panel.Fitted; steps past the horizon learned for repeat
// the last season.
func (f *Fitted) Forecast(series int, history []float64, horizon int) []float64 {
	z := f.view(series, history)
	out := panel.Naive(z, f.day, horizon)
	if len(z) >= f.need() {
		f.inputs(series, f.base.Kept(series, history, f.horizon), z, len(z))
		f.net.forward(f.window, f.skip, f.out)
		for h := range min(horizon, f.horizon) {
			out[h] = f.start[h] + float64(f.unit[series]*f.out[h])
		}
	}
	if f.log[series] {
		for h := range out {
			out[h] = math.Exp(min(out[h], 700))
		}
	}
	return out
}
