package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"drover/internal/forecast/effects"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// starts are the days before the forecasts of events.go begin: the turns of the
// years before a season's last matches.
var starts = []string{"2009-12-31", "2010-12-31", "2012-12-31", "2013-12-31", "2014-12-31", "2015-12-31"}

// events judges daily page views 30 days ahead, on event days (with the day
// after) and on others, without and with the calendar.
func events(folder string) (figures, error) {
	all, err := rows(filepath.Join(folder, "events", "daily_page_views_log.csv"))
	if err != nil {
		return nil, err
	}
	calendar, err := readEvents(filepath.Join(folder, "events", "events.csv"))
	if err != nil {
		return nil, err
	}
	p := &panel.Panel{Step: 24 * time.Hour, Seasons: []int{7, 365}, Series: []panel.Series{{ID: "views"}}}
	s := &p.Series[0]
	for _, row := range all {
		at, err := model.ParseInstant(row[0])
		if err != nil {
			return nil, err
		}
		if len(s.Values) == 0 {
			s.Start = at
		}
		for s.Start.Add(time.Duration(len(s.Values))*p.Step) < at {
			s.Values = append(s.Values, math.NaN())
		}
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return nil, err
		}
		s.Values = append(s.Values, v)
	}
	out := figures{}
	for _, with := range []bool{false, true} {
		from := cpu()
		on, off, err := eventErrors(p, calendar, with)
		if err != nil {
			return nil, err
		}
		name := map[bool]string{false: "without", true: "with"}[with]
		fmt.Printf("events, %-8s event days %.3f, other days %.3f  %6.1f CPU s\n", name+":", on, off, cpu()-from)
		out[name] = figures{"event_days": on, "other_days": off}
	}
	return out, nil
}

func readEvents(path string) ([]effects.Event, error) {
	all, err := rows(path)
	if err != nil {
		return nil, err
	}
	var out []effects.Event
	for _, row := range all {
		from, err := model.ParseInstant(row[1])
		if err != nil {
			return nil, err
		}
		to, err := model.ParseInstant(row[2])
		if err != nil {
			return nil, err
		}
		out = append(out, effects.Event{Name: row[0], Start: from, End: to.Add(24 * time.Hour)})
	}
	return out, nil
}

// eventErrors are the mean absolute errors on event days and on other days.
func eventErrors(p *panel.Panel, calendar []effects.Event, with bool) (on, off float64, err error) {
	var onDays, offDays float64
	s := p.Series[0]
	for _, start := range starts {
		at, err := model.ParseInstant(start)
		if err != nil {
			return 0, 0, err
		}
		n := int(at.Sub(s.Start)/p.Step) + 1
		cut, _ := p.Cut(len(s.Values)-n, 2)
		o := options(ensemble.Auto, 30)
		if with {
			o.Events = calendar
		}
		r, err := ensemble.Run(cut, o)
		if err != nil {
			return 0, 0, err
		}
		for h := range min(30, len(s.Values)-n) {
			day := s.Start.Add(time.Duration(n+h) * p.Step)
			e := math.Abs(r.Series[0].Quantiles.At(h, 0.5) - s.Values[n+h])
			switch {
			case math.IsNaN(e):
			case near(calendar, day):
				on, onDays = on+e, onDays+1
			default:
				off, offDays = off+e, offDays+1
			}
		}
	}
	return on / onDays, off / offDays, nil
}

// near tells whether a day is an event's or the one after it.
func near(calendar []effects.Event, day model.Instant) bool {
	for _, e := range calendar {
		if day >= e.Start && day < e.End.Add(24*time.Hour) {
			return true
		}
	}
	return false
}
