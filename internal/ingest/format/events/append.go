package events

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Append appends an event's JSON form to b, the bytes that Encode gives. The
// events that come by the million are written without reflection.
func Append(b []byte, event any) ([]byte, error) {
	switch e := event.(type) {
	case *format.Point:
		if sortedLabels(e.Labels) {
			return appendPoint(b, e), nil
		}
	case model.CalendarEvent:
		if len(e.Applications) == 0 {
			return appendCalendar(b, &e), nil
		}
	case model.Server:
		if plainServer(&e) {
			return appendServer(b, &e), nil
		}
	case model.Metric:
		if finite(e.Samples) {
			return appendMetric(b, &e), nil
		}
	}
	line, err := Encode(event)
	return append(b, line...), err
}

// sortedLabels tells whether each label comes once and in order.
func sortedLabels(ls format.Labels) bool {
	for i := 1; i < len(ls); i++ {
		if ls[i].Name <= ls[i-1].Name {
			return false
		}
	}
	return true
}

func finite(samples []model.Sample) bool {
	for _, s := range samples {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			return false
		}
	}
	return samples != nil
}

func appendPoint(b []byte, p *format.Point) []byte {
	b = append(b, `{"type":"sample","name":`...)
	b = appendText(b, p.Name)
	for i, l := range p.Labels {
		if i == 0 {
			b = append(b, `,"labels":{`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, l.Name)
		b = appendText(append(b, ':'), l.Value)
	}
	if len(p.Labels) > 0 {
		b = append(b, '}')
	}
	if p.Type != format.TypeUnknown {
		b = appendField(b, `,"kind":`, p.Type.String())
	}
	b = appendField(b, `,"unit":`, p.Unit)
	b = append(b, `,"value":`...)
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		b = append(strconv.AppendFloat(append(b, '"'), p.Value, 'g', -1, 64), '"')
	} else {
		b = appendNumber(b, p.Value)
	}
	b = appendWhen(b, `,"at":`, p.At)
	return append(b, '}')
}

func appendCalendar(b []byte, e *model.CalendarEvent) []byte {
	b = append(b, `{"type":"calendar"`...)
	b = appendField(b, `,"fleet":`, string(e.Fleet))
	b = appendText(append(b, `,"id":`...), e.ID)
	b = appendField(b, `,"kind":`, e.Kind)
	b = appendField(b, `,"name":`, e.Name)
	b = appendInstant(append(b, `,"start":`...), e.Start)
	b = appendInstant(append(b, `,"end":`...), e.End)
	b = appendWhen(b, `,"at":`, e.At)
	if e.UpliftPPM != 0 {
		b = strconv.AppendInt(append(b, `,"uplift_ppm":`...), e.UpliftPPM, 10)
	}
	if e.Cancelled {
		b = append(b, `,"cancelled":true`...)
	}
	return append(b, '}')
}

func appendMetric(b []byte, m *model.Metric) []byte {
	b = append(b, `{"type":"metric"`...)
	b = appendField(b, `,"fleet":`, string(m.Fleet))
	b = appendText(append(b, `,"entity":`...), string(m.Entity))
	b = appendWhen(b, `,"at":`, m.At)
	b = appendField(b, `,"producer":`, m.Producer)
	b = append(b, `,"samples":[`...)
	for i, s := range m.Samples {
		if i > 0 {
			b = append(b, ',')
		}
		kind, unit := "gauge", s.Resource.Unit()
		if s.Kind == model.Counter {
			kind, unit = "counter", totalUnit(s.Resource)
		}
		b = appendText(append(b, `{"resource":`...), s.Resource.String())
		b = appendField(b, `,"kind":`, kind)
		b = appendNumber(append(b, `,"value":`...), s.Value)
		b = append(appendField(b, `,"unit":`, unit), '}')
	}
	return append(b, ']', '}')
}

// appendField appends a field unless it is empty.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(append(b, name...), value)
}

// appendWhen appends a time unless there is none.
func appendWhen(b []byte, name string, t model.Instant) []byte {
	if when(t) == nil {
		return b
	}
	return appendInstant(append(b, name...), t)
}

// appendInstant appends what model.Instant's String gives, in quotes.
func appendInstant(b []byte, t model.Instant) []byte {
	at := t.Time()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return append(append(append(b, '"'), t.String()...), '"')
	}
	hour, minute, second := at.Clock()
	b = append(b, '"', byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	b = append(twoDigits(b, int(month)), '-')
	b = append(twoDigits(b, day), 'T')
	b = append(twoDigits(b, hour), ':')
	b = append(twoDigits(b, minute), ':')
	b = twoDigits(b, second)
	if ms := at.Nanosecond() / 1e6; ms > 0 {
		b = append(b, '.', byte('0'+ms/100))
		if ms%100 != 0 {
			b = append(b, byte('0'+ms/10%10))
		}
		if ms%10 != 0 {
			b = append(b, byte('0'+ms%10))
		}
	}
	return append(b, 'Z', '"')
}

func twoDigits(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// appendText appends a text as encoding/json writes it: texts with anything to
// escape are left to it.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil { // a text can't fail
				return append(b, '"', '"')
			}
			return append(b, quoted...)
		}
	}
	b = append(append(b, '"'), s...)
	return append(b, '"')
}

// appendNumber appends a finite number as encoding/json writes it: shortest
// digits, an exponent only for what is very small or large.
func appendNumber(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 && !(f == 0 && math.Signbit(f)) {
		return strconv.AppendInt(b, int64(f), 10)
	}
	notation := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		notation = 'e'
	}
	b = strconv.AppendFloat(b, f, notation, -1, 64)
	if n := len(b); notation == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1] // e-09 is written e-9
		b = b[:n-1]
	}
	return b
}
