// Package campaigns reads dated events that people plan: CSV with a header, or
// JSON (a list, or one object a line) with the same names.
//
//	name,start,end[,id,kind,applications,uplift_percent,cancelled]
//
// Times are RFC 3339, "2006-01-02 15:04:05" or a date, in UTC; an end that is
// only a date includes that day, a missing end means the day of the start. kind
// is "campaign" if not given. applications are separated by spaces or
// semicolons, none means all; unique_id is another name for them.
package campaigns

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/table"
	"drover/internal/model"
)

// entry is a campaign as either form carries it.
type entry struct {
	ID           string   `json:"id"`
	Kind         string   `json:"kind"`
	Name         string   `json:"name"`
	Start        string   `json:"start"`
	End          string   `json:"end"`
	Applications []string `json:"applications"`
	Uplift       string   `json:"-"`
	UpliftNumber *float64 `json:"uplift_percent"`
	Cancelled    bool     `json:"cancelled"`
}

// Parse reads one document; each row or object is a record and a
// model.CalendarEvent.
func Parse(data []byte, opt format.Options, out *format.Out) {
	text := jsonscan.BOM(data)
	if i := jsonscan.Space(text, 0); i < len(text) && (text[i] == '{' || text[i] == '[') {
		parseJSON(text, opt, out)
		return
	}
	start := func(h table.Header) error { return table.Missing(h, "name", "start") }
	table.Read(data, out, start, func(row table.Row) error {
		e := entry{ID: row.Get("id"), Kind: row.Get("kind"), Name: row.Get("name"), Start: row.Get("start"), End: row.Get("end"),
			Applications: list(row.Get("applications") + " " + row.Get("unique_id")), Uplift: row.Get("uplift_percent")}
		if c := row.Get("cancelled"); c != "" {
			v, err := strconv.ParseBool(strings.ToLower(c))
			if err != nil {
				return fmt.Errorf("cancelled %q: want true or false", c)
			}
			e.Cancelled = v
		}
		event, err := e.event(opt)
		if err != nil {
			return err
		}
		out.Read()
		e.emit(event, out)
		return nil
	})
}

func parseJSON(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		var e entry
		err := jsonscan.Unmarshal(record, &e)
		var event model.CalendarEvent
		if err == nil {
			event, err = e.event(opt)
		}
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		out.Read()
		e.emit(event, out)
	})
}

// event checks the fields.
func (e *entry) event(opt format.Options) (model.CalendarEvent, error) {
	c := model.CalendarEvent{Fleet: opt.Fleet, ID: e.ID, Kind: e.Kind, Name: e.Name, At: opt.At, Cancelled: e.Cancelled}
	if e.Name == "" {
		return c, errors.New("name is empty")
	}
	if c.Kind == "" {
		c.Kind = "campaign"
	}
	var err error
	if c.Start, err = model.ParseInstant(e.Start); err != nil {
		return c, fmt.Errorf("start: %w", err)
	}
	if c.End, err = end(e.Start, e.End); err != nil {
		return c, fmt.Errorf("end: %w", err)
	}
	if c.End <= c.Start {
		return c, fmt.Errorf("end %s is not after start %s", e.End, e.Start)
	}
	for _, a := range e.Applications {
		c.Applications = append(c.Applications, model.ApplicationID(a))
	}
	if c.UpliftPPM, err = e.uplift(); err != nil {
		return c, err
	}
	return c, nil
}

// emit names an event that has no name of its own by what it says, and emits it.
func (e *entry) emit(c model.CalendarEvent, out *format.Out) {
	if !out.Wanted() {
		return
	}
	if c.ID == "" {
		c.ID = model.Digest(c.Kind, c.Name, c.Start.String(), strings.Join(e.Applications, " "))[:16]
	}
	out.Emit(c)
}

// end reads an end; a date includes its day.
func end(start, end string) (model.Instant, error) {
	if end == "" {
		end = start
		if len(start) > len(time.DateOnly) {
			return 0, errors.New("is empty: needed where the start is not a date")
		}
	}
	at, err := model.ParseInstant(end)
	if err == nil && len(end) == len(time.DateOnly) {
		at = model.InstantOf(at.Time().AddDate(0, 0, 1))
	}
	return at, err
}

func (e *entry) uplift() (int64, error) {
	percent := 0.0
	if e.UpliftNumber != nil {
		percent = *e.UpliftNumber
	} else if e.Uplift != "" {
		v, err := strconv.ParseFloat(strings.TrimSuffix(e.Uplift, "%"), 64)
		if err != nil {
			return 0, fmt.Errorf("uplift_percent %q: want a number", e.Uplift)
		}
		percent = v
	}
	if !(percent >= -100 && percent <= 1e6) {
		return 0, fmt.Errorf("uplift_percent %v: want a number from -100", percent)
	}
	return int64(math.Round(percent * 10_000)), nil
}

// list splits names at spaces and semicolons.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ';' || r == '|' })
}
