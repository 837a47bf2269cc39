package model

import (
	"fmt"
	"time"
)

// Instant is event time: milliseconds since the Unix epoch, UTC. It is an
// integer so that it compares, hashes and serialises the same everywhere.
type Instant int64

// NoInstant is the zero Instant; it stands for "unknown" or "never".
const NoInstant Instant = 0

// InstantOf converts a time to event time, dropping what is below a millisecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time returns i as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add returns the instant d later; d is cut to whole milliseconds.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub returns the time from earlier to i.
func (i Instant) Sub(earlier Instant) time.Duration {
	return time.Duration(i-earlier) * time.Millisecond
}

// Floor returns the start of the bin of width step that holds i, counted from
// the epoch. Instants before the epoch floor downwards too. A step below a
// millisecond returns i itself.
func (i Instant) Floor(step time.Duration) Instant {
	ms := Instant(step.Milliseconds())
	if ms <= 0 {
		return i
	}
	r := i % ms
	if r < 0 {
		r += ms
	}
	return i - r
}

// String formats i as RFC 3339 in UTC, with milliseconds only where there are some.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.999Z07:00") }

// MarshalText implements encoding.TextMarshaler (RFC 3339, UTC).
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it reads what ParseInstant reads.
func (i *Instant) UnmarshalText(text []byte) error {
	v, err := ParseInstant(string(text))
	if err != nil {
		return err
	}
	*i = v
	return nil
}

// ParseInstant reads RFC 3339, "2006-01-02 15:04:05" and "2006-01-02", the
// last two in UTC.
func ParseInstant(s string) (Instant, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return InstantOf(t), nil
		}
	}
	return 0, fmt.Errorf("time %q: want RFC 3339, \"2006-01-02 15:04:05\" or \"2006-01-02\"", s)
}
