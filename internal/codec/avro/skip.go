package avro

import (
	"errors"
	"fmt"
)

// scalar returns the bytes of a value that holds no other, and what follows.
func scalar(b []byte, s *Schema) (span, rest []byte, err error) {
	n := 0
	switch s.Kind {
	case Null:
	case Boolean:
		n = 1
		if len(b) > 0 && b[0] > 1 {
			return nil, nil, fmt.Errorf("avro: boolean %d", b[0])
		}
	case Float:
		n = 4
	case Double:
		n = 8
	case Fixed:
		n = s.Size
	case Int, Long, Enum:
		x, rest, err := ReadLong(b)
		if err != nil {
			return nil, nil, err
		}
		if s.Kind == Int && int64(int32(x)) != x {
			return nil, nil, fmt.Errorf("avro: int %d is out of range", x)
		}
		n = len(b) - len(rest)
	case Bytes, String:
		_, rest, err := readSpan(b)
		if err != nil {
			return nil, nil, err
		}
		n = len(b) - len(rest)
	default:
		return nil, nil, fmt.Errorf("avro: %s is no scalar", s.Kind)
	}
	if len(b) < n {
		return nil, nil, ErrShort
	}
	return b[:n], b[n:], nil
}

// skip returns the bytes after one value of s.
func skip(b []byte, s *Schema, depth int) ([]byte, error) {
	if depth > maxValueDepth {
		return nil, errors.New("avro: value nested too deep")
	}
	var err error
	switch s.Kind {
	case Record:
		for _, f := range s.Fields {
			if b, err = skip(b, f.Type, depth+1); err != nil {
				return nil, fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
		return b, nil
	case Union:
		branch, rest, err := readBranch(b, s)
		if err != nil {
			return nil, err
		}
		return skip(rest, branch, depth+1)
	case Array, Map:
		return skipBlocks(b, s, depth)
	}
	_, rest, err := scalar(b, s)
	return rest, err
}

func skipBlocks(b []byte, s *Schema, depth int) ([]byte, error) {
	for {
		n, rest, err := readBlock(b)
		if err != nil {
			return nil, err
		}
		b = rest
		if n == 0 {
			return b, nil
		}
		for range n {
			if s.Kind == Map {
				if _, b, err = readSpan(b); err != nil {
					return nil, err
				}
			}
			if b, err = skip(b, s.Items, depth+1); err != nil {
				return nil, err
			}
		}
	}
}
