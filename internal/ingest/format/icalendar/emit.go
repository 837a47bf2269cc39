package icalendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Bounds of expansion.
const (
	// maxOccurrences of one event are emitted.
	maxOccurrences = 5000
	// maxSpent days or steps are looked at over a whole document.
	maxSpent = 1_000_000
	// eventSpent is the share of one event.
	eventSpent = 500_000
	// maxZoneSpent is for the rules of a document's own zones.
	maxZoneSpent = 500_000
	// maxZones names are looked for in Go's tables, over a whole document.
	maxZones = 500
)

// errTooDear refuses events once a document's rules have cost too much. It is
// found only where occurrences are wanted.
var errTooDear = errors.New("the calendar's rules cost too much to expand: bound the time (--from, --until)")

// defaultUntil is where occurrences without end are cut where nobody says.
var defaultUntil = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)

// changeKey names one occurrence of a series.
type changeKey struct {
	uid string
	at  int64 // seconds since the epoch
}

// resolve works out what the second pass needs of a calendar.
func (c *calendar) resolve(opt format.Options) {
	c.fallback = zone{location: opt.Zone}
	if opt.Zone == nil && c.zone != "" {
		if z, err := c.zoneOf(c.zone); err == nil {
			c.fallback = z
		}
	}
	for _, e := range c.changes {
		if c.changed == nil {
			c.changed = map[changeKey]bool{}
		}
		if m, err := c.moment(e.recurrenceID, c.fallback); err == nil {
			c.changed[changeKey{e.uid, m.time().Unix()}] = true
			c.addOnwards(e, m)
		}
	}
	for _, list := range c.onwards {
		slices.SortStableFunc(list, func(a, b onwards) int { return a.from.Compare(b.from) })
	}
	c.changes = nil
}

// onwards is a change of an occurrence and all later ones (RANGE=THISANDFUTURE):
// they begin so much later, and last so long.
type onwards struct {
	from      time.Time
	shift     time.Duration
	length    period
	cancelled bool
}

func (c *calendar) addOnwards(e *event, at moment) {
	if !e.onwards {
		return
	}
	when, err := e.when(c)
	if err != nil {
		return // it is told where the event is emitted
	}
	if c.onwards == nil {
		c.onwards = map[string][]onwards{}
	}
	c.onwards[e.uid] = append(c.onwards[e.uid], onwards{from: at.naive, shift: when.start.naive.Sub(at.naive), length: when.length, cancelled: e.status == "CANCELLED"})
}

// moved applies the newest change that concerns an occurrence.
func (c *calendar) moved(uid string, m moment, length period) (to moment, lasts period, cancelled bool) {
	list := c.onwards[uid]
	i, _ := slices.BinarySearchFunc(list, m.naive, func(o onwards, t time.Time) int {
		if o.from.After(t) {
			return 1
		}
		return -1
	})
	if i == 0 {
		return m, length, false
	}
	o := list[i-1]
	return m.at(m.naive.Add(o.shift)), o.length, o.cancelled
}

// endEvent takes an event that has been read.
func (r *reader) endEvent() {
	e := r.event
	r.event = nil
	if r.collect {
		if e.recurrenceID.value != "" && e.uid != "" {
			change := &event{uid: e.uid, recurrenceID: e.recurrenceID}
			if e.onwards {
				change = e
			}
			r.calendar.changes = append(r.calendar.changes, change)
		}
		return
	}
	if err := r.emit(r.calendar, e); err != nil {
		r.out.Reject(fmt.Errorf("line %d: VEVENT %q: %w", e.line, name(e), err))
	}
}

// emit checks one event and emits its occurrences.
func (r *reader) emit(c *calendar, e *event) error {
	if e.start.value == "" && c.method != "" {
		// With a method the start may be left out (RFC 5545, 3.6.1): a cancellation or
		// a reply names the event alone, and tells no time.
		r.out.Read()
		return nil
	}
	when, err := e.when(c)
	if err != nil {
		return err
	}
	rules, err := e.parseRules(when.start)
	if err != nil {
		return err
	}
	extra, except, err := e.moments(c)
	if err != nil {
		return err
	}
	r.out.Read()
	if !r.out.Wanted() {
		return nil
	}
	event := r.base(c, e)
	if e.recurrenceID.value != "" {
		if m, err := c.moment(e.recurrenceID, c.fallback); err == nil {
			event.ID += "/" + stamp(m)
		}
		r.occurrence(event, when.start, when.length)
		return nil
	}
	if len(rules.include) == 0 && len(extra) == 0 {
		r.occurrence(event, when.start, when.length)
		return nil
	}
	if r.spent >= maxSpent {
		r.out.Records-- // it was counted above
		return errTooDear
	}
	for _, m := range r.starts(when.start, rules, extra, except) {
		if c.changed[changeKey{e.uid, m.moment.time().Unix()}] {
			continue
		}
		one, length := event, when.length
		one.ID += "/" + stamp(m.moment)
		if m.length != (period{}) {
			length = m.length
		}
		at, length, cancelled := c.moved(e.uid, m.moment, length)
		one.Cancelled = one.Cancelled || cancelled
		r.occurrence(one, at, length)
	}
	return nil
}

// base returns what all occurrences of an event share.
func (r *reader) base(c *calendar, e *event) model.CalendarEvent {
	event := model.CalendarEvent{Fleet: r.opt.Fleet, ID: e.uid, Kind: kind(c, e), Name: e.summary, At: r.opt.At,
		Cancelled: e.status == "CANCELLED"}
	if event.ID == "" {
		event.ID = model.Digest(c.name, e.summary, e.start.value)[:16]
	}
	if event.At == model.NoInstant && e.stamp.value != "" {
		if m, err := c.moment(e.stamp, zone{}); err == nil {
			event.At = model.InstantOf(m.time())
		}
	}
	return event
}

// stamp writes a moment in iCalendar's notation, in local time.
func stamp(m moment) string {
	year, month, day := m.naive.Date()
	b := make([]byte, 0, len(layoutTime))
	b = digits(digits(digits(b, year, 4), int(month), 2), day, 2)
	if !m.allDay {
		hour, minute, second := m.naive.Clock()
		b = digits(digits(digits(append(b, 'T'), hour, 2), minute, 2), second, 2)
	}
	return string(b)
}

// digits appends a number with leading zeros.
func digits(b []byte, n, width int) []byte {
	for scale := pow10(width - 1); scale > 0; scale /= 10 {
		b = append(b, byte('0'+n/scale%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// occurrence emits one occurrence if it lies within the bounds.
func (r *reader) occurrence(e model.CalendarEvent, start moment, length period) {
	e.Start, e.End = model.InstantOf(start.time()), model.InstantOf(start.after(length))
	if e.End <= r.opt.From && r.opt.From != 0 || r.opt.Until != 0 && e.Start >= r.opt.Until {
		return
	}
	r.out.Emit(e)
}

func name(e *event) string {
	if e.summary != "" {
		return e.summary
	}
	return e.uid
}

// holidayWords and workWords tell what the entries of holiday calendars are.
var (
	holidayWords = []string{"holiday", "feiertag", "férié", "feriado", "festivo", "festivi", "helligdag", "法定节假日", "假期", "節假日", "祝日", "휴일"}
	workWords    = []string{"上班", "补班", "補班", "working day", "workday", "work day", "make-up day"}
)

// kind returns what kind of event it is: effects are learned per kind. Holiday
// calendars also list the working days that make up for holidays.
func kind(c *calendar, e *event) string {
	summary := strings.ToLower(e.summary)
	if e.special == "ALTERNATE-WORKDAY" || containsAny(summary, workWords) {
		return "workday"
	}
	if e.special == "WORK-HOLIDAY" || containsAny(strings.ToLower(c.name), holidayWords) || containsAny(summary, holidayWords) {
		return "holiday"
	}
	if len(e.categories) > 0 && e.categories[0] != "" {
		category := strings.ToLower(e.categories[0])
		if containsAny(category, holidayWords) {
			return "holiday"
		}
		return category
	}
	return "event"
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
