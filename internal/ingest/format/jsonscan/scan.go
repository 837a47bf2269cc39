// Package jsonscan finds the extents of JSON values without decoding them, so
// that large documents can be read record by record in little memory, and a
// broken record does not take its neighbours with it.
//
// It checks balance and strings only; callers decode each extent with
// encoding/json, which does the rest. Neighbours: all JSON formats of
// internal/ingest/format.
package jsonscan

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrTruncated says that a value has no end.
var ErrTruncated = errors.New("json: value has no end")

// Space returns the index of the first byte at or after i that is no white space.
func Space(data []byte, i int) int {
	for i < len(data) {
		switch data[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// BOM returns data without a leading UTF-8 byte order mark.
func BOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// Value returns the end of the JSON value that starts at data[i].
func Value(data []byte, i int) (int, error) {
	if i >= len(data) {
		return i, ErrTruncated
	}
	switch data[i] {
	case '{', '[':
		return nested(data, i)
	case '"':
		return stringEnd(data, i)
	}
	start := i
	for i < len(data) && !delimits(data[i]) {
		i++
	}
	if i == start {
		return i, fmt.Errorf("json: unexpected %q at byte %d", data[i], i)
	}
	return i, nil
}

// delimits tells whether c ends a number or a word.
func delimits(c byte) bool {
	switch c {
	case ',', '}', ']', ':', ' ', '\t', '\n', '\r', '{', '[', '"':
		return true
	}
	return false
}

// nested returns the end of the object or array that opens at data[i].
func nested(data []byte, i int) (int, error) {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1, nil
			}
		case '"':
			end, err := stringEnd(data, i)
			if err != nil {
				return end, err
			}
			i = end
			continue
		}
		i++
	}
	return i, ErrTruncated
}

// stringEnd returns the index after the string that opens at data[i].
func stringEnd(data []byte, i int) (int, error) {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i + 1, nil
		case '\\':
			i++
		}
	}
	return len(data), ErrTruncated
}

// Array calls yield with the extent of each element of the array in data. A
// comma too many is passed over.
func Array(data []byte, yield func(element []byte) error) error {
	i := Space(data, 0)
	if i >= len(data) || data[i] != '[' {
		return fmt.Errorf("json: want an array, found %s", opening(data, i))
	}
	for i++; ; {
		i = Space(data, i)
		switch {
		case i >= len(data):
			return ErrTruncated
		case data[i] == ',':
			i++
			continue
		case data[i] == ']':
			return nil
		}
		end, err := Value(data, i)
		if err != nil {
			return err
		}
		if err := yield(data[i:end]); err != nil {
			return err
		}
		i = end
	}
}

// Object calls yield with each key (without quotes, escapes left as they are)
// and the extent of its value. A comma too many is passed over.
func Object(data []byte, yield func(key string, value []byte) error) error {
	i := Space(data, 0)
	if i >= len(data) || data[i] != '{' {
		return fmt.Errorf("json: want an object, found %s", opening(data, i))
	}
	for i++; ; {
		i = Space(data, i)
		switch {
		case i >= len(data):
			return ErrTruncated
		case data[i] == ',':
			i++
			continue
		case data[i] == '}':
			return nil
		case data[i] != '"':
			return fmt.Errorf("json: want a key in quotes, found %s", opening(data, i))
		}
		keyEnd, err := stringEnd(data, i)
		if err != nil {
			return err
		}
		key := string(data[i+1 : keyEnd-1])
		i = Space(data, keyEnd)
		if i >= len(data) || data[i] != ':' {
			return fmt.Errorf("json: want a colon after key %q", key)
		}
		i = Space(data, i+1)
		end, err := Value(data, i)
		if err != nil {
			return err
		}
		if err := yield(key, data[i:end]); err != nil {
			return err
		}
		i = end
	}
}

// Field returns the extent of one key's value in the object in data, nil where
// there is none.
func Field(data []byte, name string) ([]byte, error) {
	var found []byte
	err := Object(data, func(key string, value []byte) error {
		if key == name && found == nil {
			found = value
		}
		return nil
	})
	return found, err
}

// opening describes what stands at data[i], for messages.
func opening(data []byte, i int) string {
	if i >= len(data) {
		return "nothing"
	}
	return fmt.Sprintf("%.20q", data[i:min(i+20, len(data))])
}
