// Package influx reads InfluxDB's line protocol, as Telegraf sends it. A field
// becomes a series named measurement_field with the line's tags as labels.
package influx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// Parse reads lines; each is a record and a *format.Point for each numeric field
// (truth values are 1 and 0, texts are passed over). Timestamps are in
// opt.Precision or, where it is zero, in the unit that their size suggests.
func Parse(data []byte, opt format.Options, out *format.Out) {
	data = jsonscan.BOM(data)
	d := lineprotocol.NewDecoderWithBytes(data)
	r := &reader{opt: opt, out: out}
	for !out.GaveUp() && d.Next() {
		if err := r.line(d); err != nil {
			out.Reject(err)
		}
	}
	if err := d.Err(); err != nil {
		out.Reject(err)
	}
}

type reader struct {
	opt    format.Options
	out    *format.Out
	point  format.Point
	fields []field
}

// field is one numeric field of the line being read.
type field struct {
	name  string
	value float64
}

func (r *reader) line(d *lineprotocol.Decoder) error {
	measurement, err := d.Measurement()
	if err != nil {
		return err
	}
	name := string(measurement)
	labels := r.point.Labels[:0]
	for {
		key, value, err := d.NextTag()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		labels = append(labels, format.Label{Name: string(key), Value: string(value)})
	}
	if err := format.CheckLabels(len(labels)); err != nil {
		return err
	}
	labels.Sort()
	r.point.Labels = labels
	r.fields = r.fields[:0]
	for {
		key, value, err := d.NextField()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		if v, ok := numeric(value); ok {
			r.fields = append(r.fields, field{name + "_" + string(key), v})
		}
	}
	at, err := r.time(d)
	if err != nil {
		return err
	}
	r.out.Read()
	r.point.At = at
	for _, f := range r.fields {
		r.point.Name, r.point.Value = f.name, f.value
		r.out.Emit(&r.point)
	}
	return nil
}

// time reads the line's timestamp, opt.At where it has none.
func (r *reader) time(d *lineprotocol.Decoder) (model.Instant, error) {
	raw, err := d.TimeBytes()
	if err != nil {
		return 0, err
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return r.opt.At, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("timestamp %q: want a whole number", raw)
	}
	switch r.opt.Precision {
	case 0:
		return format.ParseTime(string(raw))
	case time.Second:
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, errors.New("timestamp is out of range for seconds")
		}
		return model.Instant(n * 1000), nil
	}
	return model.Instant(float64(n) * r.opt.Precision.Seconds() * 1000), nil
}

func numeric(v lineprotocol.Value) (float64, bool) {
	switch v.Kind() {
	case lineprotocol.Float:
		return v.FloatV(), true
	case lineprotocol.Int:
		return float64(v.IntV()), true
	case lineprotocol.Uint:
		return float64(v.UintV()), true
	case lineprotocol.Bool:
		if v.BoolV() {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
