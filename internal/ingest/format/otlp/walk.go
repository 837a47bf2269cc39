package otlp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

// ParseTraces reads an ExportTraceServiceRequest; each span is a record.
func ParseTraces(data []byte, opt format.Options, out *format.Out) {
	if isJSON(data) {
		tracesJSON(data, opt, out)
		return
	}
	err := groups(data, 2, func(resource format.Labels, leaf []byte) error {
		var pb tracepb.Span
		if err := proto.Unmarshal(leaf, &pb); err != nil {
			return fmt.Errorf("span: %w", err)
		}
		s, err := span(rawSpan{
			traceID: hex.EncodeToString(pb.TraceId), id: hex.EncodeToString(pb.SpanId), parentID: hex.EncodeToString(pb.ParentSpanId),
			name: pb.Name, kind: int(pb.Kind), start: pb.StartTimeUnixNano, end: pb.EndTimeUnixNano,
			failed:     pb.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR,
			attributes: attributes(nil, pb.Attributes),
		}, resource, opt)
		if err != nil {
			out.Reject(err)
			return nil
		}
		out.Record(s)
		return nil
	})
	if err != nil {
		out.Reject(err)
	}
}

// ParseMetrics reads an ExportMetricsServiceRequest; each data point is a
// record, emitted as a *format.Point (histograms and summaries as two: count
// and sum).
func ParseMetrics(data []byte, opt format.Options, out *format.Out) {
	if isJSON(data) {
		metricsJSON(data, opt, out)
		return
	}
	sink := &pointSink{opt: opt, out: out}
	err := groups(data, 2, func(resource format.Labels, leaf []byte) error {
		sink.resource = resource
		return metric(leaf, sink)
	})
	if err != nil {
		out.Reject(err)
	}
}

// isJSON tells a JSON request from a protobuf one, which can't begin like that.
func isJSON(data []byte) bool {
	data = jsonscan.BOM(data)
	i := jsonscan.Space(data, 0)
	return i < len(data) && data[i] == '{'
}

// errWire says that a field has another wire type than the message defines.
var errWire = errors.New("protobuf: a field has the wrong wire type")

// eachMessage calls yield with the bytes of each field num of a message.
func eachMessage(message []byte, num protowire.Number, yield func([]byte) error) error {
	for len(message) > 0 {
		n, typ, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fmt.Errorf("protobuf: %w", protowire.ParseError(size))
		}
		message = message[size:]
		end := protowire.ConsumeFieldValue(n, typ, message)
		if end < 0 {
			return fmt.Errorf("protobuf: field %d: %w", n, protowire.ParseError(end))
		}
		if n == num {
			if typ != protowire.BytesType {
				return errWire
			}
			value, _ := protowire.ConsumeBytes(message)
			if err := yield(value); err != nil {
				return err
			}
		}
		message = message[end:]
	}
	return nil
}

// groups walks request -> 1 resource group (1 resource) -> 2 scope group ->
// leaf field, and calls yield with each leaf and its resource's attributes.
func groups(data []byte, leaf protowire.Number, yield func(resource format.Labels, leaf []byte) error) error {
	return eachMessage(data, 1, func(group []byte) error {
		var resource format.Labels
		err := eachMessage(group, 1, func(b []byte) error {
			var pb resourcepb.Resource
			if err := proto.Unmarshal(b, &pb); err != nil {
				return fmt.Errorf("resource: %w", err)
			}
			resource = attributes(resource, pb.Attributes)
			return nil
		})
		if err != nil {
			return err
		}
		return eachMessage(group, 2, func(scope []byte) error {
			return eachMessage(scope, leaf, func(b []byte) error { return yield(resource, b) })
		})
	})
}

// attributes appends attributes as labels.
func attributes(ls format.Labels, pbs []*commonpb.KeyValue) format.Labels {
	for _, kv := range pbs {
		ls = append(ls, format.Label{Name: kv.Key, Value: text(kv.Value)})
	}
	return ls
}

// text writes an attribute's value; arrays and maps as protobuf text.
func text(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return hex.EncodeToString(v.BytesValue)
	}
	return ""
}

// The field numbers of a Metric's data.
const (
	fieldGauge                = 5
	fieldSum                  = 7
	fieldHistogram            = 9
	fieldExponentialHistogram = 10
	fieldSummary              = 11
)

// header reads the fields of a message that are no messages.
func header(message []byte, yield func(num protowire.Number, number uint64, value []byte)) error {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("protobuf: %w", protowire.ParseError(n))
		}
		message = message[n:]
		end := protowire.ConsumeFieldValue(num, typ, message)
		if end < 0 {
			return fmt.Errorf("protobuf: field %d: %w", num, protowire.ParseError(end))
		}
		switch typ {
		case protowire.VarintType:
			v, _ := protowire.ConsumeVarint(message)
			yield(num, v, nil)
		case protowire.BytesType:
			v, _ := protowire.ConsumeBytes(message)
			yield(num, 0, v)
		}
		message = message[end:]
	}
	return nil
}

// metric reads one Metric and its data points.
func metric(message []byte, sink *pointSink) error {
	var f family
	var kind protowire.Number
	var data []byte
	err := header(message, func(num protowire.Number, _ uint64, value []byte) {
		switch num {
		case 1:
			f.name = string(value)
		case 3:
			f.unit = string(value)
		case fieldGauge, fieldSum, fieldHistogram, fieldExponentialHistogram, fieldSummary:
			kind, data = num, value
		}
	})
	if err != nil {
		return err
	}
	if f.name == "" {
		sink.out.Reject(errors.New("metric without a name"))
		return nil
	}
	temporality, monotonic := 0, false
	err = header(data, func(num protowire.Number, number uint64, _ []byte) {
		switch num {
		case 2:
			temporality = int(number)
		case 3:
			monotonic = number != 0
		}
	})
	if err != nil {
		return fmt.Errorf("metric %q: %w", f.name, err)
	}
	switch kind {
	case fieldGauge:
		f.typ = format.TypeGauge
	case fieldSum:
		f.typ = sumType(temporality, monotonic)
	default:
		f.typ = distributionType(temporality)
	}
	err = eachMessage(data, 1, func(leaf []byte) error {
		raw, err := point(kind, leaf)
		if err != nil {
			return err
		}
		sink.add(f, raw)
		return nil
	})
	if err != nil {
		return fmt.Errorf("metric %q: %w", f.name, err)
	}
	return nil
}

// point decodes one data point of a metric's kind.
func point(kind protowire.Number, leaf []byte) (rawPoint, error) {
	const noRecordedValue = 1
	switch kind {
	case fieldGauge, fieldSum:
		var pb metricspb.NumberDataPoint
		if err := proto.Unmarshal(leaf, &pb); err != nil {
			return rawPoint{}, err
		}
		value := pb.GetAsDouble()
		if v, ok := pb.Value.(*metricspb.NumberDataPoint_AsInt); ok {
			value = float64(v.AsInt)
		}
		return rawPoint{start: pb.StartTimeUnixNano, time: pb.TimeUnixNano, value: value,
			attributes: attributes(nil, pb.Attributes), noValue: pb.Flags&noRecordedValue != 0}, nil
	case fieldHistogram:
		var pb metricspb.HistogramDataPoint
		err := proto.Unmarshal(leaf, &pb)
		return distribution(pb.StartTimeUnixNano, pb.TimeUnixNano, pb.Count, pb.GetSum(), pb.Attributes, pb.Flags), err
	case fieldExponentialHistogram:
		var pb metricspb.ExponentialHistogramDataPoint
		err := proto.Unmarshal(leaf, &pb)
		return distribution(pb.StartTimeUnixNano, pb.TimeUnixNano, pb.Count, pb.GetSum(), pb.Attributes, pb.Flags), err
	default:
		var pb metricspb.SummaryDataPoint
		err := proto.Unmarshal(leaf, &pb)
		return distribution(pb.StartTimeUnixNano, pb.TimeUnixNano, pb.Count, pb.Sum, pb.Attributes, pb.Flags), err
	}
}

// distribution makes a raw point of the fields that histograms and summaries share.
func distribution(start, time, count uint64, sum float64, pbs []*commonpb.KeyValue, flags uint32) rawPoint {
	return rawPoint{start: start, time: time, value: sum, attributes: attributes(nil, pbs),
		distribution: true, count: float64(count), noValue: flags&1 != 0}
}
