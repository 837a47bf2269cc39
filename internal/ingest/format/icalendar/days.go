package icalendar

import (
	"slices"
	"time"
)

// allows tells whether the day of t passes all parts of the rule that name
// days; it serves rules of hours and shorter.
func (r *rule) allows(t time.Time) bool {
	d := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	if !in(r.months, int(d.Month())) || !r.yearDay(d) || !r.monthDay(d) {
		return false
	}
	if len(r.days) == 0 {
		return true
	}
	return slices.ContainsFunc(r.days, func(w weekday) bool { return w.day == d.Weekday() })
}

// allowsDay tells whether a day of a period passes the rule.
func (r *rule) allowsDay(d, start, period time.Time) bool {
	if !in(r.months, int(d.Month())) || !r.yearDay(d) || !r.monthDay(d) || !r.week(d, period) {
		return false
	}
	if len(r.days) > 0 {
		return slices.ContainsFunc(r.days, func(w weekday) bool { return r.isWeekday(d, w, period) })
	}
	if len(r.yearDays)+len(r.monthDays) > 0 {
		return true
	}
	// What the rule leaves open is as the start has it.
	switch {
	case len(r.weeks) > 0 || r.freq == weekly:
		return d.Weekday() == start.Weekday()
	case r.freq == daily:
		return true
	case r.freq == yearly && len(r.months) == 0:
		return d.Month() == start.Month() && d.Day() == start.Day()
	}
	return d.Day() == start.Day()
}

func (r *rule) yearDay(d time.Time) bool {
	if len(r.yearDays) == 0 {
		return true
	}
	length := time.Date(d.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	return slices.Contains(r.yearDays, d.YearDay()) || slices.Contains(r.yearDays, d.YearDay()-length-1)
}

func (r *rule) monthDay(d time.Time) bool {
	if len(r.monthDays) == 0 {
		return true
	}
	return slices.Contains(r.monthDays, d.Day()) || slices.Contains(r.monthDays, d.Day()-daysIn(d)-1)
}

// daysIn returns the length of the month of d.
func daysIn(d time.Time) int { return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// week tells whether d lies in one of the weeks of the period's year. Week 1 is
// the first with at least four days in the year.
func (r *rule) week(d, period time.Time) bool {
	if len(r.weeks) == 0 {
		return true
	}
	first := r.weekOne(period.Year())
	if d.Before(first) {
		return false
	}
	number := int(d.Sub(first).Hours()/24)/7 + 1
	total := int(r.weekOne(period.Year()+1).Sub(first).Hours()/24) / 7
	return number <= total && (slices.Contains(r.weeks, number) || slices.Contains(r.weeks, number-total-1))
}

// weekOne returns the first day of week 1 of a year.
func (r *rule) weekOne(year int) time.Time {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, -((int(fourth.Weekday()) - int(r.weekStart) + 7) % 7))
}

// isWeekday tells whether d is the weekday, counted within the month or, for a
// yearly rule without months, within the year.
func (r *rule) isWeekday(d time.Time, w weekday, period time.Time) bool {
	if d.Weekday() != w.day {
		return false
	}
	if w.nth == 0 || r.freq > monthly || len(r.weeks) > 0 {
		return true
	}
	place, length := d.Day(), daysIn(d)
	if r.freq == yearly && len(r.months) == 0 {
		place, length = d.YearDay(), time.Date(d.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	}
	if w.nth > 0 {
		return (place-1)/7+1 == w.nth
	}
	return -((length-place)/7 + 1) == w.nth
}
