package icalendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
)

// ruleSet is an event's rules, in its start's local time.
type ruleSet struct{ include, exclude []*rule }

// occurrenceStart is a start with a length of its own, if an RDATE gives one.
type occurrenceStart struct {
	moment moment
	length period
}

// parseRules reads RRULE and EXRULE.
func (e *event) parseRules(start moment) (s ruleSet, err error) {
	read := func(texts []string) (list []*rule, err error) {
		for _, text := range texts {
			r, err := parseRule(text)
			if err != nil {
				return nil, fmt.Errorf("RRULE: %w", err)
			}
			// UNTIL in UTC is compared in local time.
			r.shiftUntil(start.zone.offset(r.until))
			list = append(list, r)
		}
		return list, nil
	}
	if s.include, err = read(e.rules); err != nil {
		return s, err
	}
	s.exclude, err = read(e.exceptRules)
	return s, err
}

// moments reads RDATE and EXDATE.
func (e *event) moments(c *calendar) (extra []occurrenceStart, except []moment, err error) {
	for _, p := range e.dates {
		for _, one := range strings.Split(p.value, ",") {
			begin, until, _ := strings.Cut(one, "/")
			m, err := c.moment(text{p.zone, begin}, c.fallback)
			if err != nil {
				return nil, nil, fmt.Errorf("RDATE: %w", err)
			}
			start := occurrenceStart{moment: m}
			if until != "" {
				if start.length, err = parsePeriod(until); err != nil {
					end, endErr := c.moment(text{p.zone, until}, c.fallback)
					if endErr != nil {
						return nil, nil, fmt.Errorf("RDATE: %w", endErr)
					}
					start.length = period{exact: max(end.time().Sub(m.time()), 0)}
				}
			}
			extra = append(extra, start)
		}
	}
	for _, p := range e.exceptDates {
		for _, one := range strings.Split(p.value, ",") {
			if strings.TrimSpace(one) == "" {
				continue
			}
			m, err := c.moment(text{p.zone, one}, c.fallback)
			if err != nil {
				return nil, nil, fmt.Errorf("EXDATE: %w", err)
			}
			except = append(except, m)
		}
	}
	return extra, except, nil
}

// starts returns the occurrences' starts in order, each once.
func (r *reader) starts(start moment, rules ruleSet, extra []occurrenceStart, except []moment) []occurrenceStart {
	limit := defaultUntil
	if r.opt.Until != model.NoInstant {
		// A day of slack for zones; occurrence() checks exactly.
		limit = r.opt.Until.Time().Add(24 * time.Hour)
	}
	from := time.Time{}
	if r.opt.From != model.NoInstant {
		from = r.opt.From.Time().Add(-31 * 24 * time.Hour)
	}
	skip := map[int64]bool{}
	days := map[time.Time]bool{}
	for _, m := range except {
		skip[m.time().Unix()] = true
		if m.allDay && !start.allDay {
			days[m.naive] = true // a date excludes that day's occurrence
		}
	}
	budget := min(eventSpent, maxSpent-r.spent)
	before := budget
	for _, x := range rules.exclude {
		x.expand(start.naive, limit, &budget, func(t time.Time) bool {
			skip[start.at(t).time().Unix()] = true
			return len(skip) < 10*maxOccurrences
		})
	}
	list := []occurrenceStart{{moment: start}}
	for _, rule := range rules.include {
		rule.expand(start.naive, limit, &budget, func(t time.Time) bool {
			if !t.Before(from) {
				list = append(list, occurrenceStart{moment: start.at(t)})
			}
			return len(list) < maxOccurrences
		})
	}
	r.spent += before - budget
	list = append(list, extra...)
	slices.SortStableFunc(list, func(a, b occurrenceStart) int { return a.moment.time().Compare(b.moment.time()) })
	kept := list[:0]
	for _, s := range list {
		at := s.moment.time()
		y, m, d := s.moment.naive.Date()
		if skip[at.Unix()] || days[time.Date(y, m, d, 0, 0, 0, 0, time.UTC)] || len(kept) > 0 && kept[len(kept)-1].moment.time().Equal(at) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}
