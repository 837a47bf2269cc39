// Package icalendar reads calendars (RFC 5545) as dated events: recurrences
// are expanded, exceptions and changed occurrences applied, zones resolved.
//
// The reader is our own because real calendars break the rules in ways that
// must cost one event, not the file: a byte order mark, several calendars in
// one file, blank or Windows names of zones, lines cut in the middle. Rules are
// expanded in local time and then placed in their zone, so that an event at
// nine stays at nine when clocks change: an hour that does not exist is taken
// with the offset before the gap, one that exists twice is the first (RFC 5545,
// 3.3.5).
//
// Files: lines.go (content lines), parse.go (components), event.go (a VEVENT's
// properties), values.go (times and durations), zone.go, windowszones.go (zones),
// rule.go and expand.go (recurrence rules), emit.go (events).
package icalendar
