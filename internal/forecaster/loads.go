package forecaster

import (
	"fmt"
	"math"

	"drover/internal/forecast"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// loads is the state of one partition of metrics.
type loads struct {
	config    *Config
	clock     clock
	entities  entities
	calendars calendars
	counts    Counts
	// warm holds each fleet's network as it was fitted last.
	warm map[model.FleetID][]byte
	// spare are quantiles that nobody holds any more.
	spare model.Quantiles
	// piece is memory for a list of emissions.
	piece []stage.Emission
	// likes are what new series are made after, by the zone they go by.
	likes map[*wallclock.Zone]*forecast.Series
}

// Counts says what became of samples, for metrics and reports.
type Counts struct {
	Samples, Duplicates, Late, Invalid uint64
	// Refits counts the fits of a fleet's models, Refitted the series in them.
	Refits, Refitted uint64
}

func newLoads(c *Config) loads {
	return loads{config: c, clock: newClock(c), entities: newEntities(), calendars: newCalendars(), likes: map[*wallclock.Zone]*forecast.Series{},
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
		return l.clock.heartbeat(e, func(tick model.Instant) ([]stage.Emission, error) {
			if err := l.tick(tick); err != nil {
				return nil, err
			}
			return l.say(tick, 0, marker), nil
		})
	}
	return nil, stage.Reject("schema", "a %T has no place in metrics", event)
}

func (l *loads) metric(m *model.Metric) error {
	one := l.entities.find(m.Fleet, m.Entity)
	if err := l.check(m, one != nil); err != nil {
		return err
	}
	if one == nil || one.lacks(m.Samples) > 0 {
		if n := l.entities.count + one.lacks(m.Samples); n > l.config.MaxSeries {
			return stage.Reject("limit", "%s would bring the series of this partition to %d; at most %d are kept (max-series)",
				m.Entity, n, l.config.MaxSeries)
		}
		if one == nil {
			one = l.entities.add(m.Fleet, m.Entity)
		}
	}
	cal := l.calendars.of(m.Fleet, m.Entity)
	when, from := newMoment(m.At, l.config.Forecast.Bin), one.instance(m.Producer)
	for i := range m.Samples {
		sample := &m.Samples[i]
		s := one.series[sample.Resource]
		if s == nil {
			s = l.begin(one, sample.Resource)
		}
		l.counts.Samples++
		switch s.add(m.Producer, from, &when, sample, l.config.Forecast.Bin, cal) {
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

// begin makes a new series.
func (l *loads) begin(of *entity, r model.Resource) *series {
	s := newSeries(l.likeOf(of.fleet, of.entity).Like(), string(of.entity)+"/"+r.String())
	of.series[r] = s
	l.entities.count++
	return s
}

// check refuses a record as a whole: half of one would be worse than none.
// Names that are known have been checked.
func (l *loads) check(m *model.Metric, known bool) error {
	if !known {
		if m.Fleet == "" {
			return stage.Reject("value", "metric of %q: no fleet", m.Entity)
		}
		if _, _, ok := m.Entity.Split(); !ok {
			return stage.Reject("value", "entity %q: want server:NAME, app:NAME or replica:NAME/INDEX", m.Entity)
		}
	}
	for i := range m.Samples {
		s := &m.Samples[i]
		if s.Resource >= model.ResourceCount {
			return stage.Reject("value", "metric of %s: no resource %d", m.Entity, s.Resource)
		}
		if !(s.Value >= 0 && s.Value <= math.MaxFloat64) {
			return stage.Reject("value", "%s of %s is %v: want a number from zero", s.Resource, m.Entity, s.Value)
		}
	}
	return l.clock.checkTime(m.At, l.config)
}

// tick closes the bins that end by it and fits what is due.
func (l *loads) tick(at model.Instant) error {
	l.forget(at)
	for _, one := range l.entities.all() {
		cal := l.calendars.of(one.fleet, one.entity)
		for _, s := range one.series {
			if s != nil {
				s.closeUpTo(at, l.config.Forecast.Bin, cal)
			}
		}
	}
	return l.refit(at)
}

// pieceOf is of how many forecasts a list is, a few more at most.
const pieceOf = 1024

// say returns a forecast of every series of the entities from a place on, then the
// marker, piece by piece. The forecasts are made when they are published: all at
// once would fill the memory.
func (l *loads) say(at model.Instant, from int, marker func(model.Instant) stage.Emission) []stage.Emission {
	out := l.piece[:0]
	defer func() { l.piece = out[:0] }()
	for i, one := range l.entities.all()[from:] {
		if len(out) >= pieceOf {
			out = append(out, stage.Emission{More: func() ([]stage.Emission, error) { return l.say(at, from+i, marker), nil }})
			return out
		}
		cal := l.calendars.of(one.fleet, one.entity)
		for r, s := range one.series {
			if s == nil || s.closed == 0 {
				continue
			}
			out = append(out, stage.Emission{Topic: stream.Forecasts, Fleet: one.fleet, Key: s.key, Partition: stage.ByKey,
				Make: func() any { return l.forecast(one, model.Resource(r), at, cal) }})
		}
	}
	out = append(out, marker(at))
	return out
}

func (l *loads) forecast(of *entity, r model.Resource, at model.Instant, cal []model.CalendarEvent) model.Forecast {
	s := of.series[r]
	q := l.spare
	l.spare = model.Quantiles{}
	info := s.model.ForecastInto(&q, at, l.config.Horizon, cal)
	f := model.Forecast{Fleet: of.fleet, Entity: of.entity, Resource: r, Origin: at, Step: l.config.Forecast.Bin,
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
	for _, one := range l.entities.all() {
		left := 0
		for r, s := range one.series {
			switch {
			case s == nil:
			case at.Sub(max(s.last, s.closed)) > l.config.RetainFor:
				one.series[r] = nil
				l.entities.count--
			default:
				left++
				if s.rates != nil {
					s.rates.Forget(at.Add(-l.config.RetainFor)) // instances that are no more
				}
			}
		}
		if left == 0 {
			l.entities.remove(one)
		}
	}
}
