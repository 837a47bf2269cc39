package otlp

import (
	"encoding/json"
	"errors"
	"fmt"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

type jsonData struct {
	Temporality number `json:"aggregationTemporality"`
	Monotonic   bool   `json:"isMonotonic"`
}

type jsonPoint struct {
	Start      number          `json:"startTimeUnixNano"`
	Time       number          `json:"timeUnixNano"`
	Attributes []jsonAttribute `json:"attributes"`
	AsDouble   number          `json:"asDouble"`
	AsInt      number          `json:"asInt"`
	Count      number          `json:"count"`
	Sum        number          `json:"sum"`
	Flags      number          `json:"flags"`
}

// raw checks the fields and returns the point as both encodings know it.
func (j *jsonPoint) raw(distribution bool) (rawPoint, error) {
	start, err1 := j.Start.uint()
	time, err2 := j.Time.uint()
	value := j.AsDouble
	if value == "" {
		value = j.AsInt
	}
	if distribution {
		value = j.Sum
	}
	v, err3 := value.float()
	count, err4 := j.Count.float()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return rawPoint{}, err
	}
	flags, _ := j.Flags.uint()
	return rawPoint{start: start, time: time, value: v, distribution: distribution, count: count,
		attributes: jsonLabels(nil, j.Attributes), noValue: flags&1 != 0}, nil
}

func metricsJSON(data []byte, opt format.Options, out *format.Out) {
	sink := &pointSink{opt: opt, out: out}
	names := groupNames{"resourceMetrics", "scopeMetrics", "metrics"}
	groupsJSON(data, out, names, func(resource format.Labels, leaf []byte) error {
		sink.resource = resource
		return metricJSON(leaf, sink)
	})
}

// metricJSON reads one metric and its data points.
func metricJSON(leaf []byte, sink *pointSink) error {
	var f family
	var kind string
	var data []byte
	err := jsonscan.Object(leaf, func(key string, value []byte) error {
		switch key {
		case "name":
			return json.Unmarshal(value, &f.name)
		case "unit":
			return json.Unmarshal(value, &f.unit)
		case "gauge", "sum", "histogram", "exponentialHistogram", "summary":
			kind, data = key, value
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("metric: %w", err)
	}
	if f.name == "" {
		return errors.New("metric without a name")
	}
	if data == nil {
		return nil
	}
	var d jsonData
	var points []byte
	err = jsonscan.Object(data, func(key string, value []byte) error {
		switch key {
		case "aggregationTemporality":
			return json.Unmarshal(value, &d.Temporality)
		case "isMonotonic":
			return json.Unmarshal(value, &d.Monotonic)
		case "dataPoints":
			points = value
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("metric %q: %w", f.name, err)
	}
	temporality := d.Temporality.enum("UNSPECIFIED", "DELTA", "CUMULATIVE")
	switch kind {
	case "gauge":
		f.typ = format.TypeGauge
	case "sum":
		f.typ = sumType(temporality, d.Monotonic)
	default:
		f.typ = distributionType(temporality)
	}
	if points == nil {
		return nil
	}
	return jsonscan.Array(points, func(element []byte) error {
		var j jsonPoint
		err := json.Unmarshal(element, &j)
		if err == nil {
			var raw rawPoint
			if raw, err = j.raw(kind != "gauge" && kind != "sum"); err == nil {
				sink.add(f, raw)
			}
		}
		if err != nil {
			sink.out.Reject(fmt.Errorf("metric %q: %w", f.name, err))
		}
		return nil
	})
}
