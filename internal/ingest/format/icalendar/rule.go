package icalendar

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// frequency is a rule's FREQ, from long to short.
type frequency uint8

const (
	yearly frequency = iota
	monthly
	weekly
	daily
	hourly
	minutely
	secondly
)

var frequencies = map[string]frequency{"YEARLY": yearly, "MONTHLY": monthly, "WEEKLY": weekly, "DAILY": daily,
	"HOURLY": hourly, "MINUTELY": minutely, "SECONDLY": secondly}

// rule is an RRULE.
type rule struct {
	freq     frequency
	interval int
	count    int // 0: unlimited
	// until is the last start allowed, in local time; zero: unlimited. untilUTC
	// tells that it was given in UTC and has still to be shifted.
	until    time.Time
	untilUTC bool

	months, weeks, yearDays, monthDays []int
	days                               []weekday
	hours, minutes, seconds            []int
	positions                          []int
	weekStart                          time.Weekday
}

// weekday is a BYDAY entry; nth is 0 for every such day.
type weekday struct {
	day time.Weekday
	nth int
}

var weekdays = map[string]time.Weekday{"SU": time.Sunday, "MO": time.Monday, "TU": time.Tuesday, "WE": time.Wednesday,
	"TH": time.Thursday, "FR": time.Friday, "SA": time.Saturday}

// parseRule reads the value of an RRULE.
func parseRule(text string) (*rule, error) {
	r := &rule{interval: 1, weekStart: time.Monday}
	hasFreq := false
	for _, part := range strings.Split(strings.TrimRight(strings.TrimSpace(text), ";"), ";") {
		key, value, _ := strings.Cut(part, "=")
		key, value = strings.ToUpper(strings.TrimSpace(key)), strings.ToUpper(strings.TrimSpace(value))
		if key == "FREQ" {
			freq, ok := frequencies[value]
			if !ok {
				return nil, fmt.Errorf("FREQ=%s: no such frequency", value)
			}
			r.freq, hasFreq = freq, true
			continue
		}
		if err := r.part(key, value); err != nil {
			return nil, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	if !hasFreq {
		return nil, fmt.Errorf("rule %q: FREQ is missing", text)
	}
	return r, nil
}

// part reads one KEY=value. Unknown keys (X-...) are passed over.
func (r *rule) part(key, value string) (err error) {
	switch key {
	case "RSCALE":
		if value != "GREGORIAN" {
			err = errors.New("only the Gregorian calendar is known")
		}
	case "INTERVAL":
		r.interval, err = strconv.Atoi(value)
		if err == nil && (r.interval < 1 || r.interval > 1e6) {
			err = fmt.Errorf("want a number from 1")
		}
	case "COUNT":
		r.count, err = strconv.Atoi(value)
		if err == nil && r.count < 1 {
			err = fmt.Errorf("want a number from 1")
		}
	case "UNTIL":
		return r.parseUntil(value)
	case "WKST":
		day, ok := weekdays[value]
		if !ok {
			return fmt.Errorf("want a day such as MO")
		}
		r.weekStart = day
	case "BYMONTH":
		r.months, err = numbers(value, 1, 12)
	case "BYWEEKNO":
		r.weeks, err = numbers(value, -53, 53)
	case "BYYEARDAY":
		r.yearDays, err = numbers(value, -366, 366)
	case "BYMONTHDAY":
		r.monthDays, err = numbers(value, -31, 31)
	case "BYHOUR":
		r.hours, err = numbers(value, 0, 23)
	case "BYMINUTE":
		r.minutes, err = numbers(value, 0, 59)
	case "BYSECOND":
		r.seconds, err = numbers(value, 0, 59)
	case "BYSETPOS":
		r.positions, err = numbers(value, -366, 366)
	case "BYDAY":
		r.days, err = days(value)
	}
	return err
}

func (r *rule) parseUntil(value string) error {
	if t, err := time.Parse(layoutDate, value); err == nil {
		r.until = t.Add(24*time.Hour - time.Second)
		return nil
	}
	text, utc := strings.CutSuffix(value, "Z")
	t, err := time.Parse(layoutTime, text)
	if err != nil {
		return fmt.Errorf("want a date or time")
	}
	r.until, r.untilUTC = t, utc
	return nil
}

// shiftUntil brings an UNTIL given in UTC to local time.
func (r *rule) shiftUntil(offset time.Duration) {
	if r.untilUTC {
		r.until, r.untilUTC = r.until.Add(offset), false
	}
}

// numbers reads a list of numbers within [least, most]; 0 only where least is 0.
func numbers(text string, least, most int) ([]int, error) {
	var list []int
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < least || n > most || n == 0 && least < 0 {
			return nil, fmt.Errorf("%q: want numbers from %d to %d", s, least, most)
		}
		list = append(list, n)
		if len(list) > 400 {
			return nil, fmt.Errorf("a list of more than 400 numbers")
		}
	}
	sort.Ints(list)
	return list, nil
}

// days reads a list such as MO,2TU,-1FR.
func days(text string) ([]weekday, error) {
	var list []weekday
	for _, s := range strings.Split(text, ",") {
		s = strings.TrimSpace(s)
		if len(s) < 2 || len(list) > 400 {
			return nil, fmt.Errorf("%q: want days such as MO or -1FR", s)
		}
		day, ok := weekdays[s[len(s)-2:]]
		if !ok {
			return nil, fmt.Errorf("%q: want days such as MO or -1FR", s)
		}
		w := weekday{day: day}
		if nth := s[:len(s)-2]; nth != "" {
			n, err := strconv.Atoi(nth)
			if err != nil || n == 0 || n < -53 || n > 53 {
				return nil, fmt.Errorf("%q: want days such as MO or -1FR", s)
			}
			w.nth = n
		}
		list = append(list, w)
	}
	return list, nil
}
