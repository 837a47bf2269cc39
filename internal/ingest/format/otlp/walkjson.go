package otlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

// number is a JSON number or a string that holds one, as protobuf's JSON
// mapping writes 64-bit integers; also the names of special floats.
type number string

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	*n = number(strings.Trim(string(b), `"`))
	return nil
}

func (n number) uint() (uint64, error) {
	if n == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(string(n), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: want a whole number from 0", string(n))
	}
	return v, nil
}

func (n number) float() (float64, error) {
	if n == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return 0, fmt.Errorf("%q: want a number", string(n))
	}
	return v, nil
}

// enum is an enumeration's value by number or by name.
func (n number) enum(names ...string) int {
	if v, err := strconv.Atoi(string(n)); err == nil {
		return v
	}
	for i, name := range names {
		if strings.HasSuffix(string(n), name) {
			return i
		}
	}
	return 0
}

type jsonAttribute struct {
	Key   string `json:"key"`
	Value struct {
		String *string         `json:"stringValue"`
		Bool   *bool           `json:"boolValue"`
		Int    number          `json:"intValue"`
		Double number          `json:"doubleValue"`
		Bytes  string          `json:"bytesValue"`
		Array  json.RawMessage `json:"arrayValue"`
		Map    json.RawMessage `json:"kvlistValue"`
	} `json:"value"`
}

// jsonLabels appends attributes as labels.
func jsonLabels(ls format.Labels, attributes []jsonAttribute) format.Labels {
	for i := range attributes {
		a := &attributes[i]
		value := ""
		switch v := &a.Value; {
		case v.String != nil:
			value = *v.String
		case v.Bool != nil:
			value = strconv.FormatBool(*v.Bool)
		case v.Int != "":
			value = string(v.Int)
		case v.Double != "":
			value = string(v.Double)
		case v.Bytes != "":
			value = v.Bytes
		}
		ls = append(ls, format.Label{Name: a.Key, Value: value})
	}
	return ls
}

type jsonSpan struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	ParentID   string          `json:"parentSpanId"`
	Name       string          `json:"name"`
	Kind       number          `json:"kind"`
	Start      number          `json:"startTimeUnixNano"`
	End        number          `json:"endTimeUnixNano"`
	Attributes []jsonAttribute `json:"attributes"`
	Status     struct {
		Code number `json:"code"`
	} `json:"status"`
}

// raw checks the fields and returns the span as both encodings know it.
func (j *jsonSpan) raw() (rawSpan, error) {
	traceID, err1 := identity(j.TraceID, 16)
	id, err2 := identity(j.SpanID, 8)
	parentID, err3 := identity(j.ParentID, 8)
	start, err4 := j.Start.uint()
	end, err5 := j.End.uint()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return rawSpan{}, fmt.Errorf("span %q: %w", j.Name, err)
	}
	return rawSpan{
		traceID: traceID, id: id, parentID: parentID, name: j.Name, start: start, end: end,
		kind:       j.Kind.enum("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"),
		failed:     j.Status.Code.enum("UNSET", "OK", "ERROR") == 2,
		attributes: jsonLabels(nil, j.Attributes),
	}, nil
}

func tracesJSON(data []byte, opt format.Options, out *format.Out) {
	groupsJSON(data, out, groupNames{"resourceSpans", "scopeSpans", "spans"}, func(resource format.Labels, leaf []byte) error {
		var j jsonSpan
		if err := json.Unmarshal(leaf, &j); err != nil {
			return fmt.Errorf("span: %w", err)
		}
		raw, err := j.raw()
		if err != nil {
			return err
		}
		s, err := span(raw, resource, opt)
		if err != nil {
			return err
		}
		out.Record(s)
		return nil
	})
}

// groupNames are the keys on the way to a request's leaves.
type groupNames struct{ resources, scopes, leaves string }

// groupsJSON walks the documents of data (one, or one a line) to their leaves.
// An error of yield refuses that leaf alone.
func groupsJSON(data []byte, out *format.Out, names groupNames, yield func(resource format.Labels, leaf []byte) error) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		if !json.Valid(record) {
			out.Reject(fmt.Errorf("line %d: not valid JSON", line))
			return
		}
		list, err := jsonscan.Field(record, names.resources)
		if err == nil && list == nil {
			err = fmt.Errorf("no %q: not this kind of request", names.resources)
		}
		if err == nil {
			err = jsonscan.Array(list, func(group []byte) error { return groupJSON(group, out, names, yield) })
		}
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	})
}

// groupJSON walks one resource group.
func groupJSON(group []byte, out *format.Out, names groupNames, yield func(format.Labels, []byte) error) error {
	var head struct {
		Resource struct {
			Attributes []jsonAttribute `json:"attributes"`
		} `json:"resource"`
	}
	resource, err := jsonscan.Field(group, "resource")
	if err != nil {
		return err
	}
	if resource != nil {
		if err := json.Unmarshal(resource, &head.Resource); err != nil {
			return fmt.Errorf("resource: %w", err)
		}
	}
	labels := jsonLabels(nil, head.Resource.Attributes)
	scopes, err := jsonscan.Field(group, names.scopes)
	if err == nil && scopes == nil { // the name before OTLP 1.0
		scopes, err = jsonscan.Field(group, strings.Replace(names.scopes, "scope", "instrumentationLibrary", 1))
	}
	if err != nil || scopes == nil {
		return err
	}
	return jsonscan.Array(scopes, func(scope []byte) error {
		leaves, err := jsonscan.Field(scope, names.leaves)
		if err != nil || leaves == nil {
			return err
		}
		return jsonscan.Array(leaves, func(leaf []byte) error {
			if err := yield(labels, leaf); err != nil {
				out.Reject(err)
			}
			return nil
		})
	})
}
