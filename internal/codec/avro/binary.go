package avro

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrShort is returned where bytes end before the value does.
var ErrShort = errors.New("avro: the bytes end before the value")

// maxValueDepth bounds recursion through self-referring schemas.
const maxValueDepth = 200

// AppendLong appends an int or a long (zigzag, variable length).
func AppendLong(b []byte, v int64) []byte { return binary.AppendUvarint(b, uint64(v<<1)^uint64(v>>63)) }

// ReadLong reads an int or a long and returns the bytes after it.
func ReadLong(b []byte) (int64, []byte, error) {
	u, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, ErrShort
	}
	return int64(u>>1) ^ -int64(u&1), b[n:], nil
}

// readSpan reads a length and returns so many bytes and what is after them.
func readSpan(b []byte) (span, rest []byte, err error) {
	n, b, err := ReadLong(b)
	if err != nil {
		return nil, nil, err
	}
	if n < 0 || n > int64(len(b)) {
		return nil, nil, ErrShort
	}
	return b[:n], b[n:], nil
}

func appendSpan(b, span []byte) []byte { return append(AppendLong(b, int64(len(span))), span...) }

// appendDefault appends a JSON default as s's bytes.
func appendDefault(b []byte, s *Schema, v any, depth int) ([]byte, error) {
	if depth > maxValueDepth {
		return nil, errors.New("nested too deep")
	}
	switch s.Kind {
	case Null:
		if v != nil {
			return nil, fmt.Errorf("want null, have %v", v)
		}
		return b, nil
	case Boolean:
		x, ok := v.(bool)
		if !ok {
			return nil, fmt.Errorf("want a boolean, have %v", v)
		}
		if x {
			return append(b, 1), nil
		}
		return append(b, 0), nil
	case Int, Long, Float, Double:
		return appendNumber(b, s.Kind, v)
	case Bytes, String, Fixed, Enum:
		return appendText(b, s, v)
	case Union: // a default is of the first branch
		if len(s.Branches) == 0 {
			return nil, errors.New("default of an empty union")
		}
		return appendDefault(AppendLong(b, 0), s.Branches[0], v, depth+1)
	}
	return appendComposite(b, s, v, depth)
}

func appendNumber(b []byte, k Kind, v any) ([]byte, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, fmt.Errorf("want a number, have %v", v)
	}
	if k == Int || k == Long {
		x, err := n.Int64()
		if err != nil || k == Int && int64(int32(x)) != x {
			return nil, fmt.Errorf("want a whole number in range, have %v", v)
		}
		return AppendLong(b, x), nil
	}
	x, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("number %v: %w", v, err)
	}
	if k == Float {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x))), nil
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x)), nil
}

func appendText(b []byte, s *Schema, v any) ([]byte, error) {
	x, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want a text, have %v", v)
	}
	switch s.Kind {
	case String:
		return appendSpan(b, []byte(x)), nil
	case Enum:
		i := slices.Index(s.Symbols, x)
		if i < 0 {
			return nil, fmt.Errorf("%s has no symbol %q", s.Name, x)
		}
		return AppendLong(b, int64(i)), nil
	}
	raw := make([]byte, 0, len(x)) // code points 0-255 stand for bytes
	for _, r := range x {
		if r > 255 {
			return nil, fmt.Errorf("%q holds a character above U+00FF", x)
		}
		raw = append(raw, byte(r))
	}
	if s.Kind == Bytes {
		return appendSpan(b, raw), nil
	}
	if len(raw) != s.Size {
		return nil, fmt.Errorf("%s wants %d bytes, has %d", s.Name, s.Size, len(raw))
	}
	return append(b, raw...), nil
}

func appendComposite(b []byte, s *Schema, v any, depth int) ([]byte, error) {
	var err error
	switch s.Kind {
	case Array:
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("want a list, have %v", v)
		}
		if len(list) > 0 {
			b = AppendLong(b, int64(len(list)))
		}
		for _, item := range list {
			if b, err = appendDefault(b, s.Items, item, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, 0), nil
	case Map:
		object, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want an object, have %v", v)
		}
		keys := make([]string, 0, len(object))
		for k := range object {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if len(keys) > 0 {
			b = AppendLong(b, int64(len(keys)))
		}
		for _, k := range keys {
			if b, err = appendDefault(appendSpan(b, []byte(k)), s.Items, object[k], depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, 0), nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an object for %s, have %v", s.Name, v)
	}
	for _, f := range s.Fields {
		inner, present := object[f.Name]
		if !present {
			inner = f.Default
		}
		if b, err = appendDefault(b, f.Type, inner, depth+1); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return b, nil
}
