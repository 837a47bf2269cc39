package readmodel

import (
	"math"
	"slices"
	"sort"
	"time"

	"drover/internal/model"
)

// Forecast is a forecast with its quantiles in single precision, row by row.
type Forecast struct {
	model.Forecast           // without its Quantiles
	Levels         []float64 // shared; must not be changed
	Values         []float32 // Values[h*len(Levels)+l]
	Mean           []float32
}

// Past is an earlier forecast in short form: the PastLevels of every step.
type Past struct {
	Origin model.Instant
	Step   time.Duration
	Model  string
	Note   string
	// Trusted, MASE and Coverage80 are as they were told then.
	Trusted          bool
	MASE, Coverage80 float64
	Values           []float32 // Values[h*len(PastLevels)+l]
}

// PastLevels are the quantile levels that are kept of earlier forecasts.
var PastLevels = []float64{0.1, 0.5, 0.9, 0.95}

// Steps returns how many steps the forecast reaches.
func (f *Forecast) Steps() int { return len(f.Mean) }

// At returns the value at a step for a level, as model.Quantiles.At.
func (f *Forecast) At(h int, p float64) float64 { return quantileAt(f.Levels, f.Values, h, p) }

// At returns the value at a step for a level.
func (p *Past) At(h int, level float64) float64 { return quantileAt(PastLevels, p.Values, h, level) }

// Steps returns how many steps the forecast reaches.
func (p *Past) Steps() int { return len(p.Values) / len(PastLevels) }

// TimeOf returns the end of step h: step h covers the time up to it.
func TimeOf(origin model.Instant, step time.Duration, h int) model.Instant {
	return origin.Add(time.Duration(h+1) * step)
}

func quantileAt(levels []float64, values []float32, h int, p float64) float64 {
	n := len(levels)
	if n == 0 || h < 0 || (h+1)*n > len(values) {
		return math.NaN()
	}
	row := values[h*n : (h+1)*n]
	i := sort.SearchFloat64s(levels, p)
	switch i {
	case 0:
		return float64(row[0])
	case n:
		return float64(row[n-1])
	}
	w := (p - levels[i-1]) / (levels[i] - levels[i-1])
	return float64(row[i-1]) + w*float64(row[i]-row[i-1])
}

// forecast takes a forecast in; the one before becomes a past one.
func (f *Fleet) forecast(e *model.Forecast) {
	s := f.seriesOf(SeriesKey{e.Entity, e.Resource})
	f.Now = max(f.Now, e.Origin)
	if s.now != nil && s.now.Origin < e.Origin {
		f.past(s)
	}
	s.now = f.packed(e)
	if e.ObservedAt != 0 {
		if bin := binOf(e.ObservedAt); bin > s.last {
			f.put(s, bin, e.Observed)
		}
	}
}

// packed writes a forecast in single precision. Levels are shared with another
// forecast that has the same.
func (f *Fleet) packed(e *model.Forecast) *Forecast {
	out := &Forecast{Forecast: *e, Levels: e.Quantiles.Levels}
	out.Quantiles = model.Quantiles{}
	for _, other := range f.series {
		if other.now != nil && slices.Equal(other.now.Levels, out.Levels) {
			out.Levels = other.now.Levels
		}
		break // any one will do: they nearly always agree
	}
	out.Values = make([]float32, 0, len(e.Quantiles.Values)*len(out.Levels))
	for _, row := range e.Quantiles.Values {
		for _, v := range row {
			out.Values = append(out.Values, float32(v))
		}
	}
	for _, v := range e.Quantiles.Mean {
		out.Mean = append(out.Mean, float32(v))
	}
	return out
}

// past keeps the present forecast in short form before it is replaced.
func (f *Fleet) past(s *series) {
	p := Past{Origin: s.now.Origin, Step: s.now.Step, Model: s.now.Model, Note: s.now.Note, Trusted: s.now.Trusted,
		MASE: s.now.MASE, Coverage80: s.now.Coverage80}
	for h := range s.now.Steps() {
		for _, level := range PastLevels {
			p.Values = append(p.Values, float32(s.now.At(h, level)))
		}
	}
	for len(s.pasts) > 0 && (len(s.pasts) >= f.limits.Pasts || f.pastKept+len(p.Values) > f.limits.ForecastFloats) {
		f.pastKept -= len(s.pasts[0].Values)
		s.pasts = slices.Delete(s.pasts, 0, 1)
	}
	if f.pastKept+len(p.Values) <= f.limits.ForecastFloats {
		f.pastKept += len(p.Values)
		s.pasts = append(s.pasts, p)
	}
}

// ForecastOf returns the present forecast of a series, or nil.
func (f *Fleet) ForecastOf(key SeriesKey) *Forecast {
	if s := f.series[key]; s != nil {
		return s.now
	}
	return nil
}

// PastOf returns the newest earlier forecast made at or before a time, or nil.
func (f *Fleet) PastOf(key SeriesKey, at model.Instant) *Past {
	s := f.series[key]
	if s == nil {
		return nil
	}
	i := sort.Search(len(s.pasts), func(i int) bool { return s.pasts[i].Origin > at })
	if i == 0 {
		return nil
	}
	return &s.pasts[i-1]
}

// Expected returns what was expected a lead ahead: for every kept forecast the
// time it spoke of and its 0.1, 0.5 and 0.9 quantiles there.
func (f *Fleet) Expected(key SeriesKey, lead time.Duration, tell func(at model.Instant, low, middle, high float64)) {
	s := f.series[key]
	if s == nil {
		return
	}
	for i := range s.pasts {
		p := &s.pasts[i]
		if h := int(lead/p.Step) - 1; p.Step > 0 && h >= 0 && h < p.Steps() {
			tell(TimeOf(p.Origin, p.Step, h), p.At(h, 0.1), p.At(h, 0.5), p.At(h, 0.9))
		}
	}
}

// EachForecast hands out every present forecast, in no order.
func (f *Fleet) EachForecast(tell func(*Forecast)) {
	for _, s := range f.series {
		if s.now != nil {
			tell(s.now)
		}
	}
}

// Unpacked returns the forecast as the cores take it; values have the precision
// of 32 bits.
func (f *Forecast) Unpacked() model.Forecast {
	out := f.Forecast
	n := len(f.Levels)
	out.Quantiles = model.Quantiles{Levels: f.Levels, Values: make([][]float64, f.Steps()), Mean: make([]float64, f.Steps())}
	for h := range out.Quantiles.Values {
		row := make([]float64, n)
		for l := range row {
			row[l] = float64(f.Values[h*n+l])
		}
		out.Quantiles.Values[h], out.Quantiles.Mean[h] = row, float64(f.Mean[h])
	}
	return out
}
