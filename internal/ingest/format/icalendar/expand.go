package icalendar

import (
	"slices"
	"time"
)

// maxSet bounds the starts of one period, before BYSETPOS picks among them.
const maxSet = 20_000

// expand calls yield with the starts of a rule in order, from start and before
// limit, until yield returns false. All times are local, as if UTC. budget is
// how many days or steps may still be looked at; a rule that never matches ends
// there.
func (r *rule) expand(start, limit time.Time, budget *int, yield func(time.Time) bool) {
	left := r.count
	take := func(t time.Time) bool {
		if t.Before(start) {
			return true
		}
		if !t.Before(limit) || !r.until.IsZero() && t.After(r.until) {
			return false
		}
		if !yield(t) {
			return false
		}
		left--
		return r.count == 0 || left > 0
	}
	if r.freq >= hourly {
		r.expandSteps(start, limit, budget, take)
		return
	}
	clock := r.clock(start)
	for n := 0; ; n += r.interval {
		days, first := r.period(start, n, budget)
		if *budget <= 0 || !first.Before(limit) || first.Year() > 9000 {
			return
		}
		if len(days)*len(clock) > maxSet {
			return
		}
		set := make([]time.Time, 0, len(days)*len(clock))
		for _, d := range days {
			for _, c := range clock {
				set = append(set, d.Add(c))
			}
		}
		*budget -= len(set)
		for _, t := range r.pick(set) {
			if !take(t) {
				return
			}
		}
	}
}

// expandSteps expands hours, minutes and seconds step by step.
func (r *rule) expandSteps(start, limit time.Time, budget *int, take func(time.Time) bool) {
	step := map[frequency]time.Duration{hourly: time.Hour, minutely: time.Minute, secondly: time.Second}[r.freq] * time.Duration(r.interval)
	sub := r.subClock(start)
	base := start.Truncate(map[frequency]time.Duration{hourly: time.Hour, minutely: time.Minute, secondly: time.Second}[r.freq])
	for t := base; t.Before(limit) && *budget > 0; t = t.Add(step) {
		*budget--
		if !r.allows(t) || !in(r.hours, t.Hour()) || r.freq >= minutely && !in(r.minutes, t.Minute()) || r.freq == secondly && !in(r.seconds, t.Second()) {
			continue
		}
		set := make([]time.Time, 0, len(sub))
		for _, c := range sub {
			set = append(set, t.Add(c))
		}
		*budget -= len(set)
		for _, u := range r.pick(set) {
			if !take(u) {
				return
			}
		}
	}
}

// pick applies BYSETPOS to one period's set, which is in order.
func (r *rule) pick(set []time.Time) []time.Time {
	if len(r.positions) == 0 {
		return set
	}
	var picked []time.Time
	for _, p := range r.positions {
		i := p - 1
		if p < 0 {
			i = len(set) + p
		}
		if i >= 0 && i < len(set) && !slices.Contains(picked, set[i]) {
			picked = append(picked, set[i])
		}
	}
	slices.SortFunc(picked, time.Time.Compare)
	return picked
}

// clock returns the times of day that a rule of days or longer has.
func (r *rule) clock(start time.Time) []time.Duration {
	hours := orOwn(r.hours, start.Hour())
	var list []time.Duration
	for _, h := range hours {
		for _, m := range orOwn(r.minutes, start.Minute()) {
			for _, s := range orOwn(r.seconds, start.Second()) {
				list = append(list, time.Duration(h)*time.Hour+time.Duration(m)*time.Minute+time.Duration(s)*time.Second)
			}
		}
	}
	return list
}

// subClock returns what is expanded within a step of hours or minutes.
func (r *rule) subClock(start time.Time) []time.Duration {
	minutes, seconds := []int{0}, []int{0}
	if r.freq == hourly {
		minutes = orOwn(r.minutes, start.Minute())
	}
	if r.freq <= minutely {
		seconds = orOwn(r.seconds, start.Second())
	}
	var list []time.Duration
	for _, m := range minutes {
		for _, s := range seconds {
			list = append(list, time.Duration(m)*time.Minute+time.Duration(s)*time.Second)
		}
	}
	return list
}

func orOwn(list []int, own int) []int {
	if len(list) == 0 {
		return []int{own}
	}
	return list
}

// in tells whether a list is empty or holds n.
func in(list []int, n int) bool { return len(list) == 0 || slices.Contains(list, n) }

// period returns the days of the n-th period (by frequency) that the rule
// allows, and the period's first day.
func (r *rule) period(start time.Time, n int, budget *int) (days []time.Time, first time.Time) {
	midnight := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	var end time.Time
	switch r.freq {
	case yearly:
		first = time.Date(start.Year()+n, 1, 1, 0, 0, 0, 0, time.UTC)
		end = first.AddDate(1, 0, 0)
		if len(r.weeks) > 0 {
			// Week 1 may begin in the year before, the last week end in the next.
			return r.filter(start, first.AddDate(0, 0, -6), end.AddDate(0, 0, 6), first, budget), first
		}
	case monthly:
		first = time.Date(start.Year(), start.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		end = first.AddDate(0, 1, 0)
	case weekly:
		back := (int(midnight.Weekday()) - int(r.weekStart) + 7) % 7
		first = midnight.AddDate(0, 0, 7*n-back)
		end = first.AddDate(0, 0, 7)
	default:
		first = midnight.AddDate(0, 0, n)
		end = first.AddDate(0, 0, 1)
	}
	return r.filter(start, first, end, first, budget), first
}

// filter returns the days in [from, end) that the rule allows.
func (r *rule) filter(start, from, end, period time.Time, budget *int) []time.Time {
	if day, ok := r.only(start, period); ok {
		*budget--
		if day.IsZero() {
			return nil
		}
		return []time.Time{day}
	}
	var days []time.Time
	for d := from; d.Before(end); d = d.AddDate(0, 0, 1) {
		*budget--
		if !in(r.months, int(d.Month())) {
			d = time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC) // the month's last day
			continue
		}
		if r.allowsDay(d, start, period) {
			days = append(days, d)
		}
	}
	return days
}

// only is the short way for rules that mean one day of a period, the start's.
func (r *rule) only(start, period time.Time) (day time.Time, ok bool) {
	if len(r.months)+len(r.weeks)+len(r.yearDays)+len(r.monthDays)+len(r.days) > 0 {
		return day, false
	}
	switch r.freq {
	case yearly:
		day = time.Date(period.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	case monthly:
		day = time.Date(period.Year(), period.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	case weekly:
		return period.AddDate(0, 0, (int(start.Weekday())-int(period.Weekday())+7)%7), true
	default:
		return period, true
	}
	if day.Day() != start.Day() {
		return time.Time{}, true // no such day in this month or year
	}
	return day, true
}
