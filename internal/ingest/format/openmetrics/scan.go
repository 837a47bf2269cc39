package openmetrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"drover/internal/ingest/format"
)

// sample is one line that is no metadata.
type sample struct {
	name   string
	labels format.Labels // in the order written
	value  float64
	// stamp is the timestamp as seconds and nanoseconds, valid if hasStamp.
	stamp    timestamp
	hasStamp bool
	// exemplar tells whether one was there, of exemplarValue.
	exemplar      bool
	exemplarValue float64
}

// timestamp keeps the nanoseconds that a float64 of seconds since the epoch
// would lose.
type timestamp struct{ seconds, nanos int64 }

func (t timestamp) before(u timestamp) bool {
	return t.seconds < u.seconds || t.seconds == u.seconds && t.nanos < u.nanos
}

// farthest is the most seconds whose milliseconds fit into an int64.
const farthest = 9_000_000_000_000_000

// millis returns milliseconds, those of farthest for times beyond it.
func (t timestamp) millis() int64 { return min(max(t.seconds, -farthest), farthest)*1000 + t.nanos/1e6 }

// cursor walks over one line.
type cursor struct {
	text string
	at   int
}

func (c *cursor) rest() string { return c.text[c.at:] }

func (c *cursor) end() bool { return c.at >= len(c.text) }

// take passes over b and tells whether it was there.
func (c *cursor) take(b byte) bool {
	if c.at < len(c.text) && c.text[c.at] == b {
		c.at++
		return true
	}
	return false
}

// name reads a metric's name (colons allowed) or a label's.
func (c *cursor) name(colons bool) (string, error) {
	start := c.at
	for c.at < len(c.text) {
		b := c.text[c.at]
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || colons && b == ':'
		if !letter && !(b >= '0' && b <= '9' && c.at > start) {
			break
		}
		c.at++
	}
	if c.at == start {
		return "", fmt.Errorf("want a name at column %d, found %.10q", start+1, c.rest())
	}
	return c.text[start:c.at], nil
}

// quoted reads a label's value with its escapes.
func (c *cursor) quoted() (string, error) {
	if !c.take('"') {
		return "", fmt.Errorf("want a label value in double quotes at column %d", c.at+1)
	}
	start := c.at
	for escaped := false; c.at < len(c.text); c.at++ {
		switch c.text[c.at] {
		case '\\':
			escaped = true
			c.at++
		case '"':
			raw := c.text[start:c.at]
			c.at++
			if escaped {
				raw = unescape(raw)
			}
			return raw, nil
		}
	}
	return "", errors.New("a label value has no closing quote")
}

// unescape replaces \\, \" and \n; other backslashes stand for themselves.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'n':
				b.WriteByte('\n')
				i++
				continue
			case '\\', '"':
				b.WriteByte(s[i+1])
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// labels reads "{name="value",...}" into ls and refuses a name that comes twice.
func (c *cursor) labels(ls format.Labels) (format.Labels, error) {
	if !c.take('{') {
		return ls, fmt.Errorf("want { at column %d", c.at+1)
	}
	if c.take('}') {
		return ls, nil
	}
	for {
		name, err := c.name(false)
		if err != nil {
			return ls, err
		}
		if !c.take('=') {
			return ls, fmt.Errorf("want = after label %q", name)
		}
		value, err := c.quoted()
		if err != nil {
			return ls, err
		}
		ls = append(ls, format.Label{Name: name, Value: value})
		switch {
		case c.take('}'):
			return ls, distinct(ls)
		case !c.take(','):
			return ls, fmt.Errorf("want , or } after label %q", name)
		}
	}
}

// fewLabels is up to how many labels are compared one with each other.
const fewLabels = 16

// distinct refuses a name that comes twice.
func distinct(ls format.Labels) error {
	if len(ls) > fewLabels {
		ls = slices.Clone(ls)
		ls.Sort()
	}
	for i := range ls {
		before := ls[:i]
		if len(ls) > fewLabels {
			before = ls[max(i-1, 0):i] // sorted: the same names stand together
		}
		for _, l := range before {
			if l.Name == ls[i].Name {
				return fmt.Errorf("label %q comes twice", l.Name)
			}
		}
	}
	return nil
}

// word reads up to the next space or the end.
func (c *cursor) word() string {
	rest := c.rest()
	if i := strings.IndexByte(rest, ' '); i >= 0 {
		rest = rest[:i]
	}
	c.at += len(rest)
	return rest
}

// readSample reads a line "name{labels} value [timestamp] [# {labels} value [timestamp]]";
// labels are appended to scratch.
func readSample(line string, scratch format.Labels) (s sample, err error) {
	c := &cursor{text: line}
	s.labels = scratch[:0]
	if s.name, err = c.name(true); err != nil {
		return s, err
	}
	if strings.HasPrefix(c.rest(), "{") {
		if s.labels, err = c.labels(s.labels); err != nil {
			return s, err
		}
	}
	if !c.take(' ') {
		return s, fmt.Errorf("want one space before the value at column %d", c.at+1)
	}
	if s.value, err = parseValue(c.word()); err != nil {
		return s, err
	}
	if c.end() {
		return s, nil
	}
	c.at++ // the space that ended the word
	if !strings.HasPrefix(c.rest(), "#") {
		if s.stamp, err = parseTimestamp(c.word()); err != nil {
			return s, err
		}
		s.hasStamp = true
		if c.end() {
			return s, nil
		}
		c.at++
	}
	s.exemplar = true
	s.exemplarValue, err = c.exemplar()
	return s, err
}

// exemplarRunes is the most that an exemplar's label names and values may add
// up to, in characters.
const exemplarRunes = 128

// exemplar reads "# {labels} value [timestamp]" to the line's end and returns the
// value.
func (c *cursor) exemplar() (float64, error) {
	if !c.take('#') || !c.take(' ') {
		return 0, fmt.Errorf("want \"# {...} value\" at column %d", c.at+1)
	}
	ls, err := c.labels(nil)
	if err != nil {
		return 0, fmt.Errorf("exemplar: %w", err)
	}
	runes := 0
	for _, l := range ls {
		runes += utf8.RuneCountInString(l.Name) + utf8.RuneCountInString(l.Value)
	}
	if runes > exemplarRunes {
		return 0, fmt.Errorf("exemplar: labels have %d characters, at most %d are allowed", runes, exemplarRunes)
	}
	if !c.take(' ') {
		return 0, errors.New("exemplar: want one space before the value")
	}
	value, err := parseValue(c.word())
	if err != nil {
		return 0, fmt.Errorf("exemplar: %w", err)
	}
	if c.end() {
		return value, nil
	}
	c.at++
	if _, err := parseTimestamp(c.word()); err != nil {
		return 0, fmt.Errorf("exemplar: %w", err)
	}
	if !c.end() {
		return 0, fmt.Errorf("unexpected %.20q after the exemplar", c.rest())
	}
	return value, nil
}

// parseValue reads a number of the grammar: decimal, NaN or an infinity.
func parseValue(s string) (float64, error) {
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case "inf", "infinity":
		if len(s) > 0 && len(s)-len(strings.TrimLeft(s, "+-")) <= 1 {
			if s[0] == '-' {
				return math.Inf(-1), nil
			}
			return math.Inf(1), nil
		}
	case "nan":
		if len(s) == 3 {
			return math.NaN(), nil
		}
	}
	if !decimal(s) {
		return 0, fmt.Errorf("value %q: want a decimal number, NaN, +Inf or -Inf", s)
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("value %q: %w", s, err)
	}
	return v, nil
}

// decimal tells whether s is a real number of the grammar: no hexadecimal, no
// underscores.
func decimal(s string) bool {
	i, digits := 0, 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	run := func() {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
			digits++
		}
	}
	run()
	if i < len(s) && s[i] == '.' {
		i++
		run()
	}
	if digits == 0 {
		return false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		digits = 0
		run()
		if digits == 0 {
			return false
		}
	}
	return i == len(s)
}

// parseTimestamp reads seconds since the epoch, to the nanosecond.
func parseTimestamp(s string) (timestamp, error) {
	if !decimal(s) {
		return timestamp{}, fmt.Errorf("timestamp %q: want seconds since the epoch as a decimal number", s)
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if seconds, err := strconv.ParseInt(whole, 10, 64); err == nil && !strings.ContainsAny(fraction, "eE") && !strings.HasPrefix(whole, "-") {
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return timestamp{seconds, nanos}, nil
	}
	// A number too large for a float64 is far enough away at its edge.
	f, _ := strconv.ParseFloat(s, 64)
	f = min(max(f, -farthest), farthest)
	floor := math.Floor(f)
	return timestamp{int64(floor), int64((f - floor) * 1e9)}, nil
}
