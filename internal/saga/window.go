package saga

import (
	"fmt"
	"strings"
	"time"

	"drover/internal/model"
)

// Window is a weekly span of time (UTC) in which moves may begin. From and To are
// counted from midnight; a span whose To isn't after its From ends on the next
// day. Days holds the days on which it begins, by time.Weekday.
type Window struct {
	Days     [7]bool
	From, To time.Duration
}

// Always and Configured are what orders may say in place of windows: that moves
// may begin at any time, and that the configuration counts again.
const (
	Always     = "always"
	Configured = "configured"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWindows reads windows as people write them: "22:00-06:00" for every day,
// "mon-fri 22:00-06:00", "sat,sun 00:00-24:00". Always and Configured are read as
// no windows.
func ParseWindows(texts []string) ([]Window, error) {
	var windows []Window
	for _, text := range texts {
		if text == Always || text == Configured {
			continue
		}
		w, err := parseWindow(text)
		if err != nil {
			return nil, fmt.Errorf("window %q: %w: want for example \"mon-fri 22:00-06:00\" (UTC), %q or %q", text, err, Always, Configured)
		}
		windows = append(windows, w)
	}
	return windows, nil
}

func parseWindow(text string) (Window, error) {
	w := Window{Days: [7]bool{true, true, true, true, true, true, true}}
	days, span, both := strings.Cut(strings.TrimSpace(strings.ToLower(text)), " ")
	if !both {
		span = days
	} else if err := w.parseDays(days); err != nil {
		return w, err
	}
	from, to, ok := strings.Cut(strings.TrimSpace(span), "-")
	if !ok {
		return w, fmt.Errorf("no span of time")
	}
	var err error
	if w.From, err = parseClock(from); err != nil {
		return w, err
	}
	w.To, err = parseClock(to)
	return w, err
}

// parseDays reads "mon-fri" and "sat,sun".
func (w *Window) parseDays(text string) error {
	w.Days = [7]bool{}
	for part := range strings.SplitSeq(text, ",") {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		from, to := weekday(first), weekday(last)
		if from < 0 || to < 0 {
			return fmt.Errorf("day %q is none of %s", part, strings.Join(weekdays[:], ", "))
		}
		for d := from; ; d = (d + 1) % len(weekdays) {
			w.Days[d] = true
			if d == to {
				break
			}
		}
	}
	return nil
}

func weekday(name string) int {
	for i, n := range weekdays {
		if n == name {
			return i
		}
	}
	return -1
}

// parseClock reads "06:30"; "24:00" is the end of the day.
func parseClock(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return day, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("time %q isn't HH:MM", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// length returns how long a window lasts.
func (w *Window) length() time.Duration {
	if w.To > w.From {
		return w.To - w.From
	}
	return w.To + day - w.From
}

// sinceSunday returns the time since the last midnight that began a Sunday (UTC).
// The epoch began on a Thursday.
func sinceSunday(at model.Instant) time.Duration {
	const thursday = model.Instant(4 * day / time.Millisecond)
	return (at + thursday).Sub((at + thursday).Floor(week))
}

// within tells whether moves may begin.
func (f *Fleet) within(now model.Instant) bool {
	windows := f.windows()
	if len(windows) == 0 {
		return true
	}
	at := sinceSunday(now)
	for i := range windows {
		w := &windows[i]
		for d, on := range w.Days {
			if since := (at - time.Duration(d)*day - w.From + week) % week; on && since < w.length() {
				return true
			}
		}
	}
	return false
}

// opens returns when the next window begins, or NoInstant where none does.
func (f *Fleet) opens(now model.Instant) model.Instant {
	windows := f.windows()
	next, any := week, false
	at := sinceSunday(now)
	for i := range windows {
		w := &windows[i]
		for d, on := range w.Days {
			if !on {
				continue
			}
			wait := (time.Duration(d)*day + w.From - at + week) % week
			if wait == 0 {
				wait = week
			}
			next, any = min(next, wait), true
		}
	}
	if !any {
		return model.NoInstant
	}
	return now.Add(next)
}

// windows returns those that count now.
func (f *Fleet) windows() []Window {
	switch ordered := f.ordered.windows; {
	case len(ordered) == 0, ordered[0] == Configured:
		return f.config.Windows
	default:
		return f.ordered.within
	}
}
