package otlp

import (
	"fmt"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// family is what the data points of one metric share.
type family struct {
	name, unit string
	typ        format.PointType
}

// The values of a metric's aggregation temporality.
const (
	temporalityDelta      = 1
	temporalityCumulative = 2
)

// sumType returns how the points of a sum are to be read. A sum that may fall
// (an up-down counter) is a level.
func sumType(temporality int, monotonic bool) format.PointType {
	switch {
	case temporality == temporalityDelta:
		return format.TypeDelta
	case monotonic && temporality == temporalityCumulative:
		return format.TypeCounter
	case monotonic:
		return format.TypeUnknown
	}
	return format.TypeGauge
}

// distributionType returns how the count and sum of a histogram or summary are
// to be read.
func distributionType(temporality int) format.PointType {
	if temporality == temporalityDelta {
		return format.TypeDelta
	}
	return format.TypeCounter
}

// rawPoint is a data point as either encoding carries it.
type rawPoint struct {
	start, time uint64 // nanoseconds since the epoch
	attributes  format.Labels
	value       float64
	// distribution marks a histogram's or summary's point: count and sum.
	distribution bool
	count        float64
	noValue      bool // flag: no recorded value
}

// pointSink emits points with the labels of their resource.
type pointSink struct {
	opt      format.Options
	out      *format.Out
	resource format.Labels
	point    format.Point
}

// add reads one data point.
func (s *pointSink) add(f family, raw rawPoint) {
	if err := format.CheckLabels(len(s.resource) + len(raw.attributes)); err != nil {
		s.out.Reject(fmt.Errorf("metric %q: %w", f.name, err))
		return
	}
	s.out.Read()
	if raw.noValue || !s.out.Wanted() {
		return
	}
	p := &s.point
	p.Unit, p.Type = f.unit, f.typ
	p.Labels = append(append(p.Labels[:0], s.resource...), raw.attributes...)
	p.Labels.Sort()
	p.At = model.Instant(raw.time / 1e6)
	if raw.time == 0 {
		p.At = s.opt.At
	}
	p.IntervalMillis = 0
	if f.typ == format.TypeDelta && raw.start > 0 && raw.time > raw.start {
		p.IntervalMillis = int64((raw.time - raw.start) / 1e6)
	}
	if !raw.distribution {
		p.Name, p.Value = f.name, raw.value
		s.out.Emit(p)
		return
	}
	p.Name, p.Value = f.name+"_count", raw.count
	s.out.Emit(p)
	p.Name, p.Value = f.name+"_sum", raw.value
	s.out.Emit(p)
}
