package api

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// day is the season that seasonal naive repeats here.
const day = 24 * time.Hour

// seriesKey reads which series is asked for.
func (c *call) seriesKey() (readmodel.SeriesKey, error) {
	entity := model.EntityID(c.query("entity"))
	if _, _, ok := entity.Split(); !ok {
		return readmodel.SeriesKey{}, badRequest("entity: %q: want server:NAME, app:NAME or replica:APP/INDEX", entity)
	}
	r, err := c.resource()
	return readmodel.SeriesKey{Entity: entity, Resource: r}, err
}

func seriesOf(f *readmodel.Fleet, key readmodel.SeriesKey, from, to model.Instant) Series {
	h := f.HistoryOf(key, from, to)
	return Series{Entity: key.Entity, Resource: key.Resource.String(), Unit: key.Resource.Unit(), Start: h.Start, Step: seconds(readmodel.HistoryStep), Values: numbers(h.Values)}
}

// numbers writes values with null for what is not known.
func numbers(values []float32) []*float64 {
	out := make([]*float64, len(values))
	for i, v := range values {
		out[i] = known(float64(v))
	}
	return out
}

// known returns nil for what is no number.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = short(v)
	return &v
}

// short cuts a value to what a reader can use: three decimals below a thousand,
// none above.
func short(v float64) float64 {
	if math.Abs(v) >= 1000 {
		return math.Round(v)
	}
	return round(v, 3)
}

// seriesPast reads which series is asked for, and how much of its past.
func (c *call) seriesPast() (key readmodel.SeriesKey, back time.Duration, err error) {
	if key, err = c.seriesKey(); err != nil {
		return key, 0, err
	}
	back, err = c.hours(24, 336)
	return key, back, err
}

func (s *Server) series(c *call) (any, error) {
	key, back, err := c.seriesPast()
	if err != nil {
		return nil, err
	}
	var out Series
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		to := c.present(f)
		out = seriesOf(f, key, to.Add(-back), to)
	})
	if len(out.Values) == 0 {
		return nil, notFound("nothing is known of %s %s in fleet %s at that time", key.Entity, key.Resource, c.fleet)
	}
	return out, nil
}

func forecastRow(fc *readmodel.Forecast) ForecastRow {
	row := ForecastRow{Entity: fc.Entity, Resource: fc.Resource.String(), Origin: fc.Origin, Model: fc.Model, Trusted: fc.Trusted, Note: fc.Note,
		Samples: fc.Samples, Observed: short(fc.Observed), Peak: short(fc.Peak)}
	row.MASE, row.Coverage80 = measured(fc.MASE), measured(fc.Coverage80)
	return row
}

// measured returns nil for an accuracy that is not known.
func measured(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return known(v)
}

func (s *Server) forecasts(c *call) (any, error) {
	var all []ForecastRow
	resource := c.query("resource")
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		f.EachForecast(func(fc *readmodel.Forecast) {
			if (resource == "" || resource == fc.Resource.String()) && c.holds(string(fc.Entity), fc.Model) {
				all = append(all, forecastRow(fc))
			}
		})
	})
	slices.SortFunc(all, func(a, b ForecastRow) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.Resource, b.Resource))
	})
	return paged(c, all)
}

func (s *Server) forecast(c *call) (any, error) {
	key, back, err := c.seriesPast()
	if err != nil {
		return nil, err
	}
	var out *Forecast
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		if out = forecastOf(f, key, c.at); out == nil {
			return
		}
		present := c.present(f)
		out.History = seriesOf(f, key, present.Add(-back), present)
		out.surround(f, key, present, back)
	})
	if out == nil {
		return nil, notFound("no forecast of %s %s in fleet %s at that time; GET %s/fleets/%s/forecasts lists them", key.Entity, key.Resource, c.fleet, base, c.fleet)
	}
	return *out, nil
}

// forecastOf returns the forecast as of a time (0: now), or nil.
func forecastOf(f *readmodel.Fleet, key readmodel.SeriesKey, at model.Instant) *Forecast {
	now := f.ForecastOf(key)
	if now == nil {
		return nil
	}
	out := &Forecast{ForecastRow: forecastRow(now), Unit: key.Resource.Unit(), Step: seconds(now.Step), Quantiles: [][]float64{}, Mean: []float64{}}
	steps, level, values := now.Steps(), now.Levels, now.At
	if at != 0 && now.Origin > at {
		past := f.PastOf(key, at)
		if past == nil {
			return nil
		}
		out.Origin, out.Model, out.Trusted, out.Note, out.Step = past.Origin, past.Model, past.Trusted, past.Note, seconds(past.Step)
		out.MASE, out.Coverage80 = measured(past.MASE), measured(past.Coverage80)
		steps, level, values = past.Steps(), readmodel.PastLevels, past.At
	}
	out.Levels = level
	out.Start = readmodel.TimeOf(out.Origin, time.Duration(out.Step*float64(time.Second)), 0)
	for h := range steps {
		row := make([]float64, len(level))
		for l, p := range level {
			row[l] = short(values(h, p))
		}
		out.Quantiles = append(out.Quantiles, row)
		if len(now.Mean) == steps && out.Origin == now.Origin {
			out.Mean = append(out.Mean, short(float64(now.Mean[h])))
		} else {
			out.Mean = append(out.Mean, short(values(h, 0.5)))
		}
	}
	return out
}

// surround adds what a forecast is judged by: naive, what was told before, the
// capacity, the calendar and words.
func (o *Forecast) surround(f *readmodel.Fleet, key readmodel.SeriesKey, present model.Instant, back time.Duration) {
	step := time.Duration(o.Step * float64(time.Second))
	o.Naive = []*float64{}
	for h := range o.Quantiles {
		at := o.Start.Add(time.Duration(h) * step)
		o.Naive = append(o.Naive, known(f.ValueAt(key, at.Add(-day))))
	}
	o.Told = told(f, key, present.Add(-back), present)
	if kind, name, ok := key.Entity.Split(); ok && kind == model.KindServer {
		if s, ok := f.Servers[model.ServerID(name)]; ok && s.Capacity[key.Resource] > 0 {
			capacity := float64(s.Capacity[key.Resource])
			safe := capacity * safeShare(&s, key.Resource)
			o.Capacity, o.Safe = &capacity, &safe
		}
	}
	o.Events = []Event{}
	for _, e := range eventsOf(f) {
		if e.End > present.Add(-back) && e.Start < o.Start.Add(time.Duration(len(o.Quantiles))*step) && concerns(&e, key.Entity) {
			o.Events = append(o.Events, e)
		}
	}
	o.Explained = o.explain(key)
}

// concerns tells whether an event is about an entity.
func concerns(e *Event, entity model.EntityID) bool {
	kind, name, _ := entity.Split()
	switch {
	case e.Server != "":
		return kind == model.KindServer && name == string(e.Server)
	case len(e.Applications) == 0 || kind == model.KindServer:
		return true // a server runs many applications
	}
	app, _, _ := strings.Cut(name, "/")
	return slices.Contains(e.Applications, model.ApplicationID(app))
}

// told compares what was expected an hour ahead with what happened.
func told(f *readmodel.Fleet, key readmodel.SeriesKey, from, to model.Instant) Told {
	out := Told{Times: []model.Instant{}, Low: []float64{}, Middle: []float64{}, High: []float64{}}
	var errs, naive, inside float64
	n := 0
	f.Expected(key, time.Hour, func(at model.Instant, low, middle, high float64) {
		if at <= from {
			return
		}
		out.Times, out.Low, out.Middle, out.High = append(out.Times, at), append(out.Low, short(low)), append(out.Middle, short(middle)), append(out.High, short(high))
		was, before := f.ValueAt(key, at), f.ValueAt(key, at.Add(-day))
		if at > to || math.IsNaN(was) || math.IsNaN(before) {
			return
		}
		n++
		errs += math.Abs(was - middle)
		naive += math.Abs(was - before)
		if was >= low && was <= high {
			inside++
		}
	})
	if n > 0 {
		out.Error, out.NaiveError, out.Inside = known(errs/float64(n)), known(naive/float64(n)), known(inside/float64(n))
	}
	return out
}

// explain says in words how a forecast came about and how far to trust it.
func (o *Forecast) explain(key readmodel.SeriesKey) []string {
	out := []string{fmt.Sprintf("Model %s, made at %v from everything measured until then.", cmp.Or(o.Model, "unknown"), o.Origin)}
	if o.MASE != nil {
		word := "better"
		if *o.MASE > 1 {
			word = "worse"
		}
		out = append(out, fmt.Sprintf("Over %d forecasts its error was %.2f of seasonal naive's: %s than repeating the last season.", o.Samples, *o.MASE, word))
	}
	if o.Coverage80 != nil {
		out = append(out, fmt.Sprintf("%.0f %% of what happened lay in the 80 %% band.", 100**o.Coverage80))
	}
	if !o.Trusted {
		out = append(out, "It is not trusted: plans use the last value and the week's peak instead.")
	}
	if o.Note != "" {
		out = append(out, o.Note)
	}
	for _, e := range o.Events {
		if e.Uplift != 0 {
			out = append(out, fmt.Sprintf("%s %q from %v to %v is announced with %+.0f %%.", e.Kind, e.Name, e.Start, e.End, 100*e.Uplift))
		}
	}
	return out
}
