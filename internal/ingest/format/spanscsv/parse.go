// Package spanscsv reads spans from CSV with the columns TraceID, SpanID,
// ParentID, PodName, OperationName, StartTimeUnixNano, EndTimeUnixNano and
// Duration (microseconds), as the Nezha data set has them.
//
// The service is PodName without its last two dash-separated parts. Clocks are
// taken as they are: children that leave their parent's interval and epochs
// years off occur in the real data. A time or duration that is missing or NaN
// is unknown, not a fault.
package spanscsv

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/table"
	"drover/internal/model"
)

// Parse reads one file; each row is a record and a model.Span.
func Parse(data []byte, opt format.Options, out *format.Out) {
	start := func(h table.Header) error {
		return table.Missing(h, "traceid", "spanid", "parentid", "podname", "operationname")
	}
	table.Read(data, out, start, func(row table.Row) error {
		span, err := read(row)
		if err != nil {
			return err
		}
		span.Fleet, span.Producer = opt.Fleet, opt.Producer
		out.Record(span)
		return nil
	})
}

// roots are what producers write for "no parent".
var roots = map[string]bool{"root": true, "nan": true, "null": true, "0": true, "0000000000000000": true}

func read(row table.Row) (model.Span, error) {
	pod := row.Get("podname")
	s := model.Span{
		TraceID:  row.Get("traceid"),
		ID:       row.Get("spanid"),
		ParentID: row.Get("parentid"),
		Service:  model.ApplicationID(format.ServiceOfPod(pod)),
		Instance: pod,
		Name:     row.Get("operationname"),
	}
	if s.TraceID == "" || s.ID == "" {
		return s, errors.New("TraceID and SpanID must not be empty")
	}
	if pod == "" {
		return s, errors.New("PodName is empty: the span's service is unknown")
	}
	if roots[strings.ToLower(s.ParentID)] {
		s.ParentID = ""
	}
	start, err := whole("StartTimeUnixNano", row.Get("starttimeunixnano"))
	if err != nil {
		return s, err
	}
	end, err := whole("EndTimeUnixNano", row.Get("endtimeunixnano"))
	if err != nil {
		return s, err
	}
	duration, err := whole("Duration", row.Get("duration"))
	if err != nil {
		return s, err
	}
	s.StartMicros = max(start, 0) / 1000
	switch {
	case duration >= 0:
		s.DurationMicros = duration
	case start >= 0 && end >= start:
		s.DurationMicros = (end - start) / 1000
	default:
		s.DurationMicros = -1
	}
	return s, nil
}

// whole reads a count of nanoseconds or microseconds; -1 stands for unknown
// (empty, NaN, negative).
func whole(column, cell string) (int64, error) {
	if cell == "" {
		return -1, nil
	}
	if n, err := strconv.ParseInt(cell, 10, 64); err == nil {
		return max(n, -1), nil
	}
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return -1, fmt.Errorf("%s %q: want a number", column, cell)
	}
	if math.IsNaN(f) || f < 0 || f > math.MaxInt64/2 {
		return -1, nil
	}
	return int64(f), nil
}
