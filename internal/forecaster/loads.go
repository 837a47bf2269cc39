package forecaster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"drover/internal/forecast"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// seriesKey names a series.
type seriesKey struct {
	fleet    model.FleetID
	entity   model.EntityID
	resource model.Resource
}

func compareKeys(a, b seriesKey) int {
	if c := strings.Compare(string(a.fleet), string(b.fleet)); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.entity), string(b.entity)); c != 0 {
		return c
	}
	return int(a.resource) - int(b.resource)
}

// loads is the state of one partition of metrics.
type loads struct {
	config *Config
	clock  clock
	series map[seriesKey]*series
	// sorted holds the keys in order; it is rebuilt when a series came or went.
	sorted    []seriesKey
	unsorted  bool
	calendars calendars
	counts    Counts
	// warm holds each fleet's network as it was fitted last.
	warm map[model.FleetID][]byte
}

// Counts says what became of samples, for metrics and reports.
type Counts struct {
	Samples, Duplicates, Late, Invalid uint64
	// Refits counts the fits of a fleet's models, Refitted the series in them.
	Refits, Refitted uint64
}

func newLoads(c *Config) loads {
	return loads{config: c, clock: newClock(c), series: map[seriesKey]*series{}, calendars: newCalendars(),
		warm: map[model.FleetID][]byte{}}
}

func (l *loads) handle(event any, marker func(model.Instant) stage.Emission) ([]stage.Emission, error) {
	switch e := event.(type) {
	case model.Metric:
		return nil, l.metric(&e)
	case model.CalendarEvent:
		l.calendars.fold(e)
		return nil, nil
	case model.Heartbeat:
		var out []stage.Emission
		var failed error
		l.clock.heartbeat(e, func(tick model.Instant) {
			var err error
			out, err = l.tick(tick, out)
			out = append(out, marker(tick))
			failed = cmp.Or(failed, err)
		})
		return out, failed
	}
	return nil, stage.Reject("schema", "a %T has no place in metrics", event)
}

func (l *loads) metric(m *model.Metric) error {
	if err := l.check(m); err != nil {
		return err
	}
	cal := l.calendars.of(m.Fleet, m.Entity)
	from := instance(m.Entity, m.Producer)
	for _, sample := range m.Samples {
		key := seriesKey{m.Fleet, m.Entity, sample.Resource}
		s := l.series[key]
		if s == nil {
			if len(l.series) >= l.config.MaxSeries {
				return stage.Reject("limit", "%s of %s would be series %d of this partition; at most %d are kept (max-series)",
					sample.Resource, m.Entity, len(l.series)+1, l.config.MaxSeries)
			}
			s = &series{model: forecast.NewSeries(&l.config.Forecast)}
			l.series[key] = s
			l.unsorted = true
		}
		l.counts.Samples++
		switch s.add(m.Producer, from, m.At, sample, l.config.Forecast.Bin, cal) {
		case duplicate:
			l.counts.Duplicates++
		case late:
			l.counts.Late++
		case invalid:
			l.counts.Invalid++
		}
	}
	return nil
}

// check refuses a record as a whole: half of one would be worse than none.
func (l *loads) check(m *model.Metric) error {
	if m.Fleet == "" {
		return stage.Reject("value", "metric of %q: no fleet", m.Entity)
	}
	if _, _, ok := m.Entity.Split(); !ok {
		return stage.Reject("value", "entity %q: want server:NAME, app:NAME or replica:NAME/INDEX", m.Entity)
	}
	for _, s := range m.Samples {
		if s.Resource >= model.ResourceCount {
			return stage.Reject("value", "metric of %s: no resource %d", m.Entity, s.Resource)
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0 {
			return stage.Reject("value", "%s of %s is %v: want a number from zero", s.Resource, m.Entity, s.Value)
		}
	}
	return l.clock.checkTime(m.At, l.config)
}

// tick closes the bins that end by it, fits what is due and forecasts every
// series.
func (l *loads) tick(at model.Instant, out []stage.Emission) ([]stage.Emission, error) {
	l.forget(at)
	l.sort()
	for _, key := range l.sorted {
		l.series[key].closeUpTo(at, l.config.Forecast.Bin, l.calendars.of(key.fleet, key.entity))
	}
	if err := l.refit(at); err != nil {
		return out, err
	}
	for _, key := range l.sorted {
		s := l.series[key]
		if s.closed == 0 {
			continue
		}
		cal := l.calendars.of(key.fleet, key.entity)
		out = append(out, stage.Emission{Topic: stream.Forecasts, Fleet: key.fleet,
			Key: string(key.entity) + "/" + key.resource.String(), Partition: stage.ByKey, Event: l.forecast(key, s, at, cal)})
	}
	return out, nil
}

func (l *loads) forecast(key seriesKey, s *series, at model.Instant, cal []model.CalendarEvent) model.Forecast {
	q, info := s.model.Forecast(at, l.config.Horizon, cal)
	f := model.Forecast{Fleet: key.fleet, Entity: key.entity, Resource: key.resource, Origin: at, Step: l.config.Forecast.Bin,
		Quantiles: q, Observed: s.observed, ObservedAt: s.closed, Peak: info.Peak, Trusted: info.Trusted, Model: info.Model,
		Note: info.Note, MASE: known(info.MASE), Coverage80: known(info.Coverage80), Samples: info.Samples}
	if silent := at.Sub(s.closed); silent > l.config.StaleAfter {
		f.Trusted, f.Note = false, fmt.Sprintf("no data since %v", s.closed)
	}
	return f
}

// known turns "not judged yet" into the wire's zero.
func known(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// forget drops series that have been silent for too long.
func (l *loads) forget(at model.Instant) {
	for key, s := range l.series {
		if at.Sub(max(s.last, s.closed)) > l.config.RetainFor {
			delete(l.series, key)
			l.unsorted = true
		} else if s.rates != nil {
			s.rates.Forget(at.Add(-l.config.RetainFor)) // instances that are no more
		}
	}
}

func (l *loads) sort() {
	if !l.unsorted {
		return
	}
	l.sorted = l.sorted[:0]
	for key := range l.series {
		l.sorted = append(l.sorted, key)
	}
	slices.SortFunc(l.sorted, compareKeys)
	l.unsorted = false
}
